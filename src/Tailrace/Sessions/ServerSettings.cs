using Tailrace.Http;

namespace Tailrace.Sessions;

/// <summary>How a listener treats its clients. Times are in milliseconds; 0 means no limit.</summary>
public sealed record ServerSettings
{
    /// <summary>Limits of request heads and bodies.</summary>
    public HttpLimits Limits { get; init; } = HttpLimits.Default;

    /// <summary>From the first byte of a head, or from accept for the first one, to its last.</summary>
    public int HeadTimeoutMs { get; init; } = 10_000;

    /// <summary>The longest pause in a request body.</summary>
    public int BodyTimeoutMs { get; init; } = 30_000;

    /// <summary>How long a connection may wait for its next request.</summary>
    public int KeepAliveTimeoutMs { get; init; } = 75_000;

    /// <summary>How long one send may take.</summary>
    public int WriteTimeoutMs { get; init; } = 30_000;

    /// <summary>How long a tunnel may carry nothing in either direction.</summary>
    public int TunnelIdleTimeoutMs { get; init; } = 3_600_000;

    /// <summary>Requests that a connection may make; 0 means no limit.</summary>
    public long RequestsPerConnection { get; init; }
}
