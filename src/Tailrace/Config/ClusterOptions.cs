namespace Tailrace.Config;

/// <summary>A named group of interchangeable destinations, and how they are treated.</summary>
public sealed record ClusterOptions
{
    /// <summary>The destinations, at least one. Required.</summary>
    public IReadOnlyList<DestinationOptions> Destinations { get; init; } = [];

    /// <summary>How a destination is chosen for a request. Default: <c>round_robin</c>.</summary>
    public BalancePolicy Balance { get; init; } = BalancePolicy.RoundRobin;

    /// <summary>What the policy <c>hash</c> goes by.</summary>
    public HashOptions Hash { get; init; } = new();

    /// <summary>A cookie that keeps a client with its destination; null: none.</summary>
    public StickyOptions? Sticky { get; init; }

    /// <summary>
    /// How long a destination that has become healthy takes to get its whole share; 0s: it gets it at once.
    /// Default: <c>0s</c>.
    /// </summary>
    public TimeSpan SlowStart { get; init; } = TimeSpan.Zero;

    /// <summary>Where requests wait when all destinations are full.</summary>
    public QueueOptions Queue { get; init; } = new();

    /// <summary>
    /// How often a request that can be replayed is sent again after a reused connection died before the first byte of
    /// an answer. Default: <c>1</c>.
    /// </summary>
    public int Retries { get; init; } = 1;

    /// <summary>When a request is sent to another destination; null: never.</summary>
    public RetryOptions? Retry { get; init; }

    /// <summary>When a request is sent to another destination as well; null: never.</summary>
    public HedgeOptions? Hedge { get; init; }

    /// <summary>How the most requests in flight are found; null: they are not, see the limits.</summary>
    public AdaptiveOptions? Adaptive { get; init; }

    /// <summary>When the cluster as a whole is left alone; null: never.</summary>
    public BreakerOptions? Breaker { get; init; }

    /// <summary>What retries and hedges together may add to the requests.</summary>
    public RetryBudgetOptions RetryBudget { get; init; } = new();

    /// <summary>
    /// Whether connections begin with a PROXY header that tells of the client. Requests of several clients then share
    /// no connection: none is kept for the next request. Default: <c>off</c>.
    /// </summary>
    public ProxyProtocolVersion ProxyProtocol { get; init; } = ProxyProtocolVersion.Off;

    /// <summary>How destinations that do not work are found and left out.</summary>
    public HealthOptions Health { get; init; } = new();

    /// <summary>How long to wait for a destination.</summary>
    public ClusterTimeouts Timeouts { get; init; } = new();

    /// <summary>How much to ask of, and to take from, a destination.</summary>
    public ClusterLimits Limits { get; init; } = new();

    /// <summary>The idle connections kept for the next request.</summary>
    public PoolOptions Pool { get; init; } = new();
}

/// <summary>One address that requests are forwarded to.</summary>
public sealed record DestinationOptions
{
    /// <summary>
    /// <c>http://10.0.0.1:9001</c>, <c>http://[::1]:9001</c> or <c>http://origin.example</c>; without a port, 80;
    /// <c>tcp://10.0.0.1:5432</c>, <c>udp://10.0.0.1:53</c>, <c>srv://_http._tcp.example</c> or <c>unix:/path</c>; see
    /// <see cref="DestinationAddress"/>. Required.
    /// </summary>
    public string Address { get; init; } = "";

    /// <summary>
    /// Its share of the requests, relative to the other destinations of the cluster. Default: <c>1</c>.
    /// </summary>
    public int Weight { get; init; } = 1;

    /// <summary>
    /// Its rank: the destinations of the lowest that has healthy ones get the requests, the others are their backup.
    /// Default: <c>0</c>.
    /// </summary>
    public int Priority { get; init; }

    /// <summary>A destination of weight 1, so that a list of addresses can be written as one.</summary>
    /// <param name="address">The address, as for <see cref="Address"/>.</param>
    public static implicit operator DestinationOptions(string address) => new() { Address = address };
}

/// <summary>How long to wait for a destination.</summary>
public sealed record ClusterTimeouts
{
    /// <summary>Until a connection is established, else 504. Default: <c>5s</c>.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the end of the request to the final head of the answer, else 504. Default: <c>1m</c>.</summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two pieces of a message in either direction. Default: <c>1m</c>.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>How much to ask of, and to take from, a destination.</summary>
public sealed record ClusterLimits
{
    /// <summary>
    /// Connections to one destination from one worker, else another destination, the queue or 503; 0: as many as there
    /// are requests, which <see cref="ListenerOptions.MaxConnections"/> bounds. Default: <c>0</c>.
    /// </summary>
    public int ConnectionsPerDestination { get; init; }

    /// <summary>
    /// Requests in flight at once to one destination from one worker, else another destination, the queue or 503; 0: no
    /// limit. Default: <c>0</c>.
    /// </summary>
    public int RequestsPerDestination { get; init; }

    /// <summary>Connections to the cluster from one worker; 0: no limit. Default: <c>0</c>.</summary>
    public int Connections { get; init; }

    /// <summary>
    /// Requests in flight at once to the cluster from one worker, else the queue or 503; 0: no limit.
    /// Default: <c>0</c>.
    /// </summary>
    public int Requests { get; init; }

    /// <summary>
    /// Bytes of a response head, else 502; at most <see cref="BufferOptions.Block"/>. Default: <c>12KiB</c>.
    /// </summary>
    public int Head { get; init; } = 12 * 1024;

    /// <summary>Fields of a response head, else 502. Default: <c>100</c>.</summary>
    public int Headers { get; init; } = 100;
}

/// <summary>The idle connections to destinations, kept for the next request.</summary>
public sealed record PoolOptions
{
    /// <summary>Idle connections that one worker keeps for one destination; 0: none. Default: <c>20</c>.</summary>
    public int IdlePerDestination { get; init; } = 20;

    /// <summary>How long an idle connection is kept; shorter than the origin keeps it. Default: <c>1m</c>.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
