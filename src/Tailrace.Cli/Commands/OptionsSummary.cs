using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary>Says in a few lines what options would do: listeners, routes, clusters.</summary>
internal static class OptionsSummary
{
    /// <summary>Writes the summary.</summary>
    public static void Write(TailraceOptions options, TextWriter output)
    {
        string workers = options.Workers == 0 ? "auto" : $"{options.Workers}";
        string engine = options.Engine switch
        {
            EngineChoice.Epoll => "epoll",
            EngineChoice.IoUring => "io_uring",
            EngineChoice.Portable => "portable",
            _ => "auto",
        };
        output.WriteLine($"\nworkers {workers}{(options.Pin ? ", pinned" : "")}, engine {engine}");
        foreach (ListenerOptions listener in options.Listeners) WriteListener(listener, options, output);
        WriteClusters(options, output);
    }

    private static void WriteListener(ListenerOptions listener, TailraceOptions options, TextWriter output)
    {
        bool valid = ListenAddress.TryParse(listener.Address, out ListenAddress address, out _);
        string where = valid ? $"{address}{(address.DualStack ? " (IPv4 and IPv6)" : "")}" : listener.Address;
        string name = listener.Name.Length == 0 ? "" : $" '{listener.Name}'";
        output.WriteLine($"\nlistener{name} on {where}, at most {listener.MaxConnections} connections");

        if (listener.Protocol == ListenerProtocol.Tcp)
        {
            WriteTcp(listener, output);
            return;
        }
        IReadOnlyList<RouteOptions> routes = listener.Routes.Count > 0 ? listener.Routes : options.Routes;
        var rows = new List<string[]>();
        foreach (RouteOptions route in routes)
        {
            IReadOnlyList<string> hosts = route.Match.Host.Count > 0 ? route.Match.Host : ["any host"];
            foreach (string host in hosts) rows.Add([host, PathOf(route.Match), TargetOf(route)]);
        }
        WriteTable(rows, output);
    }

    private static void WriteTcp(ListenerOptions listener, TextWriter output)
    {
        var rows = new List<string[]>();
        foreach (TlsRouteOptions route in listener.TlsRoutes)
        {
            string protocols = route.Alpn.Count > 0 ? string.Join(" or ", route.Alpn) : "any protocol";
            IReadOnlyList<string> hosts = route.Host.Count > 0 ? route.Host : ["any name"];
            foreach (string host in hosts) rows.Add([$"TLS {host}", protocols, $"cluster '{route.Cluster}'"]);
        }
        string others = rows.Count > 0 ? "anything else" : "every connection";
        rows.Add([others, "", listener.Cluster.Length > 0 ? $"cluster '{listener.Cluster}'" : "closed"]);
        WriteTable(rows, output);
    }

    private static void WriteClusters(TailraceOptions options, TextWriter output)
    {
        foreach ((string name, ClusterOptions cluster) in options.Clusters)
        {
            string unused = IsUsed(name, options) ? "" : " (nothing leads to it)";
            output.WriteLine($"\ncluster '{name}', in turn{unused}");
            int total = cluster.Destinations.Sum(d => d.Weight);
            string period = $"looked up every {options.Resolve.Interval.TotalSeconds:0}s";
            var rows = new List<string[]>();
            foreach (DestinationOptions destination in cluster.Destinations)
            {
                bool valid = DestinationAddress.TryParse(destination.Address, out DestinationAddress address, out _);
                string lookup = valid && address is { Ip: null, Path.Length: 0 } ? period : "";
                rows.Add([address.ToString(), $"{100.0 * destination.Weight / total:0.#}%", lookup]);
            }
            WriteTable(rows, output);
        }
    }

    private static bool IsUsed(string cluster, TailraceOptions options) =>
        options.Routes.Any(r => r.Cluster == cluster)
        || options.Listeners.Any(l => l.Cluster == cluster
            || l.TlsRoutes.Any(r => r.Cluster == cluster)
            || l.Routes.Any(r => r.Cluster == cluster));

    private static string PathOf(MatchOptions match)
    {
        if (match.Path.Length > 0) return match.Path;
        if (match.PathPrefix.Length == 0) return "any path";
        return match.PathPrefix.EndsWith('/') ? $"{match.PathPrefix}..." : $"{match.PathPrefix}[/...]";
    }

    private static string TargetOf(RouteOptions route)
    {
        if (route.Respond is { } respond) return $"answers {respond.Status}";
        string host = route.HostHeader == "keep" ? "" : $", Host: {route.HostHeader}";
        return $"cluster '{route.Cluster}'{host}";
    }

    private static void WriteTable(List<string[]> rows, TextWriter output)
    {
        int columns = rows.Count == 0 ? 0 : rows[0].Length;
        var widths = new int[columns];
        foreach (string[] row in rows)
        {
            for (int i = 0; i < columns; i++) widths[i] = Math.Max(widths[i], row[i].Length);
        }
        foreach (string[] row in rows)
        {
            for (int i = 0; i < columns; i++) row[i] = row[i].PadRight(widths[i]);
            output.WriteLine($"  {string.Join("  ", row)}".TrimEnd());
        }
    }
}
