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

    /// <summary><c>retry_budget</c>.</summary>
    public static readonly SectionKind<RetryBudgetOptions> Budget = new("retry budget",
        new Field<RetryBudgetOptions, int>("percent",
            "In percent of the requests of the last ten seconds.",
            new NumberKind<int>(0, 100), o => o.Percent, (o, v) => o with { Percent = v }),
        new Field<RetryBudgetOptions, int>("per_second",
            "And so many in each second, so that a quiet cluster has some too.",
            new NumberKind<int>(0, 10_000), o => o.PerSecond, (o, v) => o with { PerSecond = v }));
}
