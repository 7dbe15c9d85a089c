using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks for settings that would have no effect where they stand.</summary>
/// <remarks>A value that is the default says nothing: whether it was written is not known here.</remarks>
internal static class UnusedValidator
{
    private static readonly ListenerOptions s_plain = new();
    private static readonly SourceLimitOptions s_source = new();
    private static readonly ProxyProtocolOptions s_header = new();
    private static readonly ClusterOptions s_cluster = new();

    /// <summary>Reports them.</summary>
    public static void Check(TailraceOptions options, ProblemList problems)
    {
        for (int i = 0; i < options.Listeners.Count; i++)
        {
            ListenerOptions listener = options.Listeners[i];
            string path = ConfigPath.Of("listeners", i);
            CheckHeader(listener.ProxyProtocol, ConfigPath.Of(path, "proxy_protocol"), problems);
            CheckLimits(listener.ConnectionLimits, ConfigPath.Of(path, "connection_limits"), problems);
            CheckSources(listener, path, problems);
            if (listener.Protocol is ListenerProtocol.Tcp or ListenerProtocol.Udp)
                CheckHttp(listener, path, problems);
            CheckForwarding(listener, path, problems);
        }
        foreach ((string name, ClusterOptions cluster) in options.Clusters)
        {
            if (!TcpValidator.IsForTcp(name, options) || RouteTargets.IsRouted(name, options)) continue;
            string path = ConfigPath.Of("clusters", name);
            CheckCluster(cluster, path, problems);
        }
    }

    /// <summary>What means something to clusters that requests are forwarded to.</summary>
    private static void CheckCluster(ClusterOptions cluster, string path, ProblemList problems)
    {
        const string Reason = ", and only tcp or udp listeners lead here";
        ClusterLimits limits = cluster.Limits;
        ClusterTimeouts timeouts = cluster.Timeouts;
        (string Key, bool IsGiven, string What)[] settings =
        [
            ("queue.length", cluster.Queue.Length > 0, "requests wait there"),
            ("sticky", cluster.Sticky is not null, "it is a cookie of HTTP"),
            ("hash.key", cluster.Balance == BalancePolicy.Hash && cluster.Hash.Key != HashKey.Source,
                "connections are hashed by their 'source'"),
            ("retries", cluster.Retries != s_cluster.Retries, "it is for requests"),
            ("retry_budget", cluster.RetryBudget != s_cluster.RetryBudget, "it is for requests"),
            ("pool", cluster.Pool != s_cluster.Pool, "it keeps connections for other requests"),
            ("limits.head", limits.Head != s_cluster.Limits.Head, "it is for answers of HTTP"),
            ("limits.headers", limits.Headers != s_cluster.Limits.Headers, "it is for answers of HTTP"),
            ("timeouts.first_byte", timeouts.FirstByte != s_cluster.Timeouts.FirstByte, "it is for answers of HTTP"),
            ("timeouts.idle", timeouts.Idle != s_cluster.Timeouts.Idle,
                "it is for HTTP, listeners have a 'timeouts.idle' of their own"),
        ];
        foreach ((string key, bool isGiven, string what) in settings)
        {
            if (isGiven) problems.Add(ConfigPath.Of(path, key), what + Reason);
        }
    }

    private static void CheckHeader(ProxyProtocolOptions header, string path, ProblemList problems)
    {
        if (header.Accept != ProxyProtocolMode.Off) return;
        Check("trusted", header.Trusted.Count > 0);
        Check("timeout", header.Timeout != s_header.Timeout);

        void Check(string key, bool isGiven)
        {
            if (!isGiven) return;
            problems.Add(ConfigPath.Of(path, key),
                "no PROXY header is taken from anybody; give 'accept: required' or 'accept: optional' too",
                ConfigPath.Of(path, "accept"));
        }
    }

    /// <summary>Limits of a source that those of the whole listener leave no room for.</summary>
    private static void CheckSources(ListenerOptions listener, string path, ProblemList problems)
    {
        ConnectionLimitOptions limits = listener.ConnectionLimits;
        SourceLimitOptions source = limits.PerSource;
        string sources = ConfigPath.Of(path, "connection_limits.per_source");
        if (source.Connections >= listener.MaxConnections)
        {
            problems.Add(ConfigPath.Of(sources, "connections"),
                $"no source comes to more: 'max_connections' of the listener is {listener.MaxConnections}",
                ConfigPath.Of(path, "max_connections"));
        }
        if (limits.Rate > 0 && source.Rate >= limits.Rate
            && BurstOf(source.Rate, source.Burst) >= BurstOf(limits.Rate, limits.Burst))
        {
            problems.Add(ConfigPath.Of(sources, "rate"),
                $"no source comes to more: 'rate' of the listener is {limits.Rate}",
                ConfigPath.Of(path, "connection_limits.rate"));
        }

        static int BurstOf(int rate, int burst) => burst > 0 ? burst : rate;
    }

