using Tailrace.Simulation.Scenarios;

namespace Tailrace.Simulation;

/// <summary>One run of a scenario: its seed, its fault, and what came of it.</summary>
internal sealed class SimRun
{
    private SimRun(Scenario scenario, ulong seed, SimFaults faults)
    {
        Scenario = scenario;
        Seed = seed;
        Faults = faults;
    }

    /// <summary>What happened.</summary>
    internal Scenario Scenario { get; }

    /// <summary>What it depends on.</summary>
    internal ulong Seed { get; }

    /// <summary>The fault that was put in.</summary>
    internal SimFaults Faults { get; }

    /// <summary>What a checker found, or null.</summary>
    internal Exception? Failure { get; private set; }

    /// <summary>The fingerprint of all that happened.</summary>
    internal ulong Fingerprint { get; private set; }

    /// <summary>The command that does it again.</summary>
    internal string Command
    {
        get
        {
            var fault = Faults.FailOperation > 0 ? $" --fail-operation {Faults.FailOperation}" : "";
            if (Faults.StarveTurn > 0)
                fault += $" --starve-turn {Faults.StarveTurn} --starve-after {Faults.StarveAfter}";
            return "dotnet run -c Release --project tests/Tailrace.Simulation --"
                + $" --scenario {Scenario.Name} --seed {Seed}{fault}";
        }
    }

    /// <summary>Runs a scenario once.</summary>
    internal static SimRun Of(Scenario scenario, ulong seed, SimFaults? faults = null)
    {
        var run = new SimRun(scenario, seed, faults ?? new SimFaults());
        using var world = new SimWorld(seed, scenario.Conditions, run.Faults);
        try
        {
            scenario.Run(world);
        }
        catch (Exception exception)
        {
            run.Failure = exception;
        }
        run.Fingerprint = world.Fingerprint;
        return run;
    }

    /// <summary>Lets the first operation fail, then the second, and so on until no operation is left to fail.</summary>
    /// <param name="scenario">What happens.</param>
    /// <param name="seed">What it depends on.</param>
    /// <param name="step">1 for every operation; more to look at a part of them.</param>
    /// <returns>The run that did not stand it, or null.</returns>
    internal static SimRun? SweepOperations(Scenario scenario, ulong seed, int step) =>
        Sweep(scenario, seed, step, n => new SimFaults { FailOperation = n });

    /// <summary>The same for the rents of the first turn, of the second, and so on.</summary>
    internal static SimRun? SweepRents(Scenario scenario, ulong seed, int step, int after) =>
        Sweep(scenario, seed, step, n => new SimFaults { StarveTurn = n, StarveAfter = after });

    private static SimRun? Sweep(Scenario scenario, ulong seed, int step, Func<long, SimFaults> faultAt)
    {
        for (var n = 1L; ; n += step)
        {
            var run = Of(scenario, seed, faultAt(n));
            if (run.Failure is not null) return run;
            if (!run.Faults.HasStruck) return null;
        }
    }
}
