using System.Globalization;
using Tailrace.Simulation;
using Tailrace.Simulation.Balancing;
using Tailrace.Simulation.Scenarios;

// Runs scenarios in simulated worlds:
//   --scenario NAME   one of them; without it, all
//   --seed N          the first seed; without it, one of the time of day
//   --runs N          how many seeds, counting up
//   --sweep           besides, fail every operation and starve every turn of the first seed
//   --fail-operation N, --starve-turn N, --starve-after N   the fault of one run
// or measures the policies of load balancing, for docs/balancing-quality.md:
//   --balancing FOLDER [--seed N]   tables to standard output, plots to the folder
var options = new Dictionary<string, string>();
for (var i = 0; i < args.Length; i++)
{
    var hasValue = i + 1 < args.Length && !args[i + 1].StartsWith('-');
    options[args[i]] = hasValue ? args[++i] : "1";
}
if (options.TryGetValue("--balancing", out var folder))
{
    BalancingReport.Write(folder, (ulong)Number("--seed", 1));
    return 0;
}
var seed = Number("--seed", Environment.TickCount64);
var runs = Number("--runs", 1);
var failed = 0;
foreach (var scenario in Scenario.All)
{
    if (options.TryGetValue("--scenario", out var name) && name != scenario.Name) continue;
    for (var i = 0L; i < runs; i++)
    {
        var faults = new SimFaults
        {
            FailOperation = Number("--fail-operation", 0),
            StarveTurn = Number("--starve-turn", 0),
            StarveAfter = (int)Number("--starve-after", 0),
        };
        Report(SimRun.Of(scenario, (ulong)(seed + i), faults));
    }
    if (!options.ContainsKey("--sweep")) continue;
    Report(SimRun.SweepOperations(scenario, (ulong)seed, step: 1));
    Report(SimRun.SweepRents(scenario, (ulong)seed, step: 1, after: 0));
    Report(SimRun.SweepRents(scenario, (ulong)seed, step: 1, after: 1));
}
Console.WriteLine(failed == 0 ? $"all runs hold, from seed {seed} on" : $"{failed} runs failed");
return failed == 0 ? 0 : 1;

long Number(string option, long otherwise) =>
    options.TryGetValue(option, out var text) ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;

void Report(SimRun? run)
{
    if (run?.Failure is not { } failure) return;
    failed++;
    Console.WriteLine($"{run.Command}\n  {(failure is SimFailure ? failure.Message : failure)}");
}
