using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>The tables of forwarded datagrams: for each listener, cluster and destination.</summary>
internal static class DatagramReport
{
    private static readonly CounterTable<UdpTraffic> s_traffic = new("datagrams",
        ("to origins", t => t.Up),
        ("bytes", t => t.BytesUp),
        ("to clients", t => t.Down),
        ("bytes", t => t.BytesDown));

    private static readonly CounterTable<UdpCounters> s_sessions = new("udp sessions",
        ("opened", c => c.Opened),
        ("active", c => c.Active),
        ("idle", c => c.Expired),
        ("unreachable", c => c.Unreachable),
        ("stopped", c => c.Stopped));

    private static readonly CounterTable<UdpCounters> s_drops = new("datagrams dropped",
        ("limit", c => c.RefusedByLimit),
        ("source limit", c => c.RefusedBySourceLimit),
        ("rate", c => c.RefusedByRate),
        ("address", c => c.RefusedByAddress),
        ("no destination", c => c.RefusedWithoutDestination),
        ("stopping", c => c.RefusedByStop),
        ("buffer full", c => c.DroppedFull),
        ("too long", c => c.DroppedTooLong),
        ("other", c => c.DroppedFailed));

    /// <summary>Prints the tables; nothing where there is no UDP listener.</summary>
    public static void Write(Server server, TextWriter output)
    {
        var listeners = server.UdpListeners;
        if (listeners.Count == 0) return;
        List<(string, UdpCounters)> rows = [.. listeners.Select(one => ($"listener {one.Key}", one.Value))];
        s_sessions.Write(rows, output);
        s_drops.Write(rows, output);
        List<(string, UdpTraffic)> traffic = [.. rows.Select(row => (row.Item1, row.Item2.Traffic))];
        foreach (var cluster in server.Destinations.GroupBy(destination => destination.Cluster))
        {
            var sum = default(UdpTraffic);
            foreach (var destination in cluster) sum.Add(destination.Datagrams);
            if (sum.Up == 0) continue;
            traffic.Add(($"cluster {cluster.Key}", sum));
            traffic.AddRange(cluster.Select(destination => ($"  {destination.Name}", destination.Datagrams)));
        }
        s_traffic.Write(traffic, output);
    }
}
