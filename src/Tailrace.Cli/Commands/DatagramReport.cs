using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>The tables of forwarded datagrams: for each listener, cluster and destination.</summary>
internal static class DatagramReport
{
    private static readonly (string Name, Func<UdpTraffic, long> Value)[] s_traffic =
    [
        ("to origins", t => t.Up),
        ("bytes", t => t.BytesUp),
        ("to clients", t => t.Down),
        ("bytes", t => t.BytesDown),
    ];

    private static readonly (string Name, Func<UdpCounters, long> Value)[] s_sessions =
    [
        ("opened", c => c.Opened),
        ("active", c => c.Active),
        ("idle", c => c.Expired),
        ("unreachable", c => c.Unreachable),
        ("stopped", c => c.Stopped),
    ];

    private static readonly (string Name, Func<UdpCounters, long> Value)[] s_drops =
    [
        ("limit", c => c.RefusedByLimit),
        ("source limit", c => c.RefusedBySourceLimit),
        ("rate", c => c.RefusedByRate),
        ("address", c => c.RefusedByAddress),
        ("no destination", c => c.RefusedWithoutDestination),
        ("stopping", c => c.RefusedByStop),
        ("buffer full", c => c.DroppedFull),
        ("too long", c => c.DroppedTooLong),
        ("other", c => c.DroppedFailed),
    ];

    /// <summary>Prints the tables; nothing where there is no UDP listener.</summary>
    public static void Write(Server server, TextWriter output)
    {
        var listeners = server.UdpListeners;
        if (listeners.Count == 0) return;
        List<(string, UdpCounters)> rows = [.. listeners.Select(one => ($"listener {one.Key}", one.Value))];
        WriteTable("udp sessions", s_sessions, rows, output);
        WriteTable("datagrams dropped", s_drops, rows, output);
        List<(string, UdpTraffic)> traffic = [.. rows.Select(row => (row.Item1, row.Item2.Traffic))];
        foreach (var cluster in server.Destinations.GroupBy(destination => destination.Cluster))
        {
            var sum = default(UdpTraffic);
            foreach (var destination in cluster) sum.Add(destination.Datagrams);
            if (sum.Up == 0) continue;
            traffic.Add(($"cluster {cluster.Key}", sum));
            traffic.AddRange(cluster.Select(destination => ($"  {destination.Name}", destination.Datagrams)));
        }
        WriteTable("datagrams", s_traffic, traffic, output);
    }

    private static void WriteTable<T>(
        string title, (string Name, Func<T, long> Value)[] columns, List<(string Name, T Counters)> rows,
        TextWriter output)
    {
        output.Write($"{title,-32}");
        foreach (var (name, _) in columns) output.Write($"{name,16}");
        output.WriteLine();
        foreach (var (name, counters) in rows)
        {
            output.Write($"{name,-32}");
            foreach (var (_, value) in columns) output.Write($"{value(counters),16}");
            output.WriteLine();
        }
    }
}
