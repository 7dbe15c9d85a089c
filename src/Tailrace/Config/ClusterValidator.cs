using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks of a cluster's values against each other.</summary>
internal static class ClusterValidator
{
    private static readonly QueueOptions s_queue = new();

    /// <summary>Reports what would have no effect, or not the one that was meant.</summary>
    public static void Check(string name, TailraceOptions options, ProblemList problems)
    {
        ClusterOptions cluster = options.Clusters[name];
        string path = ConfigPath.Of("clusters", name);
        if (cluster.Queue.Length == 0 && cluster.Queue.Timeout != s_queue.Timeout)
        {
            problems.Add(ConfigPath.Of(path, "queue.timeout"), "nothing waits; give it a 'length' too",
                ConfigPath.Of(path, "queue.length"));
        }
        CheckHash(cluster, path, problems);
        CheckServices(cluster, path, problems);
        bool onlyConnects = cluster.Health.Check?.TypeFor(name, options) == CheckType.Tcp;
        if (onlyConnects) CheckHealth(cluster.Health.Check!, ConfigPath.Of(path, "health.check"), problems);
        if (cluster.Retry is { } retry) CheckRetry(retry, ConfigPath.Of(path, "retry"), problems);
        if (cluster.Breaker is { Failures: 0, ErrorRate: 0 })
            problems.Add(ConfigPath.Of(path, "breaker"), "it never opens: give 'failures' or 'error_rate'");
        if (cluster.Breaker is { } breaker && breaker.Time > breaker.TimeMax)
            problems.Add(ConfigPath.Of(path, "breaker.time"), "it is more than 'time_max'");
        if (cluster.Adaptive is { } adaptive && adaptive.Min > adaptive.Max)
            problems.Add(ConfigPath.Of(path, "adaptive.min"), $"it is more than 'max', which is {adaptive.Max}");
        if (cluster.Hedge is not null) CheckHedge(cluster, ConfigPath.Of(path, "hedge"), problems);
        ClusterLimits limits = cluster.Limits;
        bool isLimited = limits.ConnectionsPerDestination > 0 || limits.RequestsPerDestination > 0
            || limits.Connections > 0 || limits.Requests > 0 || cluster.Adaptive is not null;
        if (cluster.Queue.Length > 0 && !isLimited)
        {
            problems.Add(ConfigPath.Of(path, "queue.length"),
                "nothing ever waits: no limit of connections or requests is set", ConfigPath.Of(path, "limits"));
        }
    }

    private static void CheckHealth(CheckOptions check, string path, ProblemList problems)
    {
        (string Key, bool IsGiven)[] settings =
        [
            ("path", check.Path != "/"), ("host", check.Host.Length > 0), ("status", check.Status.Count > 0),
            ("body", check.Body.Length > 0),
        ];
        foreach ((string key, bool isGiven) in settings)
        {
            if (!isGiven) continue;
            problems.Add(ConfigPath.Of(path, key),
                "nothing is asked for, the check only connects; give 'type: http' too", ConfigPath.Of(path, "type"));
        }
    }

    private static void CheckServices(ClusterOptions cluster, string path, ProblemList problems)
    {
        for (int i = 0; i < cluster.Destinations.Count; i++)
        {
            if (!IsService(cluster.Destinations[i])) continue;
            string at = ConfigPath.Of(ConfigPath.Of(path, "destinations"), i);
            if (cluster.Destinations[i].Weight != 1)
                problems.Add(ConfigPath.Of(at, "weight"), "the SRV records of a service have weights of their own");
            if (cluster.Balance == BalancePolicy.Hash)
            {
                problems.Add(at, "'balance: hash' needs destinations that do not change",
                    ConfigPath.Of(path, "balance"));
            }
        }
    }

    private static bool IsService(DestinationOptions destination) =>
        DestinationAddress.TryParse(destination.Address, out DestinationAddress address, out _) && address.IsService;

    private static void CheckHedge(ClusterOptions cluster, string path, ProblemList problems)
    {
        if (cluster.Destinations is [var only] && !IsService(only)) problems.Add(path, "there is no other destination");
        if (cluster.Sticky is not null) problems.Add(path, "it would ask others than the one that 'sticky' names");
        if (cluster.ProxyProtocol != ProxyProtocolVersion.Off)
            problems.Add(path, "with 'proxy_protocol' each request has a connection of its own");
    }

    private static void CheckRetry(RetryOptions retry, string path, ProblemList problems)
    {
        string on = ConfigPath.Of(path, "on");
        if (retry.On.Count == 0) return;
        if (retry.Status.Count > 0 && !retry.On.Contains(RetryCondition.Status))
            problems.Add(ConfigPath.Of(path, "status"), "it is used with 'status' in 'on' only", on);
        if (retry.TryTimeout > TimeSpan.Zero && !retry.On.Contains(RetryCondition.Timeout))
            problems.Add(ConfigPath.Of(path, "try_timeout"), "it is used with 'timeout' in 'on' only", on);
    }

    private static void CheckHash(ClusterOptions cluster, string path, ProblemList problems)
    {
        HashOptions hash = cluster.Hash;
        if (cluster.Balance != BalancePolicy.Hash)
        {
            if (hash != new HashOptions())
            {
                problems.Add(ConfigPath.Of(path, "hash"), "it is used with 'balance: hash' only",
                    ConfigPath.Of(path, "balance"));
            }
            return;
        }
        bool needsName = hash.Key is HashKey.Header or HashKey.Cookie;
        string key = ConfigPath.Of(path, "hash.key");
        if (needsName && hash.Name.Length == 0) problems.Add(key, "which one? give its 'name'");
        if (!needsName && hash.Name.Length > 0)
            problems.Add(ConfigPath.Of(path, "hash.name"), "only a header or a cookie has a name; set 'key'", key);
        if (hash.LoadBound is > 0 and <= 100)
        {
            problems.Add(ConfigPath.Of(path, "hash.load_bound"),
                $"{hash.LoadBound} leaves no room; give a number above 100, or 0");
        }
    }
}
