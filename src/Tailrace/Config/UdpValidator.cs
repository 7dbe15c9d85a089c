using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks of UDP listeners: where their datagrams go, and what means nothing for them.</summary>
internal static class UdpValidator
{
    private static readonly ListenerOptions s_plain = new();
    private static readonly ClusterTimeouts s_timeouts = new();

    /// <summary>Reports UDP listeners that lead nowhere, and settings that belong to connections.</summary>
    public static void Check(TailraceOptions options, ProblemList problems)
    {
        for (int i = 0; i < options.Listeners.Count; i++)
        {
            ListenerOptions listener = options.Listeners[i];
            string path = ConfigPath.Of("listeners", i);
            if (listener.Protocol == ListenerProtocol.Udp) CheckListener(listener, path, options, problems);
            else if (listener.ReceiveBuffer > 0)
                problems.Add(ConfigPath.Of(path, "receive_buffer"), "it is for 'protocol: udp'");
        }
        foreach ((string name, ClusterOptions cluster) in options.Clusters)
        {
            int user = options.Listeners.ToList().FindIndex(listener =>
                listener.Protocol == ListenerProtocol.Udp && listener.Cluster == name);
            if (user < 0) continue;
            string protocol = ConfigPath.Of(ConfigPath.Of("listeners", user), "protocol");
            CheckCluster(name, cluster, protocol, problems);
            bool connects = RouteTargets.IsRouted(name, options) || options.Listeners.Any(listener =>
                listener.Protocol != ListenerProtocol.Udp
                && (listener.Cluster == name || listener.TlsRoutes.Any(route => route.Cluster == name)));
            if (connects || cluster.Timeouts.Connect == s_timeouts.Connect) continue;
            problems.Add(ConfigPath.Of(ConfigPath.Of("clusters", name), "timeouts.connect"),
                "only udp listeners lead here, and datagrams are sent without a connect", protocol);
        }
    }

    private static void CheckListener(
        ListenerOptions listener, string path, TailraceOptions options, ProblemList problems)
    {
        string protocol = ConfigPath.Of(path, "protocol");
        if (listener.Routes.Count > 0)
        {
            problems.Add(ConfigPath.Of(path, "routes"), "a udp listener has no routes; give it a 'cluster'", protocol);
        }
        bool isPath = ListenAddress.TryParse(listener.Address, out ListenAddress address, out _)
            && address.Path.Length > 0;
        if (isPath)
            problems.Add(ConfigPath.Of(path, "address"), "udp needs an IP address and a port, not a path", protocol);
        if (listener.TlsRoutes.Count > 0)
            problems.Add(ConfigPath.Of(path, "tls_routes"), "they are for 'protocol: tcp'", protocol);
        if (listener.ProxyProtocol.Accept != ProxyProtocolMode.Off)
        {
            problems.Add(ConfigPath.Of(path, "proxy_protocol.accept"),
                "PROXY headers are taken from connections, and udp has none", protocol);
        }
        CheckClients(listener.Allow, ConfigPath.Of(path, "allow"), protocol, problems);
        CheckClients(listener.Deny, ConfigPath.Of(path, "deny"), protocol, problems);
        if (listener.Accept == AcceptMode.Handoff)
        {
            problems.Add(ConfigPath.Of(path, "accept"),
                "datagrams stay with the worker that receives them; leave it out", protocol);
        }
        if (listener.Backlog != s_plain.Backlog)
        {
            problems.Add(ConfigPath.Of(path, "backlog"),
                "nothing waits to be accepted; what waits to be received is bounded by 'receive_buffer'", protocol);
        }
        if (listener.Cluster.Length == 0)
        {
            problems.Add(path, "a udp listener forwards to a 'cluster', and it has none",
                ConfigPath.Of(path, "cluster"));
            return;
        }
        RouteTargets.CheckCluster(listener.Cluster, ConfigPath.Of(path, "cluster"), options, problems);
    }

    private static void CheckClients(
        IReadOnlyList<string> clients, string path, string protocol, ProblemList problems)
    {
        int unix = clients.ToList().IndexOf(AddressRange.Unix);
        if (unix >= 0) problems.Add(ConfigPath.Of(path, unix), "udp has no clients of Unix sockets", protocol);
    }

    private static void CheckCluster(string name, ClusterOptions cluster, string protocol, ProblemList problems)
    {
        string path = ConfigPath.Of("clusters", name);
        if (cluster.ProxyProtocol != ProxyProtocolVersion.Off)
        {
            problems.Add(ConfigPath.Of(path, "proxy_protocol"),
                "PROXY headers go in front of connections, and a udp listener leads here", protocol);
        }
        for (int i = 0; i < cluster.Destinations.Count; i++)
        {
            string text = cluster.Destinations[i].Address;
            bool isPath = DestinationAddress.TryParse(text, out DestinationAddress address, out _)
                && address.Path.Length > 0;
            if (!isPath) continue;
            problems.Add(ConfigPath.Of(ConfigPath.Of(path, "destinations"), i),
                $"'{text}' is a path, and a udp listener leads here; give it a host and a port", protocol);
        }
    }
}
