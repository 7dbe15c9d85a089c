namespace Tailrace.Config.Schema;

/// <summary>The keys of a listener's limits of connections.</summary>
internal static class ConnectionLimitSchema
{
    private static readonly NumberKind<int> s_count = new(0, 1_000_000);

    private static readonly SectionKind<SourceLimitOptions> s_perSource = new("source limits",
        new Field<SourceLimitOptions, int>("connections",
            "Connections open at once; 0: no limit.",
            s_count, o => o.Connections, (o, v) => o with { Connections = v }),
        new Field<SourceLimitOptions, int>("rate",
            "Connections a second; 0: no limit.",
            s_count, o => o.Rate, (o, v) => o with { Rate = v }),
        new Field<SourceLimitOptions, int>("burst",
            "Connections that may come at once after a quiet time; 0: those of a second.",
            s_count, o => o.Burst, (o, v) => o with { Burst = v }),
        new Field<SourceLimitOptions, int>("ipv4_prefix",
            "How many leading bits of an IPv4 address make one source.",
            new NumberKind<int>(1, 32), o => o.Ipv4Prefix, (o, v) => o with { Ipv4Prefix = v }),
        new Field<SourceLimitOptions, int>("ipv6_prefix",
            "How many leading bits of an IPv6 address make one source; 64 is what one customer has at least.",
            new NumberKind<int>(1, 128), o => o.Ipv6Prefix, (o, v) => o with { Ipv6Prefix = v }),
        new Field<SourceLimitOptions, int>("sources",
            "Sources that are remembered at once, at 24 bytes each, rounded up to a power of two. The one that has "
            + "been idle for longest makes room; when all have open connections, a new source is let in uncounted.",
            new NumberKind<int>(8, 1 << 24), o => o.Sources, (o, v) => o with { Sources = v }));

    /// <summary><c>connection_limits</c>.</summary>
    public static readonly SectionKind<ConnectionLimitOptions> Limits = new("connection limits",
        new Field<ConnectionLimitOptions, int>("rate",
            "Connections a second, over all workers; 0: no limit.",
            s_count, o => o.Rate, (o, v) => o with { Rate = v }),
        new Field<ConnectionLimitOptions, int>("burst",
            "Connections that may come at once after a quiet time; 0: those of a second.",
            s_count, o => o.Burst, (o, v) => o with { Burst = v }),
        new Field<ConnectionLimitOptions, SourceLimitOptions>("per_source",
            "The limits of each source.",
            s_perSource, o => o.PerSource, (o, v) => o with { PerSource = v }));
}
