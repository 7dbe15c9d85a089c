namespace Tailrace.Proxy;

/// <summary>What a cluster has in use on one worker. Plain counts, kept by <see cref="UpstreamPool"/>.</summary>
internal sealed class ClusterLoad
{
    /// <summary>Requests in flight: connections that are leased, or being opened for one.</summary>
    internal int Active { get; set; }

    /// <summary>Connections that are open or being opened.</summary>
    internal int Connections { get; set; }
}
