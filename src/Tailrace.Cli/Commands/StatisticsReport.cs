using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>The tables that are printed at shutdown and for SIGUSR1: what each worker did, and their sum.</summary>
/// <remarks>What was never counted is left out, but for a few rows that everybody looks for.</remarks>
internal static class StatisticsReport
{
    private static readonly HashSet<string> s_always = ["connections", "requests", "received_bytes", "sent_bytes"];

    /// <summary>Prints the tables of a server, one that runs or one that has stopped.</summary>
    public static void Write(Server server, TextWriter output)
    {
        var states = server.TcpStates();
        var workers = server.Statistics;
        var total = new Counters();
        foreach (var worker in workers) total.Add(worker);
        output.Write($"{"",-24}{"total",16}");
        for (var i = 0; i < workers.Count; i++) output.Write($"{$"worker {i}",16}");
        output.WriteLine();
        // Of the whole process; a server in steady state adds to neither.
        output.WriteLine($"{"garbage collections",-24}{GC.CollectionCount(0),16}");
        output.WriteLine($"{"managed bytes",-24}{GC.GetTotalAllocatedBytes(),16}");
        foreach (var metric in Metrics.Worker)
        {
            if (metric.Value(total) != 0 || s_always.Contains(metric.Name)) WriteRow(metric.Title, metric.Value);
        }
        foreach (var metric in Metrics.Tcp)
        {
            if (metric.Value(total.Tcp) != 0) WriteRow($"tcp {metric.Title}", counters => metric.Value(counters.Tcp));
        }
        foreach (var (state, connections) in states)
        {
            if (connections > 0) output.WriteLine($"{$"tcp state {state}",-24}{connections,16}");
        }
        new CounterTable<ListenerStatistics>("listener", ListenerStatistics.Metrics)
            .Write(server.Listeners.Select(one => new CounterRow<ListenerStatistics>(one.Name, one)), output);
        WriteDestinations(server.Destinations, output);
        ForwardingReport.Write(server, output);
        DatagramReport.Write(server, output);
        if (server.AccessLogDropped > 0) output.WriteLine($"{"access log dropped",-24}{server.AccessLogDropped,16}");

        void WriteRow(string title, Func<Counters, long> value)
        {
            output.Write($"{title,-24}{value(total),16}");
            foreach (var worker in workers) output.Write($"{value(worker),16}");
            output.WriteLine();
        }
    }

    private static void WriteDestinations(IReadOnlyList<DestinationStatistics> destinations, TextWriter output)
    {
        if (destinations.Count == 0) return;
        var width = Math.Max(32, destinations.Max(one => NameOf(one).Length) + 1);
        output.WriteLine($"{"destination".PadRight(width)}{"requests",16}{"failures",16}  state");
        foreach (var destination in destinations)
        {
            var state = destination switch
            {
                { IsChecked: false } => "not healthy",
                { EjectedBy: > 0 } => $"left out by {destination.EjectedBy} workers",
                _ => "healthy",
            };
            var name = NameOf(destination).PadRight(width);
            output.WriteLine($"{name}{destination.Requests,16}{destination.Failures,16}  {state}");
        }
    }

    private static string NameOf(DestinationStatistics one) => $"{one.Cluster} {one.Name}";
}
