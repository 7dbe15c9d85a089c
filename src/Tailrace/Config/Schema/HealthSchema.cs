namespace Tailrace.Config.Schema;

/// <summary>The keys that say how destinations that do not work are found.</summary>
internal static class HealthSchema
{
    private static readonly NumberKind<int> s_percent = new(0, 100);
    private static readonly NumberKind<int> s_inARow = new(1, 1000);

    private static readonly OptionalKind<CheckOptions> s_check = new(new SectionKind<CheckOptions>("health check",
        new Field<CheckOptions, CheckType>("type",
            "What it does: http sends a GET and looks at the answer, tcp only connects; auto: tcp where a destination "
            + "is tcp:// or udp://, or only tcp, mixed or udp listeners lead, http where routes do.",
            new ChoiceKind<CheckType>(("auto", CheckType.Auto), ("http", CheckType.Http), ("tcp", CheckType.Tcp)),
            o => o.Type, (o, v) => o with { Type = v }),
        new Field<CheckOptions, string>("path",
            "The path that is asked for.",
            new TextKind("a path such as /healthz", TextRules.Path), o => o.Path, (o, v) => o with { Path = v }),
        new Field<CheckOptions, string>("host",
            "The Host that is sent; left out: the destination's own.",
            new TextKind("a host", TextRules.CheckHost), o => o.Host, (o, v) => o with { Host = v }),
        new Field<CheckOptions, IReadOnlyList<int>>("status",
            "The statuses that are good; left out: 200 to 399.",
            new ListKind<int>("statuses", new NumberKind<int>(100, 599), 200, orOne: true),
            o => o.Status, (o, v) => o with { Status = v }),
        new Field<CheckOptions, string>("body",
            "What the first 64 KiB of the answer's body have to contain; left out: anything will do.",
            new TextKind("text", TextRules.Any), o => o.Body, (o, v) => o with { Body = v }),
        new Field<CheckOptions, TimeSpan>("interval",
            "From one check of a destination to the next.",
            ProcessSchema.Duration, o => o.Interval, (o, v) => o with { Interval = v }),
        new Field<CheckOptions, int>("jitter",
            "How much the interval varies by chance, in percent of it, so that checks do not come all at once.",
            s_percent, o => o.Jitter, (o, v) => o with { Jitter = v }),
        new Field<CheckOptions, TimeSpan>("timeout",
            "How long a check may take.",
            ProcessSchema.Duration, o => o.Timeout, (o, v) => o with { Timeout = v }),
        new Field<CheckOptions, int>("rise",
            "Good checks in a row after which a destination is healthy again.",
            s_inARow, o => o.Rise, (o, v) => o with { Rise = v }),
        new Field<CheckOptions, int>("fall",
            "Bad checks in a row after which a destination is not healthy; the very first check counts at once.",
            s_inARow, o => o.Fall, (o, v) => o with { Fall = v })));

    private static readonly SectionKind<EjectOptions> s_eject = new("eject",
        new Field<EjectOptions, int>("failures",
            "Failures in a row: no connection, no answer in time, an answer that is none, 502, 503 or 504. 0: they do "
            + "not matter.",
            new NumberKind<int>(0, 1000), o => o.Failures, (o, v) => o with { Failures = v }),
        new Field<EjectOptions, int>("error_rate",
            "How many percent of a destination's requests more than the cluster's mean may fail; 0: as many as like.",
            s_percent, o => o.ErrorRate, (o, v) => o with { ErrorRate = v }),
        new Field<EjectOptions, int>("latency",
            "How slow a destination may be on average, in percent of the cluster's mean, such as 300; 0: as slow as it "
            + "likes.",
            new NumberKind<int>(0, 100_000), o => o.Latency, (o, v) => o with { Latency = v }),
        new Field<EjectOptions, TimeSpan>("interval",
            "The time over which rates and means are taken.",
            ProcessSchema.Duration, o => o.Interval, (o, v) => o with { Interval = v }),
        new Field<EjectOptions, int>("requests",
            "Requests of a destination in that time without which it is not judged.",
            new NumberKind<int>(1, 1_000_000), o => o.Requests, (o, v) => o with { Requests = v }),
        new Field<EjectOptions, TimeSpan>("time",
            "How long a destination is left out, twice as long each time that it fails again.",
            ProcessSchema.Duration, o => o.Time, (o, v) => o with { Time = v }),
        new Field<EjectOptions, TimeSpan>("time_max",
            "The longest that it is left out.",
            ProcessSchema.Duration, o => o.TimeMax, (o, v) => o with { TimeMax = v }),
        new Field<EjectOptions, int>("share_max",
            "The largest share of the cluster that is left out, in percent.",
            s_percent, o => o.ShareMax, (o, v) => o with { ShareMax = v }));

    /// <summary><c>health</c>.</summary>
    public static readonly SectionKind<HealthOptions> Health = new("health",
        new Field<HealthOptions, CheckOptions?>("check",
            "Active checks: requests of the process's own; left out: none.",
            s_check, o => o.Check, (o, v) => o with { Check = v }),
        new Field<HealthOptions, EjectOptions>("eject",
            "When a destination is left out because of what happened to the requests of clients. Each worker decides "
            + "by itself.",
            s_eject, o => o.Eject, (o, v) => o with { Eject = v }),
        new Field<HealthOptions, int>("panic",
            "The share of healthy destinations of a priority, in percent, below which health is disregarded; 0: when "
            + "none is healthy.",
            s_percent, o => o.Panic, (o, v) => o with { Panic = v }));
}
