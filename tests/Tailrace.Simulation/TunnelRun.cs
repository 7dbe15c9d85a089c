using Tailrace.Io;
using Tailrace.Proxy;

namespace Tailrace.Simulation;

/// <summary>A tunnel whose end is awaited.</summary>
internal sealed class TunnelRun : LoopPromise<TunnelResult>, ITunnelOwner
{
    private TunnelRun()
    {
    }

    /// <summary>Begins a tunnel; the task completes with its end.</summary>
    internal static LoopTask<TunnelResult> Begin(
        Tunnel tunnel, Connection downstream, Connection upstream, TunnelLimits limits)
    {
        var run = new TunnelRun();
        tunnel.Begin(downstream, upstream, limits, run);
        return new LoopTask<TunnelResult>(run);
    }

    void ITunnelOwner.OnEnded(Connection downstream, Connection upstream, in TunnelResult result)
    {
        Result = result;
        Complete();
    }

    internal override void Resume()
    {
    }

    protected override void Recycle()
    {
    }
}