    private static void CheckLimits(ConnectionLimitOptions limits, string path, ProblemList problems)
    {
        CheckBurst(limits.Rate, limits.Burst, path);
        SourceLimitOptions source = limits.PerSource;
        string sources = ConfigPath.Of(path, "per_source");
        CheckBurst(source.Rate, source.Burst, sources);
        bool isLimited = source.Rate > 0 || source.Connections > 0;
        // A burst without a rate was told already.
        if (isLimited || source with { Burst = 0 } == s_source) return;
        problems.Add(sources, "nothing is limited; give it 'connections' or 'rate'");

        void CheckBurst(int rate, int burst, string at)
        {
            if (burst == 0 || rate > 0) return;
            problems.Add(ConfigPath.Of(at, "burst"), "it is what a 'rate' allows at once, and there is no 'rate'",
                ConfigPath.Of(at, "rate"));
        }
    }

    /// <summary>What means something to listeners that speak HTTP only.</summary>
    private static void CheckHttp(ListenerOptions listener, string path, ProblemList problems)
    {
        string protocol = listener.Protocol == ListenerProtocol.Udp ? "udp" : "tcp";
        ListenerLimits limits = listener.Limits;
        ListenerTimeouts timeouts = listener.Timeouts;
        (string Key, bool IsGiven)[] settings =
        [
            ("requests_per_connection", listener.RequestsPerConnection != s_plain.RequestsPerConnection),
            ("expect", listener.Expect != s_plain.Expect),
            ("trace", listener.Trace != s_plain.Trace),
            ("paths", listener.Paths != s_plain.Paths),
            ("forwarded", listener.Forwarded != s_plain.Forwarded),
            ("limits.head", limits.Head != s_plain.Limits.Head),
            ("limits.headers", limits.Headers != s_plain.Limits.Headers),
            ("limits.target", limits.Target != s_plain.Limits.Target),
            ("limits.body", limits.Body != s_plain.Limits.Body),
            ("timeouts.head", timeouts.Head != s_plain.Timeouts.Head),
            ("timeouts.body", timeouts.Body != s_plain.Timeouts.Body),
            ("timeouts.keep_alive", timeouts.KeepAlive != s_plain.Timeouts.KeepAlive),
            ("timeouts.write", timeouts.Write != s_plain.Timeouts.Write),
            ("timeouts.tunnel_idle", timeouts.TunnelIdle != s_plain.Timeouts.TunnelIdle),
        ];
        foreach ((string key, bool isGiven) in settings)
        {
            if (!isGiven) continue;
            problems.Add(ConfigPath.Of(path, key), $"it is for HTTP, and this is a {protocol} listener",
                ConfigPath.Of(path, "protocol"));
        }
    }

    private static void CheckForwarding(ListenerOptions listener, string path, ProblemList problems)
    {
        bool isHttp = listener.Protocol is ListenerProtocol.Http or ListenerProtocol.Forward;
        bool isUdp = listener.Protocol == ListenerProtocol.Udp;
        ListenerTimeouts timeouts = listener.Timeouts;
        if (isHttp && timeouts.Idle != s_plain.Timeouts.Idle)
        {
            Add("timeouts.idle",
                "it is for 'protocol: tcp', 'mixed' and 'udp'; HTTP has 'keep_alive' and 'tunnel_idle'");
        }
        if ((isHttp || isUdp) && timeouts.Lifetime != s_plain.Timeouts.Lifetime)
            Add("timeouts.lifetime", "it is for 'protocol: tcp' and 'mixed'");
        bool waits = listener.Protocol == ListenerProtocol.Mixed
            || listener.Protocol == ListenerProtocol.Tcp && listener.TlsRoutes.Count > 0;
        if (!waits && timeouts.Hello != s_plain.Timeouts.Hello)
            Add("timeouts.hello", "no ClientHello is waited for without 'tls_routes' of a tcp or mixed listener");
        if (!isHttp && !listener.DeferAccept)
            Add("defer_accept", "only connections of http listeners are held back; leave it out");

        void Add(string key, string message) =>
            problems.Add(ConfigPath.Of(path, key), message, ConfigPath.Of(path, "protocol"));
    }
}
