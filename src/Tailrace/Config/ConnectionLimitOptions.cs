namespace Tailrace.Config;

/// <summary>How fast a listener's connections may come, and how many of one source there may be.</summary>
/// <remarks>
/// Counted over all workers. A connection beyond a limit is closed by a reset before a byte is read from it. With
/// <see cref="ListenerOptions.ProxyProtocol"/> the source is the address that the header says.
/// </remarks>
public sealed record ConnectionLimitOptions
{
    /// <summary>Connections a second; 0: no limit. Default: <c>0</c>.</summary>
    public int Rate { get; init; }

    /// <summary>
    /// Connections that may come at once after a quiet time; 0: those of a second. Default: <c>0</c>.
    /// </summary>
    public int Burst { get; init; }

    /// <summary>The limits of each source.</summary>
    public SourceLimitOptions PerSource { get; init; } = new();
}

/// <summary>How many connections one source may have, and how fast they may come.</summary>
public sealed record SourceLimitOptions
{
    /// <summary>Connections open at once; 0: no limit. Default: <c>0</c>.</summary>
    public int Connections { get; init; }

    /// <summary>Connections a second; 0: no limit. Default: <c>0</c>.</summary>
    public int Rate { get; init; }

    /// <summary>
    /// Connections that may come at once after a quiet time; 0: those of a second. Default: <c>0</c>.
    /// </summary>
    public int Burst { get; init; }

    /// <summary>How many leading bits of an IPv4 address make one source. Default: <c>32</c>.</summary>
    public int Ipv4Prefix { get; init; } = 32;

    /// <summary>
    /// How many leading bits of an IPv6 address make one source: 64 is what one customer has at least.
    /// Default: <c>64</c>.
    /// </summary>
    public int Ipv6Prefix { get; init; } = 64;

    /// <summary>
    /// Sources that are remembered at once, at 24 bytes each, rounded up to a power of two. The one that has been idle
    /// for longest makes room; when all have open connections, a new source is let in uncounted.
    /// Default: <c>65536</c>.
    /// </summary>
    public int Sources { get; init; } = 65536;
}
