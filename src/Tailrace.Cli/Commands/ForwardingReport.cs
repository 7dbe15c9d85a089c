using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>The tables of forwarded connections: for each listener, cluster and destination.</summary>
internal static class ForwardingReport
{
    private static readonly CounterTable<TcpCounters> s_traffic = new("forwarded", Metrics.Tcp.Where(m => !IsEnd(m)));
    private static readonly CounterTable<TcpCounters> s_ends = new("ended", Metrics.Tcp.Where(IsEnd));

    /// <summary>Prints the tables; nothing where nothing was forwarded.</summary>
    public static void Write(Server server, TextWriter output)
    {
        var rows = new List<CounterRow<TcpCounters>>();
        foreach (var listener in server.Listeners) rows.Add(new($"listener {listener.Name}", listener.Tcp));
        foreach (var cluster in server.Destinations.GroupBy(destination => destination.Cluster))
        {
            var sum = default(TcpCounters);
            foreach (var destination in cluster) sum.Add(destination.Tcp);
            rows.Add(new($"cluster {cluster.Key}", sum));
            foreach (var destination in cluster) rows.Add(new($"  {destination.Name}", destination.Tcp));
        }
        s_traffic.Write(rows, output);
        s_ends.Write(rows, output);
    }

    private static bool IsEnd(Metric<TcpCounters> metric) => metric.Name == "tcp_ended_connections";
}
