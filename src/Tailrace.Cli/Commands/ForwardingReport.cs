using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>The tables of forwarded connections: for each listener, cluster and destination.</summary>
internal static class ForwardingReport
{
    private static readonly CounterTable<TcpCounters> s_traffic = new("forwarded",
        ("opened", c => c.Opened),
        ("active", c => c.Active),
        ("to origins", c => c.BytesUp),
        ("to clients", c => c.BytesDown),
        ("connect errors", c => c.ConnectErrors));

    private static readonly CounterTable<TcpCounters> s_ends = new("ended",
        ("client-closed", c => c.ClientClosed),
        ("origin-closed", c => c.OriginClosed),
        ("client-reset", c => c.ClientReset),
        ("origin-reset", c => c.OriginReset),
        ("idle", c => c.IdleTimeouts),
        ("expired", c => c.Expired),
        ("unreachable", c => c.Unreachable),
        ("refused", c => c.Refused),
        ("no-buffers", c => c.NoBuffers),
        ("stopped", c => c.Aborted));

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
        rows.RemoveAll(row => s_traffic.IsEmpty(row.Counters) && s_ends.IsEmpty(row.Counters));
        if (rows.Count == 0) return;
        s_traffic.Write(rows, output);
        s_ends.Write(rows, output);
    }
}
