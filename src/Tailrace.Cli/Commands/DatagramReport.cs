using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>The tables of forwarded datagrams: for each listener, cluster and destination.</summary>
internal static class DatagramReport
{
    private static readonly CounterTable<UdpTraffic> s_traffic = new("datagrams", Metrics.Traffic);
    private static readonly CounterTable<UdpCounters> s_sessions = new("udp sessions", Metrics.Udp.Where(IsOfSession));
    private static readonly CounterTable<UdpCounters> s_drops = new("dropped", Metrics.Udp.Where(m => !IsOfSession(m)));

    /// <summary>Prints the tables; nothing where there were no datagrams.</summary>
    public static void Write(Server server, TextWriter output)
    {
        var rows = new List<CounterRow<UdpCounters>>();
        foreach (var (name, counters) in server.UdpListeners) rows.Add(new($"listener {name}", counters));
        s_sessions.Write(rows, output);
        s_drops.Write(rows, output);
        List<CounterRow<UdpTraffic>> traffic =
            [.. rows.Select(row => new CounterRow<UdpTraffic>(row.Name, row.Counters.Traffic))];
        foreach (var cluster in server.Destinations.GroupBy(destination => destination.Cluster))
        {
            var sum = default(UdpTraffic);
            foreach (var destination in cluster) sum.Add(destination.Datagrams);
            traffic.Add(new($"cluster {cluster.Key}", sum));
            foreach (var destination in cluster) traffic.Add(new($"  {destination.Name}", destination.Datagrams));
        }
        s_traffic.Write(traffic, output);
    }

    private static bool IsOfSession(Metric<UdpCounters> metric) => metric.Name != "udp_dropped_datagrams";
}
