using System.Net;
using System.Net.Sockets;
using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks of destinations against the routes and listeners that lead to them.</summary>
internal static class DestinationValidator
{
    /// <summary>Reports destinations of another protocol, those without a port, and those that lead back.</summary>
    /// <param name="options">The options.</param>
    /// <param name="isOwn">Whether an address is this machine's; null: of loopback ones alone it is known.</param>
    /// <param name="problems">Gets them.</param>
    public static void Check(TailraceOptions options, Func<IPAddress, bool>? isOwn, ProblemList problems)
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
                CheckLoops(listener, path, cluster, at, isOwn ?? IPAddress.IsLoopback, problems);
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

    private static void CheckLoops(
        ListenerOptions listener, string path, ClusterOptions cluster, string clusterPath,
        Func<IPAddress, bool> isOwn, ProblemList problems)
    {
        if (!ListenAddress.TryParse(listener.Address, out ListenAddress address, out _)) return;
        for (int i = 0; i < cluster.Destinations.Count; i++)
        {
            string text = cluster.Destinations[i].Address;
            bool isBack = DestinationAddress.TryParse(text, out DestinationAddress destination, out _)
                && LeadsTo(destination, address, isOwn);
            if (!isBack) continue;
            problems.Add(ConfigPath.Of(clusterPath, i),
                $"'{text}' leads back to the listener on {address} that forwards to it, without end; give another "
                + (address.Path.Length > 0 ? "path" : "address or port"),
                ConfigPath.Of(path, "address"));
        }
    }

    private static bool LeadsTo(DestinationAddress destination, ListenAddress listener, Func<IPAddress, bool> isOwn)
    {
        if (listener.Path.Length + destination.Path.Length > 0) return listener.Path == destination.Path;
        if (destination.IsService || destination.Port != listener.Port) return false;
        if (destination.Host is "localhost" or "localhost.")
            return listener.Covers(IPAddress.Loopback) || listener.Covers(IPAddress.IPv6Loopback);
        if (destination.Ip is not { } ip) return false;
        if (ip.IsIPv4MappedToIPv6) ip = ip.MapToIPv4();
        // Whoever connects to the wildcard address gets the loopback one.
        if (ip.Equals(IPAddress.Any)) ip = IPAddress.Loopback;
        if (ip.Equals(IPAddress.IPv6Any)) ip = IPAddress.IPv6Loopback;
        bool isWildcard = listener.Address.Equals(IPAddress.Any) || listener.Address.Equals(IPAddress.IPv6Any);
        // The machine is asked last: few configurations make it necessary.
        return isWildcard ? listener.Covers(ip) && isOwn(ip) : listener.Address.Equals(ip);
    }
}
