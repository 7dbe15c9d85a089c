namespace Tailrace.Config.Schema;

/// <summary>The keys that say how clusters share requests, and which gets copies.</summary>
internal static class SplitSchema
{
    private static readonly TextKind s_cluster = new("the name of a cluster", TextRules.Any);

    private static readonly SectionKind<SplitTargetOptions> s_target = new("split target",
        new Field<SplitTargetOptions, string>("cluster",
            "The cluster.",
            s_cluster, o => o.Cluster, (o, v) => o with { Cluster = v }, required: true),
        new Field<SplitTargetOptions, int>("weight",
            "Its share of the requests, relative to the others; 0: none.",
            new NumberKind<int>(0, 1_000_000), o => o.Weight, (o, v) => o with { Weight = v }));

    /// <summary>Several clusters for one route.</summary>
    public static readonly SectionKind<SplitOptions> Split = new("split",
        new Field<SplitOptions, IReadOnlyList<SplitTargetOptions>>("to",
            "The clusters, each with its weight.",
            new ListKind<SplitTargetOptions>("clusters with weights", s_target, new SplitTargetOptions()),
            o => o.To, (o, v) => o with { To = v }, required: true),
        new Field<SplitOptions, SplitKey>("by",
            "What keeps a client with its cluster: nothing (request), its address (source), a header or a cookie.",
            new ChoiceKind<SplitKey>(
                ("request", SplitKey.Request), ("source", SplitKey.Source), ("header", SplitKey.Header),
                ("cookie", SplitKey.Cookie)),
            o => o.By, (o, v) => o with { By = v }),
        new Field<SplitOptions, string>("name",
            "The header's or cookie's name. A request without it goes by its client's address.",
            new TextKind("a name such as X-User", TextRules.Token), o => o.Name, (o, v) => o with { Name = v }));

    /// <summary>Copies of requests.</summary>
    public static readonly SectionKind<MirrorOptions> Mirror = new("mirror",
        new Field<MirrorOptions, string>("cluster",
            "The cluster that gets the copies.",
            s_cluster, o => o.Cluster, (o, v) => o with { Cluster = v }, required: true),
        new Field<MirrorOptions, int>("percent",
            "How many of a hundred requests are copied.",
            new NumberKind<int>(1, 100), o => o.Percent, (o, v) => o with { Percent = v }),
        new Field<MirrorOptions, int>("body",
            "The longest body that is copied, and only where all of it has come together with its head; others are not "
            + "copied.",
            new SizeKind<int>(0, 1 << 20), o => o.Body, (o, v) => o with { Body = v }),
        new Field<MirrorOptions, int>("in_flight",
            "Copies under way at once, for each worker; what is beyond is not copied.",
            new NumberKind<int>(1, 100_000), o => o.InFlight, (o, v) => o with { InFlight = v }));
}
