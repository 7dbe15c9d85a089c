using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>The tables of forwarded connections: for each listener, cluster and destination.</summary>
internal static class ForwardingReport
{
    private static readonly (string Name, Func<TcpCounters, long> Value)[] s_traffic =
    [
        ("opened", c => c.Opened),
        ("active", c => c.Active),
        ("to origins", c => c.BytesUp),
        ("to clients", c => c.BytesDown),
        ("connect errors", c => c.ConnectErrors),
    ];

    private static readonly (string Name, Func<TcpCounters, long> Value)[] s_ends =
    [
        ("client-closed", c => c.ClientClosed),
        ("origin-closed", c => c.OriginClosed),
        ("client-reset", c => c.ClientReset),
        ("origin-reset", c => c.OriginReset),
        ("idle", c => c.IdleTimeouts),
        ("expired", c => c.Expired),
        ("unreachable", c => c.Unreachable),
        ("refused", c => c.Refused),
        ("no-buffers", c => c.NoBuffers),
        ("stopped", c => c.Aborted),
    ];

    /// <summary>Prints the tables; nothing where nothing was forwarded.</summary>
    public static void Write(Server server, TextWriter output)
    {
        var rows = new List<(string Name, TcpCounters Counters)>();
        rows.AddRange(server.Listeners.Select(listener => ($"listener {listener.Name}", listener.Tcp)));
        foreach (var cluster in server.Destinations.GroupBy(destination => destination.Cluster))
        {
            var sum = default(TcpCounters);
            foreach (var destination in cluster) sum.Add(destination.Tcp);
            rows.Add(($"cluster {cluster.Key}", sum));
            rows.AddRange(cluster.Select(destination => ($"  {destination.Name}", destination.Tcp)));
        }
        rows.RemoveAll(row => IsEmpty(row.Counters));
        if (rows.Count == 0) return;
        WriteTable("forwarded", s_traffic, rows, output);
        WriteTable("ended", s_ends, rows, output);
    }

    private static bool IsEmpty(TcpCounters counters) =>
        s_traffic.All(column => column.Value(counters) == 0) && s_ends.All(column => column.Value(counters) == 0);

    private static void WriteTable(
        string title, (string Name, Func<TcpCounters, long> Value)[] columns,
        List<(string Name, TcpCounters Counters)> rows, TextWriter output)
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
