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
        bool isUdp = listener.Protocol == ListenerProtocol.Udp;
        string what = isUdp ? "sessions" : "connections";
        string limits = $"at most {listener.MaxConnections} {what}{LimitsOf(listener)}";
        output.WriteLine($"\nlistener{name} on {where}{(isUdp ? ", udp" : "")}, {limits}");

        if (isUdp)
        {
            WriteUdp(listener, output);
            return;
        }
        if (listener.Protocol != ListenerProtocol.Tcp) WriteHttp(listener, options, output);
        if (listener.Protocol is ListenerProtocol.Tcp or ListenerProtocol.Mixed) WriteTcp(listener, output);
    }

    private static string LimitsOf(ListenerOptions listener)
    {
        ConnectionLimitOptions limits = listener.ConnectionLimits;
        string rate = limits.Rate > 0 ? $", {limits.Rate} a second" : "";
        string ofSource = limits.PerSource.Connections > 0 ? $", {limits.PerSource.Connections} of one source" : "";
        string sourceRate = limits.PerSource.Rate > 0 ? $", {limits.PerSource.Rate} a second of one source" : "";
        return rate + ofSource + sourceRate;
    }

    private static void WriteHttp(ListenerOptions listener, TailraceOptions options, TextWriter output)
    {
        IReadOnlyList<RouteOptions> routes = listener.Routes.Count > 0 ? listener.Routes : options.Routes;
        var rows = new List<string[]>();
        foreach (RouteOptions route in routes)
        {
            IReadOnlyList<string> hosts = route.Match.Host.Count > 0 ? route.Match.Host : ["any host"];
            string target = TargetOf(route) + ConditionsOf(route.Match);
            foreach (string host in hosts) rows.Add([host, PathOf(route.Match), target]);
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
        bool isAll = rows.Count == 0 && listener.Protocol == ListenerProtocol.Tcp;
        string others = isAll ? "every connection" : "anything else";
        rows.Add([others, "", listener.Cluster.Length > 0 ? $"cluster '{listener.Cluster}'" : "closed"]);
        WriteTable(rows, output);
    }

    private static void WriteUdp(ListenerOptions listener, TextWriter output)
    {
        string idle = listener.Timeouts.Idle == TimeSpan.Zero
            ? "sessions last for ever"
            : $"sessions end after {listener.Timeouts.Idle.TotalSeconds:0.###}s of silence";
        output.WriteLine($"  every datagram  cluster '{listener.Cluster}'");
        output.WriteLine($"  {idle}");
    }

    private static void WriteClusters(TailraceOptions options, TextWriter output)
    {
        foreach ((string name, ClusterOptions cluster) in options.Clusters)
        {
            string unused = IsUsed(name, options) ? "" : " (nothing leads to it)";
            output.WriteLine($"\ncluster '{name}', {PolicyOf(cluster)}{unused}");
            bool hasBackups = cluster.Destinations.Any(d => d.Priority != cluster.Destinations[0].Priority);
            string period = $"looked up every {options.Resolve.Interval.TotalSeconds:0}s";
            string scheme = SchemeOf(name, options);
            var rows = new List<string[]>();
            foreach (DestinationOptions destination in cluster.Destinations)
            {
                bool valid = DestinationAddress.TryParse(destination.Address, out DestinationAddress address, out _);
                string lookup = valid && address is { Ip: null, Path.Length: 0 } ? period : "";
                int total = cluster.Destinations.Where(d => d.Priority == destination.Priority).Sum(d => d.Weight);
                string share = address.IsService ? "" : $"{100.0 * destination.Weight / total:0.#}%";
                string where = UrlOf(address, scheme);
                rows.Add(hasBackups
                    ? [where, $"priority {destination.Priority}", share, lookup]
                    : [where, share, lookup]);
            }
            WriteTable(rows, output);
        }
    }

    /// <summary>What is spoken with a cluster: who leads there says so, since destinations need no scheme.</summary>
    private static string SchemeOf(string cluster, TailraceOptions options)
    {
        if (IsRouted(cluster, options)) return "http";
        ListenerOptions? listener = options.Listeners.FirstOrDefault(one => IsForwarded(cluster, one));
        return listener is null ? "http" : listener.Protocol == ListenerProtocol.Udp ? "udp" : "tcp";
    }

    private static string UrlOf(in DestinationAddress address, string scheme)
    {
        if (scheme == "http" || address.IsService || address.Path.Length > 0) return address.ToString();
        return $"{scheme}://{(address.Host.Contains(':') ? $"[{address.Host}]" : address.Host)}:{address.Port}";
    }

    private static string PolicyOf(ClusterOptions cluster)
    {
        string policy = cluster.Balance switch
        {
            BalancePolicy.Random => "at random",
            BalancePolicy.LeastRequests => "by fewest requests",
            BalancePolicy.TwoChoices => "by two choices",
            BalancePolicy.Hash => $"by {cluster.Hash.Key.ToString().ToLowerInvariant()} {cluster.Hash.Name}".TrimEnd(),
            _ => "in turn",
        };
        return cluster.Sticky is { } sticky ? $"{policy}, kept by cookie '{sticky.Cookie}'" : policy;
    }

    private static bool IsUsed(string cluster, TailraceOptions options) =>
        options.Listeners.Any(listener => IsForwarded(cluster, listener)) || IsRouted(cluster, options);

    private static bool IsForwarded(string cluster, ListenerOptions listener) =>
        listener.Cluster == cluster || listener.TlsRoutes.Any(route => route.Cluster == cluster);

    private static bool IsRouted(string cluster, TailraceOptions options) =>
        options.Routes.Concat(options.Listeners.SelectMany(listener => listener.Routes)).Any(route =>
            route.Cluster == cluster || route.Mirror?.Cluster == cluster
            || (route.Split?.To.Any(target => target.Cluster == cluster) ?? false));

    private static string PathOf(MatchOptions match)
    {
        if (match.Path.Length > 0) return match.Path;
        if (match.PathPrefix.Length == 0) return "any path";
        return match.PathPrefix.EndsWith('/') ? $"{match.PathPrefix}..." : $"{match.PathPrefix}[/...]";
    }

    private static string ConditionsOf(MatchOptions match)
    {
        var conditions = new List<string>();
        if (match.Method.Count > 0) conditions.Add(string.Join(" or ", match.Method));
        conditions.AddRange(match.Header.Select(value => $"header {ValueOf(value)}"));
        conditions.AddRange(match.Query.Select(value => $"query {ValueOf(value)}"));
        if (match.Source.Count > 0) conditions.Add($"from {string.Join(" or ", match.Source)}");
        return conditions.Count == 0 ? "" : $" if {string.Join(", ", conditions)}";
    }

    private static string ValueOf(ValueMatchOptions value)
    {
        if (value.Absent) return $"{value.Name} absent";
        if (value.Pattern.Length > 0) return $"{value.Name}~{value.Pattern}";
        if (value.Prefix.Length > 0) return $"{value.Name}={value.Prefix}*";
        return value.Value.Length > 0 ? $"{value.Name}={value.Value}" : value.Name;
    }

    private static string TargetOf(RouteOptions route)
    {
        if (route.Respond is { } respond) return $"answers {respond.Status}";
        string path = route.Rewrite is { } rewrite ? $", path {RewriteOf(rewrite)}" : "";
        if (route.Redirect is { } redirect) return $"redirects to {PlaceOf(redirect)} by {redirect.Status}{path}";
        string host = route.HostHeader == "keep" ? "" : $", Host: {route.HostHeader}";
        string copies = route.Mirror is { } mirror ? $", {mirror.Percent}% copied to '{mirror.Cluster}'" : "";
        string target = route.Split is { } split ? SplitOf(split) : $"cluster '{route.Cluster}'";
        return $"{target}{host}{path}{copies}";
    }

    private static string SplitOf(SplitOptions split)
    {
        double total = split.To.Sum(target => (long)target.Weight);
        IEnumerable<string> shares = split.To.Select(to => $"{100 * to.Weight / total:0.##}% cluster '{to.Cluster}'");
        string name = split.Name.Length > 0 ? $" {split.Name}" : "";
        string by = split.By == SplitKey.Request ? "" : $" by {split.By.ToString().ToLowerInvariant()}{name}";
        return string.Join(", ", shares) + by;
    }

    private static string PlaceOf(RedirectOptions redirect)
    {
        string scheme = redirect.Scheme == RedirectScheme.Https ? "https" : "http";
        string port = redirect.Port == 0 ? "" : $":{redirect.Port}";
        return $"{scheme}://{(redirect.Host.Length > 0 ? redirect.Host : "the same host")}{port}";
    }

    private static string RewriteOf(RewriteOptions rewrite)
    {
        if (rewrite.Path.Length > 0) return rewrite.Path;
        if (rewrite.Pattern.Length > 0) return $"~{rewrite.Pattern} as {rewrite.Replacement}";
        string without = rewrite.StripPrefix.Length > 0 ? $"without {rewrite.StripPrefix}" : "";
        string below = rewrite.AddPrefix.Length > 0 ? $"below {rewrite.AddPrefix}" : "";
        return without.Length > 0 && below.Length > 0 ? $"{without}, {below}" : without + below;
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
