using System.Globalization;
using Tailrace.Chaos;
using Tailrace.Chaos.Http;
using Tailrace.Chaos.Tcp;
using Tailrace.Config;

// Tailrace.Chaos [--protocol http|tcp] [--engine epoll|io_uring|portable] [--seconds N] [--seed S] [--clients N]
//                [--pipes N]
//
// Two workers between clients and origins at their worst: requests and answers (HttpChaos), or streams (TcpChaos). Each
// has to come to one end that can be told from every other. Exit code 0 when all did.
var options = new Dictionary<string, string>();
for (var i = 0; i + 1 < args.Length; i += 2) options[args[i]] = args[i + 1];
var isTcp = options.GetValueOrDefault("--protocol") == "tcp";
var engine = options.GetValueOrDefault("--engine", "epoll") switch
{
    "io_uring" => EngineChoice.IoUring,
    "portable" => EngineChoice.Portable,
    _ => EngineChoice.Epoll,
};
var settings = new Settings(engine, Number("--seconds", 20), Number("--seed", Environment.TickCount & 0xffffff),
    Number("--clients", 100), Number("--pipes", 16));

Pauses.Watch();
var tally = new Tally();
var ran = isTcp ? await TcpChaos.RunAsync(settings, tally) : await HttpChaos.RunAsync(settings, tally);

Console.WriteLine(tally);
foreach (var violation in tally.Violations.Take(40)) Console.WriteLine($"WRONG  {violation}");
Console.WriteLine($"{settings.Seconds} s of {(isTcp ? "TCP" : "HTTP")} chaos on {ran}, "
    + $"seed {settings.Seed}: {tally.Violations.Count} violations");
return tally.Violations.Count == 0 ? 0 : 1;

int Number(string option, int otherwise) =>
    options.TryGetValue(option, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
