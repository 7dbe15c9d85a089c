namespace Tailrace.Config.Schema;

/// <summary>The keys that say which requests are sent again.</summary>
internal static class RetrySchema
{
    /// <summary><c>retry</c>.</summary>
    public static readonly OptionalKind<RetryOptions> Retry = new(new SectionKind<RetryOptions>("retry",
        new Field<RetryOptions, IReadOnlyList<RetryCondition>>("on",
            "What has to happen: the connection ends, or what comes is no HTTP, before the head of an answer (reset), "
            + "no answer comes in time (timeout), the answer has one of the statuses (status). Left out: any of it.",
            new ListKind<RetryCondition>("conditions", new ChoiceKind<RetryCondition>(
                ("reset", RetryCondition.Reset), ("timeout", RetryCondition.Timeout),
                ("status", RetryCondition.Status)), RetryCondition.Reset, orOne: true),
            o => o.On, (o, v) => o with { On = v }),
        new Field<RetryOptions, IReadOnlyList<int>>("status",
            "The statuses that are worth another try; left out: 502, 503 and 504.",
            new ListKind<int>("statuses", new NumberKind<int>(400, 599), 503, orOne: true),
            o => o.Status, (o, v) => o with { Status = v }),
        new Field<RetryOptions, int>("tries",
            "How often a request is sent at most, the first time included. Each time to a destination that has not "
            + "had it, while there is one.",
            new NumberKind<int>(2, 10), o => o.Tries, (o, v) => o with { Tries = v }),
        new Field<RetryOptions, TimeSpan>("try_timeout",
            "How long a try that another may follow waits for the first byte of an answer; 0s: as long as "
            + "timeouts.first_byte.",
            BalancingSchema.DurationOrNone, o => o.TryTimeout, (o, v) => o with { TryTimeout = v }),
        new Field<RetryOptions, TimeSpan>("backoff",
            "The pause before the second try, twice as long before each one after it; by chance, between half and all "
            + "of that.",
            BalancingSchema.DurationOrNone, o => o.Backoff, (o, v) => o with { Backoff = v }),
        new Field<RetryOptions, TimeSpan>("backoff_max",
            "The longest pause.",
            ProcessSchema.Duration, o => o.BackoffMax, (o, v) => o with { BackoffMax = v }),
        new Field<RetryOptions, int>("body",
            "The longest body that is kept for another try, which has to have a length and to be there whole when the "
            + "request is sent; 0: none.",
            new SizeKind<int>(0, 64 << 10), o => o.Body, (o, v) => o with { Body = v }),
        new Field<RetryOptions, bool>("any_method",
            "Whether methods are sent again for which twice is not the same as once, such as POST.",
            ProcessSchema.Flag, o => o.AnyMethod, (o, v) => o with { AnyMethod = v })));

    /// <summary><c>hedge</c>.</summary>
    public static readonly OptionalKind<HedgeOptions> Hedge = new(new SectionKind<HedgeOptions>("hedge",
        new Field<HedgeOptions, int>("percentile",
            "How unusual: of a hundred answers of late so many began sooner. 100 less this is about the load that is "
            + "added, in percent.",
            new NumberKind<int>(50, 99), o => o.Percentile, (o, v) => o with { Percentile = v }),
        new Field<HedgeOptions, TimeSpan>("delay_min",
            "The least time that a request has to have taken.",
            ProcessSchema.Duration, o => o.DelayMin, (o, v) => o with { DelayMin = v }),
        new Field<HedgeOptions, int>("requests",
            "Answers that a worker has to have measured first.",
            new NumberKind<int>(0, 1000), o => o.Requests, (o, v) => o with { Requests = v })));

    /// <summary><c>adaptive</c>.</summary>
    public static readonly OptionalKind<AdaptiveOptions> Adaptive = new(new SectionKind<AdaptiveOptions>("adaptive",
        new Field<AdaptiveOptions, int>("min",
            "The least limit.",
            new NumberKind<int>(1, 1_000_000), o => o.Min, (o, v) => o with { Min = v }),
        new Field<AdaptiveOptions, int>("max",
            "The largest; limits.requests counts as well.",
            new NumberKind<int>(1, 1_000_000), o => o.Max, (o, v) => o with { Max = v }),
        new Field<AdaptiveOptions, int>("initial",
            "The limit to begin with.",
            new NumberKind<int>(1, 1_000_000), o => o.Initial, (o, v) => o with { Initial = v }),
        new Field<AdaptiveOptions, int>("tolerance",
            "How many percent longer than without pressure answers may take before the limit shrinks.",
            new NumberKind<int>(0, 1000), o => o.Tolerance, (o, v) => o with { Tolerance = v }),
        new Field<AdaptiveOptions, TimeSpan>("window",
            "How long answers are measured at least before the limit moves.",
            ProcessSchema.Duration, o => o.Window, (o, v) => o with { Window = v }),
        new Field<AdaptiveOptions, int>("samples",
            "How many answers are measured at least before the limit moves.",
            new NumberKind<int>(1, 100_000), o => o.Samples, (o, v) => o with { Samples = v }),
        new Field<AdaptiveOptions, TimeSpan>("probe",
            "How often the limit is halved for a window, to measure the time without pressure anew.",
            ProcessSchema.Duration, o => o.Probe, (o, v) => o with { Probe = v })));

    /// <summary><c>breaker</c>.</summary>
    public static readonly OptionalKind<BreakerOptions> Breaker = new(new SectionKind<BreakerOptions>("breaker",
        new Field<BreakerOptions, int>("failures",
            "Failures in a row, of whatever destination; 0: they do not matter.",
            new NumberKind<int>(0, 100_000), o => o.Failures, (o, v) => o with { Failures = v }),
        new Field<BreakerOptions, int>("error_rate",
            "How many percent of the requests fail; 0: as many as like.",
            new NumberKind<int>(0, 100), o => o.ErrorRate, (o, v) => o with { ErrorRate = v }),
        new Field<BreakerOptions, int>("requests",
            "Requests of an interval without which their share is not looked at.",
            new NumberKind<int>(1, 1_000_000), o => o.Requests, (o, v) => o with { Requests = v }),
        new Field<BreakerOptions, TimeSpan>("interval",
            "The time over which that share is taken.",
            ProcessSchema.Duration, o => o.Interval, (o, v) => o with { Interval = v }),
        new Field<BreakerOptions, TimeSpan>("time",
            "How long requests are refused, twice as long each time that a trial fails.",
            ProcessSchema.Duration, o => o.Time, (o, v) => o with { Time = v }),
        new Field<BreakerOptions, TimeSpan>("time_max",
            "The longest that they are refused.",
            ProcessSchema.Duration, o => o.TimeMax, (o, v) => o with { TimeMax = v }),
        new Field<BreakerOptions, int>("trials",
            "Requests that are let through at a time after that; as many answers in a row, and all are.",
            new NumberKind<int>(1, 1000), o => o.Trials, (o, v) => o with { Trials = v })));

    /// <summary><c>retry_budget</c>.</summary>
    public static readonly SectionKind<RetryBudgetOptions> Budget = new("retry budget",
        new Field<RetryBudgetOptions, int>("percent",
            "In percent of the requests of the last ten seconds.",
            new NumberKind<int>(0, 100), o => o.Percent, (o, v) => o with { Percent = v }),
        new Field<RetryBudgetOptions, int>("per_second",
            "And so many in each second, so that a quiet cluster has some too.",
            new NumberKind<int>(0, 10_000), o => o.PerSecond, (o, v) => o with { PerSecond = v }));
}
