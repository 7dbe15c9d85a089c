using Tailrace.Http;
using Tailrace.Io.ProxyProtocol;

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

    /// <summary>Times that a request is sent again after a reused connection died under it.</summary>
    public int Retries { get; init; } = 1;

    /// <summary>Whether connections begin with a PROXY header that tells of the client.</summary>
    public ProxyVersion ProxyVersion { get; init; }

    /// <summary>Limits of the upstreams' answers.</summary>
    public HttpLimits Limits { get; init; } = HttpLimits.Default;
}
