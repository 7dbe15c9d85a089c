using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks of TCP listeners: where their connections go, and what means nothing for them.</summary>
internal static class TcpValidator
{
    /// <summary>Reports TCP listeners that lead nowhere, and settings that belong to the other protocol.</summary>
    public static void Check(TailraceOptions options, ProblemList problems)
    {
        for (int i = 0; i < options.Listeners.Count; i++)
        {
            ListenerOptions listener = options.Listeners[i];
            string path = ConfigPath.Of("listeners", i);
            if (listener.Protocol == ListenerProtocol.Tcp) CheckListener(listener, path, options, problems);
            else if (listener.Cluster.Length > 0)
            {
                problems.Add(ConfigPath.Of(path, "cluster"),
                    "an http listener forwards by its routes; this key is for 'protocol: tcp'",
                    ConfigPath.Of(path, "protocol"));
            }
        }
    }

    private static void CheckListener(
        ListenerOptions listener, string path, TailraceOptions options, ProblemList problems)
    {
        if (listener.Routes.Count > 0)
        {
            problems.Add(ConfigPath.Of(path, "routes"), "a tcp listener has no routes; give it a 'cluster'",
                ConfigPath.Of(path, "protocol"));
        }
        if (listener.Cluster.Length == 0)
        {
            problems.Add(path, "a tcp listener forwards to a 'cluster', and it has none");
            return;
        }
        RouteValidator.CheckCluster(listener.Cluster, ConfigPath.Of(path, "cluster"), options, problems);
        if (options.Clusters.TryGetValue(listener.Cluster, out ClusterOptions? cluster))
            CheckPorts(listener.Cluster, cluster, problems);
    }

    // Port 80 is what is meant by http:// alone.
    private static void CheckPorts(string name, ClusterOptions cluster, ProblemList problems)
    {
        string path = ConfigPath.Of(ConfigPath.Of("clusters", name), "destinations");
        for (int i = 0; i < cluster.Destinations.Count; i++)
        {
            string text = cluster.Destinations[i].Address;
            if (!DestinationAddress.TryParse(text, out DestinationAddress address, out _) || address.HasPort) continue;
            problems.Add(ConfigPath.Of(path, i),
                $"'{text}' has no port, which tcp needs; write for example '{text}:5432'");
        }
    }
}
