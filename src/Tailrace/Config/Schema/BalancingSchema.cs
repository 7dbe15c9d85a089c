namespace Tailrace.Config.Schema;

/// <summary>The keys that say how a cluster's requests are spread.</summary>
internal static class BalancingSchema
{
    private const string NameExpected = "a name of letters, digits, '-', '_' and '.'";

    /// <summary>A duration that may be none.</summary>
    public static readonly DurationKind DurationOrNone = new(TimeSpan.Zero, TimeSpan.FromHours(24));

    /// <summary><c>balance</c>.</summary>
    public static readonly ChoiceKind<BalancePolicy> Policy = new(
        ("round_robin", BalancePolicy.RoundRobin), ("random", BalancePolicy.Random),
        ("least_requests", BalancePolicy.LeastRequests), ("two_choices", BalancePolicy.TwoChoices),
        ("hash", BalancePolicy.Hash));

    /// <summary><c>hash</c>.</summary>
    public static readonly SectionKind<HashOptions> Hash = new("hash",
        new Field<HashOptions, HashKey>("key",
            "What of the request is hashed: the client's address (source), the path, a header or a cookie.",
            new ChoiceKind<HashKey>(
                ("source", HashKey.Source), ("path", HashKey.Path), ("header", HashKey.Header),
                ("cookie", HashKey.Cookie)),
            o => o.Key, (o, v) => o with { Key = v }),
        new Field<HashOptions, string>("name",
            "The header's or cookie's name. A request without it goes by its client's address.",
            new TextKind(NameExpected, TextRules.Token), o => o.Name, (o, v) => o with { Name = v }),
        new Field<HashOptions, int>("load_bound",
            "The most that a destination may have in flight, in percent of its even share, before its keys go to "
            + "others: 125 is usual; 0: no bound.",
            new NumberKind<int>(0, 10_000), o => o.LoadBound, (o, v) => o with { LoadBound = v }));

    /// <summary><c>sticky</c>.</summary>
    public static readonly OptionalKind<StickyOptions> Sticky = new(new SectionKind<StickyOptions>("sticky",
        new Field<StickyOptions, string>("cookie",
            "The cookie's name.",
            new TextKind(NameExpected, TextRules.Token), o => o.Cookie, (o, v) => o with { Cookie = v }),
        new Field<StickyOptions, TimeSpan>("max_age",
            "How long clients keep it; 0s: until they are closed.",
            new DurationKind(TimeSpan.Zero, TimeSpan.FromHours(24 * 365)),
            o => o.MaxAge, (o, v) => o with { MaxAge = v }),
        new Field<StickyOptions, bool>("secure",
            "Whether clients send it over TLS only: right where what is before Tailrace ends TLS.",
            ProcessSchema.Flag, o => o.Secure, (o, v) => o with { Secure = v })));

    /// <summary><c>queue</c>.</summary>
    public static readonly SectionKind<QueueOptions> Queue = new("queue",
        new Field<QueueOptions, int>("length",
            "Requests that may wait on each worker while all destinations have what their limits allow; 0: none, they "
            + "get 503 at once.",
            new NumberKind<int>(0, 1_000_000), o => o.Length, (o, v) => o with { Length = v }),
        new Field<QueueOptions, TimeSpan>("timeout",
            "How long a request waits before it gets 503.",
            ProcessSchema.Duration, o => o.Timeout, (o, v) => o with { Timeout = v }));
}
