namespace Tailrace.Proxy;

/// <summary>Whoever has begun a <see cref="Tunnel"/>: the two connections are its own.</summary>
internal interface ITunnelOwner
{
    /// <summary>
    /// Nothing can move any more. Called once for each use, on the reactor's thread; the connections are to be closed,
    /// and the tunnel may be used again.
    /// </summary>
    void OnEnded(in TunnelResult result);
}
