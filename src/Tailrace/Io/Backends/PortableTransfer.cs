using System.Net.Sockets;

namespace Tailrace.Io.Backends;

/// <summary>One direction of one socket, as the framework's asynchronous sockets want it described.</summary>
/// <remarks>
/// The framework completes it on a thread of its own, where it does no more than put itself into the loop's queue.
/// It refers to managed memory only: the framework may still use that after the handle was closed.
/// </remarks>
internal sealed class PortableTransfer : SocketAsyncEventArgs
{
    private readonly PortableLoop _loop;

    /// <summary>Creates the transfer of one direction of <paramref name="handle"/>.</summary>
    internal PortableTransfer(PortableLoop loop, PortableHandle handle)
        : base(true)
    {
        // true: no execution context flows; the loop's methods use none.
        _loop = loop;
        Handle = handle;
    }

    /// <summary>Whose direction it is.</summary>
    internal PortableHandle Handle { get; }

    /// <summary>Whether the framework has it; it must not be changed then.</summary>
    internal bool IsInFlight { get; set; }

    /// <summary>Called by the framework, on any thread.</summary>
    protected override void OnCompleted(SocketAsyncEventArgs e) => _loop.Arrive(this);
}
