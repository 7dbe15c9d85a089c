namespace Tailrace.Proxy;

/// <summary>Which requests are sent again, and how often. Times are in milliseconds. Immutable.</summary>
internal sealed record RetrySettings
{
    /// <summary>Whether after a connection that ended before an answer, or an answer that was none.</summary>
    internal bool OnReset { get; init; } = true;

    /// <summary>Whether when no answer came in time.</summary>
    internal bool OnTimeout { get; init; } = true;

    /// <summary>After which statuses; empty for none.</summary>
    internal int[] Statuses { get; init; } = [502, 503, 504];

    /// <summary>How often a request is sent at most.</summary>
    internal int Tries { get; init; } = 2;

    /// <summary>How long a try that another may follow waits for its answer; 0: as long as the last one.</summary>
    internal int TryTimeoutMs { get; init; }

    /// <summary>The pause before the second try; 0: none.</summary>
    internal int BackoffMs { get; init; }

    /// <summary>The longest pause.</summary>
    internal int BackoffMaxMs { get; init; } = 1_000;

    /// <summary>The longest body that is kept.</summary>
    internal int BodyBytesMax { get; init; } = 8 << 10;

    /// <summary>Whether methods that are not idempotent are sent again.</summary>
    internal bool AnyMethod { get; init; }
}

/// <summary>What may be sent in addition to the requests of clients. Immutable.</summary>
/// <param name="Percent">Of the requests.</param>
/// <param name="PerSecond">And in each second.</param>
internal sealed record RetryBudgetSettings(int Percent = 20, int PerSecond = 3);
