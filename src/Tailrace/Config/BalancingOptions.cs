namespace Tailrace.Config;

/// <summary>How a destination is chosen for a request. Every worker chooses by what it knows itself.</summary>
public enum BalancePolicy
{
    /// <summary>In turn, in proportion to the weights, interleaved evenly.</summary>
    RoundRobin,

    /// <summary>Any, with a chance in proportion to the weights.</summary>
    Random,

    /// <summary>The one with the fewest requests in flight, relative to the weights.</summary>
    LeastRequests,

    /// <summary>The less busy one of two random ones.</summary>
    TwoChoices,

    /// <summary>The one that a key of the request belongs to: see <see cref="HashOptions"/>.</summary>
    Hash,
}

/// <summary>What a request is hashed by.</summary>
public enum HashKey
{
    /// <summary>The client's address, without its port.</summary>
    Source,

    /// <summary>The path, without the query.</summary>
    Path,

    /// <summary>A header.</summary>
    Header,

    /// <summary>A cookie.</summary>
    Cookie,
}

/// <summary>What <see cref="BalancePolicy.Hash"/> goes by.</summary>
public sealed record HashOptions
{
    /// <summary>What of the request is hashed. Default: <c>source</c>.</summary>
    public HashKey Key { get; init; } = HashKey.Source;

    /// <summary>
    /// The header's or cookie's name; a request without it goes by its client's address. Default: <c>""</c>.
    /// </summary>
    public string Name { get; init; } = "";

    /// <summary>
    /// The most that a destination may have in flight, in percent of its even share, before its keys go to others; 0:
    /// no bound. Default: <c>0</c>.
    /// </summary>
    public int LoadBound { get; init; }
}

/// <summary>A cookie that keeps a client with its destination.</summary>
public sealed record StickyOptions
{
    /// <summary>The cookie's name. Default: <c>tailrace</c>.</summary>
    public string Cookie { get; init; } = "tailrace";

    /// <summary>How long clients keep it; 0s: until they are closed. Default: <c>0s</c>.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.Zero;

    /// <summary>Whether clients send it over TLS only. Default: <c>false</c>.</summary>
    public bool Secure { get; init; }
}

/// <summary>Where requests wait when all destinations of a cluster are full.</summary>
public sealed record QueueOptions
{
    /// <summary>Requests that may wait on each worker; 0: none, they get 503 at once. Default: <c>0</c>.</summary>
    public int Length { get; init; }

    /// <summary>How long a request waits before it gets 503. Default: <c>1s</c>.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);
}
