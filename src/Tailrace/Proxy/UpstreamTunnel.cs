using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>The tunnel between a client and an upstream that an upgrade or a CONNECT ends in.</summary>
/// <remarks>
/// Owns the upstream's connection, which no pool sees again; of the HTTP that led to it nothing is kept. Used on its
/// reactor only.
/// </remarks>
internal sealed class UpstreamTunnel : Successor, ITunnelOwner
{
    private readonly Tunnel _tunnel = new();
    private readonly SocketConnection _upstream;
    private readonly UpstreamPool? _pool;
    private readonly Destination? _destination;
    private readonly bool _isAnswering;
    private readonly int _idleTimeoutMs;

    /// <summary>Takes over a connection.</summary>
    /// <param name="upstream">The connection; its input may have bytes that came behind the head.</param>
    /// <param name="pool">Where it counts as open, if it does somewhere.</param>
    /// <param name="destination">Whose it is there.</param>
    /// <param name="isAnswering">Whether it counts there as an answer that has begun.</param>
    /// <param name="idleTimeoutMs">How long nothing may come from either side; 0: for ever.</param>
    internal UpstreamTunnel(
        SocketConnection upstream, UpstreamPool? pool, Destination? destination, bool isAnswering, int idleTimeoutMs)
    {
        _upstream = upstream;
        _pool = pool;
        _destination = destination;
        _isAnswering = isAnswering;
        _idleTimeoutMs = idleTimeoutMs;
    }

    /// <inheritdoc/>
    protected override void Begin(Connection downstream) =>
        _tunnel.Begin(downstream, _upstream, new TunnelLimits(_idleTimeoutMs, 0), this);

    /// <inheritdoc/>
    internal override void Abort()
    {
        base.Abort();
        // It may have closed the client's side already, and wait for the other one.
        _tunnel.Stop();
    }

    /// <inheritdoc/>
    internal override void Close(bool mustReset = false)
    {
        _upstream.Close(mustReset);
        if (_destination is { } destination) _pool?.EndTunnel(destination, _isAnswering);
    }

    void ITunnelOwner.OnEnded(Connection downstream, Connection upstream, in TunnelResult result)
    {
        Close(result.MustReset);
        End(result.MustReset, result.BytesUp, result.BytesDown);
    }
}
