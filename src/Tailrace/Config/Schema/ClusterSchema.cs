namespace Tailrace.Config.Schema;

/// <summary>The keys of a cluster.</summary>
internal static class ClusterSchema
{
    private const string AddressExpected = "an address such as http://10.0.0.1:9001";

    private static readonly SectionKind<DestinationOptions> s_destination = new("destination",
        new Field<DestinationOptions, string>("address",
            "http://10.0.0.1:9001, http://[::1]:9001 or http://origin.example; without a port: 80. tcp://10.0.0.1:5432 "
            + "for any protocol, srv://_http._tcp.example for what the SRV records of a service say, or unix:/path. "
            + "Names are looked up at start and again every resolve.interval.",
            new TextKind(AddressExpected, TextRules.Destination),
            o => o.Address, (o, v) => o with { Address = v }, required: true),
        new Field<DestinationOptions, int>("weight",
            "Its share of the requests, relative to the other destinations of the cluster.",
            new NumberKind<int>(1, 1000), o => o.Weight, (o, v) => o with { Weight = v }),
        new Field<DestinationOptions, int>("priority",
            "Its rank: the destinations of the lowest that has healthy ones get the requests, the others are their "
            + "backup.",
            new NumberKind<int>(0, 15), o => o.Priority, (o, v) => o with { Priority = v }));

    private static readonly ListKind<DestinationOptions> s_destinations = new("destinations",
        new ShorthandKind<DestinationOptions>(AddressExpected, text => text, s_destination), new DestinationOptions());

    /// <summary>How long to wait for an origin.</summary>
    internal static readonly SectionKind<ClusterTimeouts> Timeouts = new("cluster timeouts",
        new Field<ClusterTimeouts, TimeSpan>("connect",
            "Until a connection is established, else 504.",
            ProcessSchema.Duration, o => o.Connect, (o, v) => o with { Connect = v }),
        new Field<ClusterTimeouts, TimeSpan>("first_byte",
            "From the end of the request to the final head of the answer, else 504.",
            ProcessSchema.Duration, o => o.FirstByte, (o, v) => o with { FirstByte = v }),
        new Field<ClusterTimeouts, TimeSpan>("idle",
            "Between two pieces of a message in either direction.",
            ProcessSchema.Duration, o => o.Idle, (o, v) => o with { Idle = v }));

    private static readonly SectionKind<ClusterLimits> s_limits = new("cluster limits",
        new Field<ClusterLimits, int>("connections_per_destination",
            "Connections to one destination from one worker, else another destination, the queue or 503; 0: as many "
            + "as there are requests.",
            new NumberKind<int>(0, 1_000_000),
            o => o.ConnectionsPerDestination, (o, v) => o with { ConnectionsPerDestination = v }),
        new Field<ClusterLimits, int>("requests_per_destination",
            "Requests in flight at once to one destination from one worker, else another destination, the queue or "
            + "503; 0: no limit.",
            new NumberKind<int>(0, 1_000_000),
            o => o.RequestsPerDestination, (o, v) => o with { RequestsPerDestination = v }),
        new Field<ClusterLimits, int>("connections",
            "Connections to the cluster from one worker; 0: no limit.",
            new NumberKind<int>(0, 1_000_000), o => o.Connections, (o, v) => o with { Connections = v }),
        new Field<ClusterLimits, int>("requests",
            "Requests in flight at once to the cluster from one worker, else the queue or 503; 0: no limit.",
            new NumberKind<int>(0, 1_000_000), o => o.Requests, (o, v) => o with { Requests = v }),
        new Field<ClusterLimits, int>("head",
            "Bytes of a response head, else 502. At most buffers.block.",
            new SizeKind<int>(256, 1 << 20), o => o.Head, (o, v) => o with { Head = v }),
        new Field<ClusterLimits, int>("headers",
            "Fields of a response head, else 502.",
            new NumberKind<int>(1, 4096), o => o.Headers, (o, v) => o with { Headers = v }));

    private static readonly SectionKind<PoolOptions> s_pool = new("pool",
        new Field<PoolOptions, int>("idle_per_destination",
            "Idle connections that one worker keeps for one destination; 0: none.",
            new NumberKind<int>(0, 100_000), o => o.IdlePerDestination, (o, v) => o with { IdlePerDestination = v }),
        new Field<PoolOptions, TimeSpan>("idle_timeout",
            "How long an idle connection is kept. Best shorter than the origin keeps it.",
            ProcessSchema.Duration, o => o.IdleTimeout, (o, v) => o with { IdleTimeout = v }));

