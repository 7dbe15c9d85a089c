using Tailrace.Config;
using static Tailrace.Cli.Commands.SummaryWords;

namespace Tailrace.Cli.Commands;

/// <summary>Says what a listener would do: with whom, how much of them, and where what they send goes.</summary>
internal static class ListenerSummary
{
    /// <summary>Writes it.</summary>
    public static void Write(ListenerOptions listener, TailraceOptions options, TextWriter output)
    {
        bool valid = ListenAddress.TryParse(listener.Address, out ListenAddress address, out _);
        string where = valid ? $"{address}{(address.DualStack ? " (IPv4 and IPv6)" : "")}" : listener.Address;
        string name = listener.Name.Length == 0 ? "" : $" '{listener.Name}'";
        string protocol = listener.Protocol switch
        {
            ListenerProtocol.Forward => "HTTP, as a forward proxy",
            ListenerProtocol.Tcp => "TCP, whatever is spoken on it",
            ListenerProtocol.Mixed => "HTTP, TLS and others, told apart by the first bytes",
            ListenerProtocol.Udp => "UDP",
            _ => "HTTP",
        };
        output.WriteLine($"\nlistener{name} on {where}: {protocol}");
        bool isHttp = listener.Protocol is ListenerProtocol.Http or ListenerProtocol.Forward or ListenerProtocol.Mixed;
        bool isStream = listener.Protocol is ListenerProtocol.Tcp or ListenerProtocol.Mixed;
        bool isUdp = listener.Protocol == ListenerProtocol.Udp;
        List<string[]> rows =
        [
            ["clients", ClientsOf(listener)],
            [isUdp ? "sessions" : "connections", LimitsOf(listener)],
        ];
        if (listener.ProxyProtocol.Accept != ProxyProtocolMode.Off) rows.Add(["PROXY header", HeaderOf(listener)]);
        if (isHttp) rows.AddRange(RequestsOf(listener));
        if (isStream || isUdp) rows.Add(["idle", SilenceOf(listener)]);
        OptionsSummary.WriteTable(rows, output);

        output.WriteLine();
        if (listener.Protocol == ListenerProtocol.Forward) WriteEgress(listener, output);
        if (isHttp) WriteRoutes(listener, options, output);
        if (isStream) WriteStreams(listener, output);
        if (isUdp) output.WriteLine($"  every datagram  cluster '{listener.Cluster}'");
    }

    private static string ClientsOf(ListenerOptions listener)
    {
        string allowed = listener.Allow.Count > 0 ? $"from {AllOf(listener.Allow)}" : "from everywhere";
        return listener.Deny.Count > 0 ? $"{allowed}, but not from {AnyOf(listener.Deny)}" : allowed;
    }

    private static string LimitsOf(ListenerOptions listener)
    {
        bool isUdp = listener.Protocol == ListenerProtocol.Udp;
        string more = isUdp ? "new ones are dropped" : "more have to wait";
        string open = $"at most {listener.MaxConnections} open, {more}";
        ConnectionLimitOptions limits = listener.ConnectionLimits;
        var parts = new List<string>();
        SourceLimitOptions source = limits.PerSource;
        if (limits.Rate > 0) parts.Add($"{limits.Rate} a second{BurstOf(limits.Burst)}");
        if (source.Connections > 0) parts.Add($"{source.Connections} open of one source");
        if (source.Rate > 0) parts.Add($"{source.Rate} a second of one source{BurstOf(source.Burst)}");
        return parts.Count == 0 ? open : $"{open}; at most {AllOf(parts)}, others are refused";
    }

    private static string BurstOf(int burst) => burst > 0 ? $" (at once {burst})" : "";

    private static string HeaderOf(ListenerOptions listener)
    {
        ProxyProtocolOptions options = listener.ProxyProtocol;
        string who = options.Trusted.Count > 0 ? AllOf(options.Trusted) : "everybody";
        string word = options.Accept == ProxyProtocolMode.Required ? "required" : "taken";
        return $"{word} from {who}, within {Of(options.Timeout)}";
    }

