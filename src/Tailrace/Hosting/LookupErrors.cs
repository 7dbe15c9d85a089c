using System.Net.Sockets;

namespace Tailrace.Hosting;

/// <summary>Says in words why a name was not resolved.</summary>
public static class LookupErrors
{
    /// <summary>The reason, completing "it cannot be looked up: ...".</summary>
    /// <param name="failure">What the look-up threw.</param>
    public static string Explain(SocketException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return failure.SocketErrorCode switch
        {
            SocketError.HostNotFound => "there is no such name",
            SocketError.NoData => "the name has no address",
            SocketError.TryAgain => "the name cannot be resolved now",
            SocketError.NoRecovery => "the name server refuses to answer",
            var other => $"{other}",
        };
    }
}