    private static readonly SectionKind<ClusterOptions> s_cluster = new("cluster",
        new Field<ClusterOptions, IReadOnlyList<DestinationOptions>>("destinations",
            "Where requests go: addresses, or an address with a weight and a priority each.",
            s_destinations, o => o.Destinations, (o, v) => o with { Destinations = v }, required: true),
        new Field<ClusterOptions, BalancePolicy>("balance",
            "How a destination is chosen for a request, by weight each: in turn (round_robin), by chance (random), "
            + "the one with the fewest requests in flight (least_requests), the less busy of two random ones "
            + "(two_choices), or the one that a key of the request belongs to (hash).",
            BalancingSchema.Policy, o => o.Balance, (o, v) => o with { Balance = v }),
        new Field<ClusterOptions, HashOptions>("hash",
            "What the policy hash goes by.",
            BalancingSchema.Hash, o => o.Hash, (o, v) => o with { Hash = v }),
        new Field<ClusterOptions, StickyOptions?>("sticky",
            "A cookie that keeps a client with its destination for as long as that is healthy; left out: none.",
            BalancingSchema.Sticky, o => o.Sticky, (o, v) => o with { Sticky = v }),
        new Field<ClusterOptions, TimeSpan>("slow_start",
            "How long a destination that has become healthy takes to get its whole share, from a tenth on; 0s: it gets "
            + "it at once. A hash does not go by it.",
            BalancingSchema.DurationOrNone, o => o.SlowStart, (o, v) => o with { SlowStart = v }),
        new Field<ClusterOptions, QueueOptions>("queue",
            "Where requests wait when all destinations are full.",
            BalancingSchema.Queue, o => o.Queue, (o, v) => o with { Queue = v }),
        new Field<ClusterOptions, int>("retries",
            "How often a request that can be replayed is sent again after a reused connection died before the first "
            + "byte of an answer.",
            new NumberKind<int>(0, 10), o => o.Retries, (o, v) => o with { Retries = v }),
        new Field<ClusterOptions, RetryOptions?>("retry",
            "When a request is sent to another destination because the first did not answer it well; left out: never.",
            RetrySchema.Retry, o => o.Retry, (o, v) => o with { Retry = v }),
        new Field<ClusterOptions, HedgeOptions?>("hedge",
            "When a request that takes unusually long is sent to another destination as well; left out: never.",
            RetrySchema.Hedge, o => o.Hedge, (o, v) => o with { Hedge = v }),
        new Field<ClusterOptions, AdaptiveOptions?>("adaptive",
            "How the most requests in flight are found, from how long answers take to begin; left out: they are not, "
            + "and limits.requests alone counts.",
            RetrySchema.Adaptive, o => o.Adaptive, (o, v) => o with { Adaptive = v }),
        new Field<ClusterOptions, BreakerOptions?>("breaker",
            "When the cluster as a whole is left alone, and requests get 503 at once; left out: never.",
            RetrySchema.Breaker, o => o.Breaker, (o, v) => o with { Breaker = v }),
        new Field<ClusterOptions, RetryBudgetOptions>("retry_budget",
            "What retries and hedges together may add to the requests. Each worker counts by itself.",
            RetrySchema.Budget, o => o.RetryBudget, (o, v) => o with { RetryBudget = v }),
        new Field<ClusterOptions, ProxyProtocolVersion>("proxy_protocol",
            "The PROXY header that connections begin with, to tell of the client: v1, v2, or off. With one, no "
            + "connection is kept for another request.",
            new ChoiceKind<ProxyProtocolVersion>(
                ("off", ProxyProtocolVersion.Off), ("v1", ProxyProtocolVersion.V1), ("v2", ProxyProtocolVersion.V2)),
            o => o.ProxyProtocol, (o, v) => o with { ProxyProtocol = v }),
        new Field<ClusterOptions, HealthOptions>("health",
            "How destinations that do not work are found and left out.",
            HealthSchema.Health, o => o.Health, (o, v) => o with { Health = v }),
        new Field<ClusterOptions, ClusterTimeouts>("timeouts",
            "How long to wait for a destination.",
            Timeouts, o => o.Timeouts, (o, v) => o with { Timeouts = v }),
        new Field<ClusterOptions, ClusterLimits>("limits",
            "How much to ask of, and to take from, a destination.",
            s_limits, o => o.Limits, (o, v) => o with { Limits = v }),
        new Field<ClusterOptions, PoolOptions>("pool",
            "The idle connections kept for the next request.",
            s_pool, o => o.Pool, (o, v) => o with { Pool = v }));

    /// <summary>Clusters by name.</summary>
    public static readonly MapKind<ClusterOptions> Clusters = new("clusters", s_cluster);
}
