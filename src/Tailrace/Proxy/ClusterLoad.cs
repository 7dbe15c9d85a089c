namespace Tailrace.Proxy;

/// <summary>What a cluster has in use on one worker. Plain counts, kept by <see cref="UpstreamPool"/>.</summary>
internal sealed class ClusterLoad
{
    /// <summary>Requests in flight: connections that are leased, or being opened for one.</summary>
    internal int Active { get; set; }

    /// <summary>Those of them whose answer has begun; kept where the limit is found, not given.</summary>
    internal int Answering { get; set; }

    /// <summary>Those whose answer has not begun.</summary>
    internal int Unanswered => Active - Answering;

    /// <summary>Connections that are open or being opened.</summary>
    internal int Connections { get; set; }
}
