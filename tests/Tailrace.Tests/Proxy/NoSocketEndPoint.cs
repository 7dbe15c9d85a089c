using System.Net;
using System.Net.Sockets;

namespace Tailrace.Tests.Proxy;

/// <summary>An address that no socket can be had for: asking for its family throws, as making one would.</summary>
internal sealed class NoSocketEndPoint(Exception failure) : EndPoint
{
    private readonly TaskCompletionSource _second = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _tries;

    /// <summary>Comes when a second socket is asked for.</summary>
    internal Task Second => _second.Task;

    public override AddressFamily AddressFamily
    {
        get
        {
            if (Interlocked.Increment(ref _tries) == 2) _second.SetResult();
            throw failure;
        }
    }
}
