using Tailrace.Http;
using Tailrace.Io.ProxyProtocol;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Proxy;

/// <summary>How a cluster's upstreams are treated. Times are in milliseconds; 0 means no limit. Immutable.</summary>
public sealed record ClusterSettings
{
    /// <summary>The cluster's name.</summary>
    public required string Name { get; init; }

    /// <summary>How long a connect may take.</summary>
    public int ConnectTimeoutMs { get; init; } = 5_000;

    /// <summary>From the end of the request to the head of the answer.</summary>
    public int FirstByteTimeoutMs { get; init; } = 60_000;

    /// <summary>The longest pause in an answer's body, and in sending a request's.</summary>
    public int IdleTimeoutMs { get; init; } = 60_000;

    /// <summary>How long an unused connection is kept.</summary>
    public int PoolIdleTimeoutMs { get; init; } = 60_000;

    /// <summary>Unused connections that are kept for each destination on each worker.</summary>
    public int PoolIdleMax { get; init; } = 20;

    /// <summary>Connections to each destination from each worker; 0 means no limit.</summary>
    public int ConnectionsMax { get; init; }

    /// <summary>Requests in flight to each destination from each worker; 0 means no limit.</summary>
    public int RequestsPerDestinationMax { get; init; }

    /// <summary>Connections to all destinations from each worker; 0 means no limit.</summary>
    public int ClusterConnectionsMax { get; init; }

    /// <summary>Requests in flight to all destinations from each worker; 0 means no limit.</summary>
    public int ClusterRequestsMax { get; init; }

    /// <summary>Requests that wait on each worker while all destinations are full; 0 means that none does.</summary>
    public int QueueLengthMax { get; init; }

    /// <summary>How long a request waits.</summary>
    public int QueueTimeoutMs { get; init; } = 1_000;

    /// <summary>Times that a request is sent again after a reused connection died under it.</summary>
    public int Retries { get; init; } = 1;

    /// <summary>Which requests are sent to another destination; null for none.</summary>
    internal RetrySettings? Retry { get; init; }

    /// <summary>When a request is sent to another destination as well; null for never.</summary>
    internal HedgeSettings? Hedge { get; init; }

    /// <summary>How the most requests in flight are found; null where they are not.</summary>
    internal AdaptiveSettings? Adaptive { get; init; }

    /// <summary>When the cluster is left alone; null for never.</summary>
    internal BreakerSettings? Breaker { get; init; }

    /// <summary>What may be sent in addition to the requests of clients.</summary>
    internal RetryBudgetSettings RetryBudget { get; init; } = new();

    /// <summary>Whether connections begin with a PROXY header that tells of the client.</summary>
    public ProxyVersion ProxyVersion { get; init; }

    /// <summary>How requests are spread over the destinations.</summary>
    internal BalancingSettings Balancing { get; init; } = new();

    /// <summary>When a destination is left out; null: never.</summary>
    internal EjectionSettings? Ejection { get; init; }

    /// <summary>Limits of the upstreams' answers.</summary>
    public HttpLimits Limits { get; init; } = HttpLimits.Default;
}
