namespace Tailrace.Config;

/// <summary>Several clusters that share the requests of a route, as for a canary.</summary>
public sealed record SplitOptions
{
    /// <summary>The clusters, each with its weight. Required.</summary>
    public IReadOnlyList<SplitTargetOptions> To { get; init; } = [];

    /// <summary>What keeps a client with its cluster. Default: <c>request</c>.</summary>
    public SplitKey By { get; init; }

    /// <summary>
    /// The header or the cookie of <see cref="By"/>; a request without it goes by its client's address.
    /// Default: <c>""</c>.
    /// </summary>
    public string Name { get; init; } = "";
}

/// <summary>A cluster among others.</summary>
public sealed record SplitTargetOptions
{
    /// <summary>The cluster. Required.</summary>
    public string Cluster { get; init; } = "";

    /// <summary>Its share of the requests, relative to the others; 0: none. Default: <c>1</c>.</summary>
    public int Weight { get; init; } = 1;
}

/// <summary>What keeps a client with its cluster.</summary>
public enum SplitKey
{
    /// <summary>Nothing: each request is for itself.</summary>
    Request,

    /// <summary>The client's address.</summary>
    Source,

    /// <summary>A header.</summary>
    Header,

    /// <summary>A cookie.</summary>
    Cookie,
}

/// <summary>A cluster that gets copies of requests; its answers are dropped.</summary>
public sealed record MirrorOptions
{
    /// <summary>The cluster. Required.</summary>
    public string Cluster { get; init; } = "";

    /// <summary>How many of a hundred requests are copied. Default: <c>100</c>.</summary>
    public int Percent { get; init; } = 100;

    /// <summary>
    /// The longest body that is copied, and only where all of it has come together with its head. Default: <c>8KiB</c>.
    /// </summary>
    public int Body { get; init; } = 8 * 1024;

    /// <summary>Copies under way at once, for each worker; what is beyond is not copied. Default: <c>64</c>.</summary>
    public int InFlight { get; init; } = 64;
}
