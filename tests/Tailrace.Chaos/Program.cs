using System.Globalization;
using System.Net;
using Tailrace.Chaos;
using Tailrace.Config;
using Tailrace.Hosting;

// Tailrace.Chaos [--engine epoll|io_uring|portable] [--seconds N] [--seed S] [--clients N]
//
// Two workers between clients and three origins that are killed, hang, reset, answer garbage, twice or by halves. Every
// request has to come to one end that can be told from every other. Exit code 0 when all did.
var options = new Dictionary<string, string>();
for (var i = 0; i + 1 < args.Length; i += 2) options[args[i]] = args[i + 1];
var seconds = Number("--seconds", 20);
var seed = Number("--seed", Environment.TickCount & 0xffffff);
var engine = options.GetValueOrDefault("--engine", "epoll") switch
{
    "io_uring" => EngineChoice.IoUring,
    "portable" => EngineChoice.Portable,
    _ => EngineChoice.Epoll,
};

Pauses.Watch();
var tally = new Tally();
ChaosOrigin[] origins = [.. Enumerable.Range(0, 3).Select(i => new ChaosOrigin(seed * 10 + i, tally))];
foreach (var origin in origins) origin.Start();
var timeout = TimeSpan.FromSeconds(1);
using var server = new Server(new TailraceOptions
{
    Workers = 2,
    Engine = engine,
    Log = new LogOptions { Level = LogLevel.Error },
    Listeners = [new ListenerOptions { Address = "127.0.0.1:0", Routes = [new RouteOptions { Cluster = "origins" }] }],
    Clusters = new Dictionary<string, ClusterOptions>
    {
        ["origins"] = new()
        {
            Destinations = [.. origins.Select(origin => (DestinationOptions)$"http://{origin.Address}")],
            Timeouts = new ClusterTimeouts { Connect = timeout, FirstByte = timeout, Idle = timeout },
        },
    },
});
server.Start();
using var end = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
var address = (IPEndPoint)server.Addresses[0];
var clients = Enumerable.Range(0, Number("--clients", 100)).Select(i => new ChaosClient(seed * 1000 + i, address, tally).RunAsync(end.Token));
var lives = origins.Select(origin => origin.LiveAsync(end.Token)).ToArray();
await Task.WhenAll(clients);
await Task.WhenAll(lives);
server.Stop(TimeSpan.FromSeconds(10));
foreach (var origin in origins) origin.Kill();
Judge();

Console.WriteLine(tally);
foreach (var violation in tally.Violations.Take(40)) Console.WriteLine($"WRONG  {violation}");
Console.WriteLine($"{seconds} s of chaos on {server.Engine}, seed {seed}: {tally.Violations.Count} violations");
return tally.Violations.Count == 0 ? 0 : 1;

int Number(string option, int otherwise) =>
    options.TryGetValue(option, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

void Judge()
{
    string[] ends = ["answered", "visibly cut", "closed before an answer", "client left", "lost in a pause",
        "refused with 408", "refused with 502", "refused with 503", "refused with 504"];
    var ended = ends.Sum(tally.Of);
    if (ended != tally.Of("asked")) tally.Violation($"{tally.Of("asked")} requests came to {ended} ends");
    if (tally.Of("answered") == 0) tally.Violation("nothing was answered");
    var failures = server.Statistics.Sum(counters => counters.UnhandledErrors);
    if (failures > 0) tally.Violation($"{failures} handlers failed");
    var active = server.Statistics.Sum(counters => counters.Active + counters.UpstreamIdle);
    if (active != 0) tally.Violation($"{active} connections are left");
    foreach (var worker in server.Workers)
    {
        if (worker.Reactor.Buffers.Rented != 0) tally.Violation($"{worker.Reactor.Buffers.Rented} blocks are out");
    }
}