    private static IEnumerable<string[]> RequestsOf(ListenerOptions listener)
    {
        ListenerLimits limits = listener.Limits;
        ListenerTimeouts timeouts = listener.Timeouts;
        string body = limits.Body == 0 ? "of any length" : $"of at most {Bytes(limits.Body)}";
        yield return
        [
            "requests",
            $"heads of at most {Bytes(limits.Head)} and {Count(limits.Headers, "field")}, bodies {body}"
        ];
        string kept = listener.RequestsPerConnection > 0
            ? $"closed after {Count(listener.RequestsPerConnection, "request")} or {Of(timeouts.KeepAlive)} without one"
            : $"closed after {Of(timeouts.KeepAlive)} without a request";
        yield return
        [
            "time limits",
            $"a head {Of(timeouts.Head)}, each piece of a body {Of(timeouts.Body)}, of an answer {Of(timeouts.Write)}; "
            + kept
        ];
    }

    private static string SilenceOf(ListenerOptions listener)
    {
        bool isUdp = listener.Protocol == ListenerProtocol.Udp;
        TimeSpan idle = listener.Timeouts.Idle;
        TimeSpan lifetime = listener.Timeouts.Lifetime;
        string what = isUdp ? "sessions" : "forwarded connections";
        string text = idle == TimeSpan.Zero ? $"{what} may be silent" : $"{what} end after {Of(idle)} of silence";
        return isUdp || lifetime == TimeSpan.Zero ? text : $"{text}, and in any case end after {Of(lifetime)}";
    }

    private static void WriteEgress(ListenerOptions listener, TextWriter output)
    {
        ForwardProxyOptions egress = listener.ForwardProxy ?? new ForwardProxyOptions();
        string hosts = egress.Hosts.Count > 0 ? AnyOf(egress.Hosts) : "any host";
        string ports = $"port{(egress.Ports.Count == 1 ? "" : "s")} {AllOf(egress.Ports)}";
        string more = egress.Allow.Count > 0 ? $", and those of {AllOf(egress.Allow)}" : "";
        string less = egress.Deny.Count > 0 ? $", never {AnyOf(egress.Deny)}" : "";
        ClusterTimeouts timeouts = egress.Timeouts;
        List<string[]> rows =
        [
            ["CONNECT", "a tunnel"],
            ["whole URLs", "fetched"],
            ["to", $"{hosts}, {ports}; public addresses{more}{less}"],
            ["within", $"{Of(timeouts.Connect)} to connect, {Of(timeouts.FirstByte)} to the first byte, "
                + $"{Of(timeouts.Idle)} between pieces"],
        ];
        if (listener.Routes.Count == 0) rows.Add(["other requests", "answers 404"]);
        OptionsSummary.WriteTable(rows, output);
    }

    private static void WriteRoutes(ListenerOptions listener, TailraceOptions options, TextWriter output)
    {
        bool isForward = listener.Protocol == ListenerProtocol.Forward;
        IReadOnlyList<RouteOptions> routes = listener.Routes.Count > 0 || isForward ? listener.Routes : options.Routes;
        OptionsSummary.WriteTable([.. routes.SelectMany(RouteSummary.Rows)], output);
        bool isAll = routes.Any(route =>
            route.Match is
            {
                Host.Count: 0, Path: "", PathPrefix: "" or "/",
                Method.Count: 0, Header.Count: 0, Query.Count: 0, Source.Count: 0,
            });
        if (!isAll && routes.Count > 0) output.WriteLine("  anything else: answers 404");
    }

    private static void WriteStreams(ListenerOptions listener, TextWriter output)
    {
        var rows = new List<string[]>();
        foreach (TlsRouteOptions route in listener.TlsRoutes)
        {
            string protocols = route.Alpn.Count > 0 ? AnyOf(route.Alpn) : "any protocol";
            IReadOnlyList<string> hosts = route.Host.Count > 0 ? route.Host : ["any name"];
            foreach (string host in hosts) rows.Add([$"TLS {host}", protocols, $"cluster '{route.Cluster}'"]);
        }
        string others = rows.Count > 0 ? "other connections"
            : listener.Protocol == ListenerProtocol.Tcp ? "every connection" : "TLS and others";
        string target = listener.Cluster.Length > 0 ? $"cluster '{listener.Cluster}'" : "closed";
        rows.Add(rows.Count > 0 ? [others, "", target] : [others, target]);
        OptionsSummary.WriteTable(rows, output);
    }
}
