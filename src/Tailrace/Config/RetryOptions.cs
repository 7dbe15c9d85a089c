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

/// <summary>When a request that takes unusually long is sent to another destination as well.</summary>
public sealed record HedgeOptions
{
    /// <summary>Of a hundred answers of late so many began sooner. Default: <c>97</c>.</summary>
    public int Percentile { get; init; } = 97;

    /// <summary>The least time that a request has to have taken. Default: <c>10ms</c>.</summary>
    public TimeSpan DelayMin { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Answers that a worker has to have measured first. Default: <c>100</c>.</summary>
    public int Requests { get; init; } = 100;
}

/// <summary>How the most requests in flight to a cluster are found, by each worker for itself.</summary>
public sealed record AdaptiveOptions
{
    /// <summary>The least limit. Default: <c>4</c>.</summary>
    public int Min { get; init; } = 4;

    /// <summary>The largest. Default: <c>1000</c>.</summary>
    public int Max { get; init; } = 1000;

    /// <summary>The limit to begin with. Default: <c>20</c>.</summary>
    public int Initial { get; init; } = 20;

    /// <summary>
    /// How many percent longer than without pressure answers may take before the limit shrinks. Default: <c>25</c>.
    /// </summary>
    public int Tolerance { get; init; } = 25;

    /// <summary>How long answers are measured at least before the limit moves. Default: <c>100ms</c>.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How many answers are measured at least before the limit moves. Default: <c>50</c>.</summary>
    public int Samples { get; init; } = 50;

    /// <summary>
    /// How often the limit is halved for a window, to measure the time without pressure anew. Default: <c>30s</c>.
    /// </summary>
    public TimeSpan Probe { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>When a cluster as a whole is left alone, by each worker for itself.</summary>
public sealed record BreakerOptions
{
    /// <summary>Failures in a row, of whatever destination; 0: they do not matter. Default: <c>0</c>.</summary>
    public int Failures { get; init; }

    /// <summary>How many percent of the requests fail; 0: as many as like. Default: <c>50</c>.</summary>
    public int ErrorRate { get; init; } = 50;

    /// <summary>
    /// Requests of an interval without which their share is not looked at. Default: <c>20</c>.
    /// </summary>
    public int Requests { get; init; } = 20;

    /// <summary>The time over which that share is taken. Default: <c>10s</c>.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long requests are refused, twice as long each time that a trial fails. Default: <c>5s</c>.
    /// </summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest that they are refused. Default: <c>1m</c>.</summary>
    public TimeSpan TimeMax { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Requests that are let through at a time after that; as many answers in a row, and all are. Default: <c>3</c>.
    /// </summary>
    public int Trials { get; init; } = 3;
}

/// <summary>What may be sent in addition to the requests of clients, by each worker for itself.</summary>
public sealed record RetryBudgetOptions
{
    /// <summary>In percent of the requests of the last ten seconds. Default: <c>20</c>.</summary>
    public int Percent { get; init; } = 20;

    /// <summary>And so many in each second, so that a quiet cluster has some too. Default: <c>3</c>.</summary>
    public int PerSecond { get; init; } = 3;
}
