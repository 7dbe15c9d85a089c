using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>The tables that are printed at shutdown and for SIGUSR1: what each worker did, and their sum.</summary>
internal static class StatisticsReport
{
    private static readonly (string Name, Func<Counters, long> Value)[] s_rows =
    [
        ("connections", c => c.Accepted),
        ("active connections", c => c.Active),
        ("accept errors", c => c.AcceptErrors),
        ("PROXY header errors", c => c.ProxyHeaderErrors),
        ("denied addresses", c => c.Denied),
        ("over the rate", c => c.OverRate),
        ("over a source's rate", c => c.OverSourceRate),
        ("over a source's number", c => c.OverSourceConnections),
        ("requests", c => c.Requests),
        ("answered 2xx", c => c.Answered2xx),
        ("answered 3xx", c => c.Answered3xx),
        ("answered 4xx", c => c.Answered4xx),
        ("answered 5xx", c => c.Answered5xx),
        ("rejected requests", c => c.Rejected),
        ("client timeouts", c => c.DownstreamTimeouts),
        ("client aborts", c => c.DownstreamAborts),
        ("bytes received", c => c.BytesReceived),
        ("bytes sent", c => c.BytesSent),
        ("bytes spliced", c => c.BytesSpliced),
        ("splices without pipe", c => c.PipesMissed),
        ("upstream connects", c => c.UpstreamConnects),
        ("upstream connect errors", c => c.UpstreamConnectErrors),
        ("upstream reuses", c => c.UpstreamReuses),
        ("upstream retries", c => c.UpstreamRetries),
        ("retries denied", c => c.UpstreamRetriesDenied),
        ("upstream hedges", c => c.UpstreamHedges),
        ("hedges that won", c => c.UpstreamHedgeWins),
        ("hedges denied", c => c.UpstreamHedgesDenied),
        ("circuit open", c => c.UpstreamBroken),
        ("upstream waits", c => c.UpstreamWaits),
        ("upstream errors", c => c.UpstreamErrors),
        ("upstream timeouts", c => c.UpstreamTimeouts),
        ("mirrored", c => c.Mirrored),
        ("not mirrored", c => c.MirrorsSkipped),
        ("mirror errors", c => c.MirrorErrors),
        ("unhandled errors", c => c.UnhandledErrors),
    ];

    // Of no interest where nothing is forwarded but requests.
    private static readonly (string Name, Func<Counters, long> Value)[] s_tunnelRows =
    [
        ("tunnels", c => c.Tcp.Opened),
        ("closed by clients", c => c.Tcp.ClientClosed),
        ("closed by origins", c => c.Tcp.OriginClosed),
        ("reset by clients", c => c.Tcp.ClientReset),
        ("reset by origins", c => c.Tcp.OriginReset),
        ("idle for too long", c => c.Tcp.IdleTimeouts),
        ("open for too long", c => c.Tcp.Expired),
        ("cut at the end", c => c.Tcp.Aborted),
        ("cut without memory", c => c.Tcp.NoBuffers),
        ("unreachable", c => c.Tcp.Unreachable),
        ("refused", c => c.Tcp.Refused),
    ];

    // Of io_uring; other engines have nothing to say here.
    private static readonly (string Name, Func<Counters, long> Value)[] s_ringRows =
    [
        ("ring entries", c => c.RingEnters),
        ("ring overflows", c => c.RingOverflows),
        ("ring refusals", c => c.RingRefusals),
        ("ring interrupts", c => c.RingInterrupts),
        ("ring without buffer", c => c.RingStarved),
    ];

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
        var hasTunnels = total.Tcp.Opened + total.Tcp.Unreachable + total.Tcp.ClientReset + total.Tcp.Refused > 0;
        List<(string Name, Func<Counters, long> Value)> rows = [.. s_rows];
        if (hasTunnels) rows.AddRange(s_tunnelRows);
        if (total.RingEnters > 0) rows.AddRange(s_ringRows);
        foreach (var (name, value) in rows)
        {
            output.Write($"{name,-24}{value(total),16}");
            foreach (var worker in workers) output.Write($"{value(worker),16}");
            output.WriteLine();
        }
        if (hasTunnels)
        {
            foreach (var (state, connections) in states) output.WriteLine($"{$"tcp {state}",-24}{connections,16}");
        }
        WriteListeners(server.Listeners, output);
        WriteDestinations(server.Destinations, output);
        ForwardingReport.Write(server, output);
        DatagramReport.Write(server, output);
        if (server.AccessLogDropped > 0) output.WriteLine($"{"access log dropped",-24}{server.AccessLogDropped,16}");
    }

    private static void WriteListeners(IReadOnlyList<ListenerStatistics> listeners, TextWriter output)
    {
        output.WriteLine($"{"listener",-40}{"connections",16}{"active",16}{"refused",16}");
        foreach (var one in listeners)
            output.WriteLine($"{one.Name,-40}{one.Accepted,16}{one.Active,16}{one.Refused,16}");
    }

    private static void WriteDestinations(IReadOnlyList<DestinationStatistics> destinations, TextWriter output)
    {
        if (destinations.Count == 0) return;
        output.WriteLine($"{"destination",-40}{"requests",16}{"failures",16}  state");
        foreach (var destination in destinations)
        {
            var name = $"{destination.Cluster} {destination.Name}";
            var state = destination switch
            {
                { IsChecked: false } => "not healthy",
                { EjectedBy: > 0 } => $"left out by {destination.EjectedBy} workers",
                _ => "healthy",
            };
            output.WriteLine($"{name,-40}{destination.Requests,16}{destination.Failures,16}  {state}");
        }
    }
}
