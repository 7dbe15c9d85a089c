using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>Whoever has begun a <see cref="Tunnel"/>: the two connections are its own.</summary>
internal interface ITunnelOwner
{
    /// <summary>
    /// Nothing can move any more. Called once for each use, on the reactor's thread; the connections are to be closed,
    /// and the tunnel may be used again. A side that was reset is closed already.
    /// </summary>
    /// <param name="downstream">The client's side, as it was given.</param>
    /// <param name="upstream">The origin's side, as it was given.</param>
    /// <param name="result">What has come of it.</param>
    void OnEnded(Connection downstream, Connection upstream, in TunnelResult result);
}
