using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks of TCP listeners: where their connections go, and what means nothing for them.</summary>
internal static class TcpValidator
{
    /// <summary>Whether a TCP listener forwards connections to a cluster.</summary>
    public static bool IsForTcp(string cluster, TailraceOptions options) => options.Listeners.Any(
        listener => listener.Cluster == cluster || listener.TlsRoutes.Any(route => route.Cluster == cluster));

    /// <summary>Reports TCP listeners that lead nowhere, and settings that belong to the other protocol.</summary>
    public static void Check(TailraceOptions options, ProblemList problems)
    {
        for (int i = 0; i < options.Listeners.Count; i++)
        {
            ListenerOptions listener = options.Listeners[i];
            string path = ConfigPath.Of("listeners", i);
            if (listener.Protocol is ListenerProtocol.Tcp or ListenerProtocol.Mixed)
                CheckListener(listener, path, options, problems);
            else if (listener.Protocol != ListenerProtocol.Udp
                && listener.Cluster.Length + listener.TlsRoutes.Count > 0)
            {
                problems.Add(ConfigPath.Of(path, listener.Cluster.Length > 0 ? "cluster" : "tls_routes"),
                    "an http listener forwards by its routes; this key is for 'protocol: tcp'",
                    ConfigPath.Of(path, "protocol"));
            }
        }
        foreach ((string name, ClusterOptions cluster) in options.Clusters)
        {
            if (!IsForTcp(name, options)) continue;
            CheckMeasured(name, cluster, problems);
        }
    }

    private static void CheckListener(
        ListenerOptions listener, string path, TailraceOptions options, ProblemList problems)
    {
        bool isMixed = listener.Protocol == ListenerProtocol.Mixed;
        if (listener.Routes.Count > 0 && !isMixed)
        {
            problems.Add(ConfigPath.Of(path, "routes"), "a tcp listener has no routes; give it a 'cluster'",
                ConfigPath.Of(path, "protocol"));
        }
        if (listener.Cluster.Length == 0 && listener.TlsRoutes.Count == 0)
        {
            string what = isMixed ? "a mixed listener forwards what is no HTTP" : "a tcp listener forwards";
            problems.Add(path, $"{what} to a 'cluster' or by 'tls_routes', and it has neither",
                ConfigPath.Of(path, "cluster"));
            return;
        }
        if (listener.Cluster.Length > 0)
            RouteTargets.CheckCluster(listener.Cluster, ConfigPath.Of(path, "cluster"), options, problems);
        var taken = new HashSet<(string Host, string Alpn)>();
        for (int i = 0; i < listener.TlsRoutes.Count; i++)
        {
            TlsRouteOptions route = listener.TlsRoutes[i];
            string at = ConfigPath.Of(ConfigPath.Of(path, "tls_routes"), i);
            if (route.Cluster.Length > 0)
                RouteTargets.CheckCluster(route.Cluster, ConfigPath.Of(at, "cluster"), options, problems);
            bool isNew = false;
            foreach (string host in route.Host.Count > 0 ? route.Host : [""])
            {
                foreach (string protocol in route.Alpn.Count > 0 ? route.Alpn : [""])
                    isNew |= taken.Add((host.TrimEnd('.').ToLowerInvariant(), protocol));
            }
            if (!isNew) problems.Add(at, "no connection can reach it: others have all its hosts and protocols already");
        }
    }

    private static void CheckMeasured(string name, ClusterOptions cluster, ProblemList problems)
    {
        Check(cluster.Retry, "retry");
        Check(cluster.Hedge, "hedge");
        Check(cluster.Adaptive, "adaptive");
        Check(cluster.Breaker, "breaker");

        void Check(object? options, string key)
        {
            if (options is null) return;
            problems.Add(ConfigPath.Of(ConfigPath.Of("clusters", name), key),
                "it measures HTTP answers, and a tcp or udp listener leads here");
        }
    }
}
