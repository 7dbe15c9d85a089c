using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks of destinations against the routes and listeners that lead to them.</summary>
internal static class DestinationValidator
{
    /// <summary>Reports destinations of another protocol, and those without a port.</summary>
    public static void Check(TailraceOptions options, ProblemList problems)
    {
        var seen = new HashSet<(string Cluster, bool IsUdp)>();
        for (int i = 0; i < options.Listeners.Count; i++)
        {
            ListenerOptions listener = options.Listeners[i];
            if (listener.Protocol is not (ListenerProtocol.Tcp or ListenerProtocol.Mixed or ListenerProtocol.Udp))
                continue;
            bool isUdp = listener.Protocol == ListenerProtocol.Udp;
            string path = ConfigPath.Of("listeners", i);
            IEnumerable<string> clusters = listener.TlsRoutes.Select(route => route.Cluster).Append(listener.Cluster);
            foreach (string name in clusters.Distinct())
            {
                if (!options.Clusters.TryGetValue(name, out ClusterOptions? cluster)) continue;
                string at = ConfigPath.Of(ConfigPath.Of("clusters", name), "destinations");
                if (!seen.Add((name, isUdp))) continue;
                CheckSchemes(isUdp, path, cluster, at, problems);
                if (!seen.Contains((name, !isUdp))) CheckPorts(cluster, at, problems);
            }
        }
        foreach ((string name, ClusterOptions cluster) in options.Clusters)
        {
            if (!RouteTargets.IsRouted(name, options)) continue;
            string at = ConfigPath.Of(ConfigPath.Of("clusters", name), "destinations");
            CheckRouted(cluster, TcpValidator.IsForTcp(name, options), at, problems);
        }
    }

    // What speaks another protocol gets HTTP from a route all the same, and answers what is none.
    private static void CheckRouted(ClusterOptions cluster, bool isShared, string path, ProblemList problems)
    {
        for (int i = 0; i < cluster.Destinations.Count; i++)
        {
            string text = cluster.Destinations[i].Address;
            if (!DestinationAddress.TryParse(text, out DestinationAddress address, out _)) continue;
            if (address.Scheme is "" or "http") continue;
            string meant = (address with { Scheme = "http" }).ToString();
            string bare = (address with { Scheme = "tcp" }).ToString()["tcp://".Length..];
            string both = isShared ? $", or '{bare}' for the tcp or udp listener too" : "";
            problems.Add(ConfigPath.Of(path, i),
                $"'{text}' is not http, and a route leads here; write '{meant}'{both}");
        }
    }

    private static void CheckSchemes(
        bool isUdp, string listener, ClusterOptions cluster, string path, ProblemList problems)
    {
        string scheme = isUdp ? "udp" : "tcp";
        for (int i = 0; i < cluster.Destinations.Count; i++)
        {
            string text = cluster.Destinations[i].Address;
            if (!DestinationAddress.TryParse(text, out DestinationAddress address, out _)) continue;
            if (address.Scheme.Length == 0 || address.Scheme == scheme) continue;
            int port = address.HasPort ? address.Port : isUdp ? 53 : 5432;
            string meant = (address with { Scheme = scheme, Port = port }).ToString();
            string both = address.Scheme == "http" && !isUdp ? $", or '{meant["tcp://".Length..]}' for routes too" : "";
            problems.Add(ConfigPath.Of(path, i),
                $"'{text}' is not {scheme}, and a {scheme} listener leads here; write '{meant}'{both}",
                ConfigPath.Of(listener, "protocol"));
        }
    }

    // Port 80 is what is meant by http:// alone.
    private static void CheckPorts(ClusterOptions cluster, string path, ProblemList problems)
    {
        for (int i = 0; i < cluster.Destinations.Count; i++)
        {
            string text = cluster.Destinations[i].Address;
            bool lacksPort = DestinationAddress.TryParse(text, out DestinationAddress address, out _)
                && address is { HasPort: false, Scheme: "" };
            if (!lacksPort) continue;
            problems.Add(ConfigPath.Of(path, i),
                $"'{text}' has no port, which tcp and udp need; write for example '{text}:5432'");
        }
    }
}
