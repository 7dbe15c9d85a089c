namespace Tailrace.Config;

/// <summary>What has to happen to a request for it to be sent again.</summary>
public enum RetryCondition
{
    /// <summary>The connection ended, or what came was no HTTP, before the head of an answer.</summary>
    Reset,

    /// <summary>No answer came in time.</summary>
    Timeout,

    /// <summary>The answer has one of <see cref="RetryOptions.Status"/>.</summary>
    Status,
}

/// <summary>When a request is sent to another destination because the first did not answer it well.</summary>
public sealed record RetryOptions
{
    /// <summary>What has to happen; empty: any of it. Default: <c>[]</c>.</summary>
    public IReadOnlyList<RetryCondition> On { get; init; } = [];

    /// <summary>The statuses that are worth another try; empty: 502, 503 and 504. Default: <c>[]</c>.</summary>
    public IReadOnlyList<int> Status { get; init; } = [];

    /// <summary>How often a request is sent at most, the first time included. Default: <c>2</c>.</summary>
    public int Tries { get; init; } = 2;

    /// <summary>
    /// How long a try that another may follow waits for the first byte of an answer; 0s: as long as
    /// <see cref="ClusterTimeouts.FirstByte"/>. Default: <c>0s</c>.
    /// </summary>
    public TimeSpan TryTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// The pause before the second try, twice as long before each one after it; by chance, between half and all of
    /// that. Default: <c>0s</c>.
    /// </summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.Zero;

    /// <summary>The longest pause. Default: <c>1s</c>.</summary>
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The longest body that is kept for another try, which has to have a length and to be there whole when the request
    /// is sent; 0: none. Default: <c>8KiB</c>.
    /// </summary>
    public int Body { get; init; } = 8 << 10;

    /// <summary>
    /// Whether methods are sent again for which twice is not the same as once, such as POST. Default: <c>false</c>.
    /// </summary>
    public bool AnyMethod { get; init; }
}

/// <summary>What may be sent in addition to the requests of clients, by each worker for itself.</summary>
public sealed record RetryBudgetOptions
{
    /// <summary>In percent of the requests of the last ten seconds. Default: <c>20</c>.</summary>
    public int Percent { get; init; } = 20;

    /// <summary>And so many in each second, so that a quiet cluster has some too. Default: <c>3</c>.</summary>
    public int PerSecond { get; init; } = 3;
}
