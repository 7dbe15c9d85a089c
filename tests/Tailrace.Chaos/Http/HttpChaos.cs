using System.Net;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;

namespace Tailrace.Chaos.Http;

/// <summary>
/// Requests through a server to three origins that are killed, hang, reset, answer garbage, twice or by halves.
/// </summary>
internal static class HttpChaos
{
    private static readonly string[] s_ends =
    [
        "answered", "visibly cut", "closed before an answer", "client left", "lost in a pause",
        "refused with 408", "refused with 502", "refused with 503", "refused with 504",
    ];

    /// <summary>Has everybody do their worst, and judges what came of it.</summary>
    /// <returns>The engine that it ran on.</returns>
    internal static async Task<Engine> RunAsync(Settings settings, Tally tally)
    {
        var seed = settings.Seed;
        ChaosOrigin[] origins = [.. Enumerable.Range(0, 3).Select(i => new ChaosOrigin(seed * 10 + i, tally))];
        foreach (var origin in origins) origin.Start();
        using var server = new Server(OptionsOf(settings, origins));
        server.Start();
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(settings.Seconds));
        var address = (IPEndPoint)server.Addresses[0];
        var clients = Enumerable.Range(0, settings.Clients)
            .Select(i => new ChaosClient(seed * 1000 + i, address, tally).RunAsync(end.Token));
        var lives = origins.Select(origin => origin.LiveAsync(end.Token)).ToArray();
        await Task.WhenAll(clients);
        await Task.WhenAll(lives);
        server.Stop(TimeSpan.FromSeconds(10));
        foreach (var origin in origins) origin.Kill();
        Judge(server, tally);
        return server.Engine;
    }

    private static TailraceOptions OptionsOf(Settings settings, ChaosOrigin[] origins)
    {
        var timeout = TimeSpan.FromSeconds(1);
        return new TailraceOptions
        {
            Workers = 2,
            Engine = settings.Engine,
            Log = new LogOptions { Level = LogLevel.Error },
            Listeners =
            [
                new ListenerOptions { Address = "127.0.0.1:0", Routes = [new RouteOptions { Cluster = "origins" }] },
            ],
            Clusters = new Dictionary<string, ClusterOptions>
            {
                ["origins"] = new()
                {
                    Destinations = [.. origins.Select(origin => (DestinationOptions)$"http://{origin.Address}")],
                    Timeouts = new ClusterTimeouts { Connect = timeout, FirstByte = timeout, Idle = timeout },
                },
            },
        };
    }

    private static void Judge(Server server, Tally tally)
    {
        var ended = s_ends.Sum(tally.Of);
        if (ended != tally.Of("asked")) tally.Violation($"{tally.Of("asked")} requests came to {ended} ends");
        if (tally.Of("answered") == 0) tally.Violation("nothing was answered");
        Remains.Judge(server, tally);
    }
}
