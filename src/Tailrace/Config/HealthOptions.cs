namespace Tailrace.Config;

/// <summary>How destinations that do not work are found and left out.</summary>
public sealed record HealthOptions
{
    /// <summary>Active checks: requests of the proxy's own; null: none.</summary>
    public CheckOptions? Check { get; init; }

    /// <summary>Passive checks: what happens to the requests of clients.</summary>
    public EjectOptions Eject { get; init; } = new();

    /// <summary>
    /// The share of healthy destinations, in percent, below which health is disregarded; 0: when none is healthy.
    /// Default: <c>0</c>.
    /// </summary>
    public int Panic { get; init; }
}

/// <summary>What an active check does.</summary>
public enum CheckType
{
    /// <summary>
    /// A connection where a destination is <c>tcp://</c> or <c>udp://</c>, or no route leads but a tcp or udp listener
    /// does; else a GET.
    /// </summary>
    Auto,

    /// <summary>A GET whose answer is looked at.</summary>
    Http,

    /// <summary>A connection that has to be accepted.</summary>
    Tcp,
}

/// <summary>An active check, made by the process as a whole.</summary>
public sealed record CheckOptions
{
    /// <summary>What it does. Default: <c>auto</c>.</summary>
    public CheckType Type { get; init; } = CheckType.Auto;

    /// <summary>The path that is asked for. Default: <c>/</c>.</summary>
    public string Path { get; init; } = "/";

    /// <summary>The <c>Host</c> that is sent; empty: the destination's own. Default: <c>""</c>.</summary>
    public string Host { get; init; } = "";

    /// <summary>The statuses that are good; empty: 200 to 399. Default: <c>[]</c>.</summary>
    public IReadOnlyList<int> Status { get; init; } = [];

    /// <summary>
    /// What the first 64 KiB of the answer's body have to contain; empty: anything will do. Default: <c>""</c>.
    /// </summary>
    public string Body { get; init; } = "";

    /// <summary>From one check of a destination to the next. Default: <c>5s</c>.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How much the interval varies by chance, in percent of it. Default: <c>10</c>.</summary>
    public int Jitter { get; init; } = 10;

    /// <summary>How long a check may take. Default: <c>2s</c>.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Good checks in a row after which a destination is healthy again. Default: <c>2</c>.</summary>
    public int Rise { get; init; } = 2;

    /// <summary>
    /// Bad checks in a row after which a destination is not healthy; the very first check counts at once.
    /// Default: <c>3</c>.
    /// </summary>
    public int Fall { get; init; } = 3;

    /// <summary>What it does to the destinations of a cluster: <see cref="Type"/>, or what that comes to.</summary>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="options">The options, of which it is one.</param>
    public CheckType TypeFor(string cluster, TailraceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Type != CheckType.Auto) return Type;
        bool anyOther = options.Clusters[cluster].Destinations.Any(destination =>
            DestinationAddress.TryParse(destination.Address, out DestinationAddress address, out _)
            && address.Scheme is "tcp" or "udp");
        // A destination needs no scheme: who leads there says what it speaks, and routes lead to what speaks HTTP.
        bool isOnlyForwarded = TcpValidator.IsForTcp(cluster, options) && !RouteTargets.IsRouted(cluster, options);
        return anyOther || isOnlyForwarded ? CheckType.Tcp : CheckType.Http;
    }
}

/// <summary>When a destination is left out because of what happened to requests, by each worker for itself.</summary>
public sealed record EjectOptions
{
    /// <summary>Failures in a row; 0: they do not matter. Default: <c>5</c>.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>
    /// How many percent of a destination's requests more than the cluster's mean may fail; 0: as many as like.
    /// Default: <c>0</c>.
    /// </summary>
    public int ErrorRate { get; init; }

    /// <summary>
    /// How slow a destination may be on average, in percent of the cluster's mean, such as 300; 0: as slow as it likes.
    /// Default: <c>0</c>.
    /// </summary>
    public int Latency { get; init; }

    /// <summary>The time over which rates and means are taken. Default: <c>10s</c>.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Requests of a destination in that time without which it is not judged. Default: <c>20</c>.</summary>
    public int Requests { get; init; } = 20;

    /// <summary>
    /// How long a destination is left out, twice as long each time that it fails again. Default: <c>10s</c>.
    /// </summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest that it is left out. Default: <c>5m</c>.</summary>
    public TimeSpan TimeMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The largest share of the cluster that is left out, in percent. Default: <c>50</c>.</summary>
    public int ShareMax { get; init; } = 50;
}
