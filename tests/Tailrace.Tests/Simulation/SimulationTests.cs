using Tailrace.Simulation;
using Tailrace.Simulation.Scenarios;

namespace Tailrace.Tests.Simulation;

/// <summary>
/// Every scenario with seeds that never change and with new ones; what fails is printed as a command.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int FixedSeeds = 200;
    private const int NewSeeds = 100;

    public static TheoryData<string> Names => [.. Scenario.All.Select(scenario => scenario.Name)];

    [Theory, MemberData(nameof(Names))]
    public void It_holds_for_seeds_that_never_change(string name)
    {
        for (var seed = 1ul; seed <= FixedSeeds; seed++) Check(SimRun.Of(Find(name), seed));
    }

    [Theory, MemberData(nameof(Names))]
    public void It_holds_for_new_seeds(string name)
    {
        var first = (ulong)Random.Shared.NextInt64(1_000_000, 1_000_000_000);
        output.WriteLine($"seeds from {first} on");
        for (var seed = first; seed < first + NewSeeds; seed++) Check(SimRun.Of(Find(name), seed));
    }

    [Theory, MemberData(nameof(Names))]
    public void The_same_seed_is_the_same_run(string name)
    {
        var fingerprints = new HashSet<ulong>();
        for (var seed = 1ul; seed <= 10; seed++)
        {
            var run = SimRun.Of(Find(name), seed);
            Assert.Equal(run.Fingerprint, SimRun.Of(Find(name), seed).Fingerprint);
            fingerprints.Add(run.Fingerprint);
        }
        Assert.Equal(10, fingerprints.Count);
    }

    [Theory, MemberData(nameof(Names))]
    public void It_stands_the_failure_of_any_operation(string name)
    {
        for (var seed = 1ul; seed <= 3; seed++) Check(SimRun.SweepOperations(Find(name), seed, step: 11));
    }

    [Theory, MemberData(nameof(Names))]
    public void It_stands_the_failure_of_any_rent(string name)
    {
        for (var seed = 1ul; seed <= 3; seed++)
        {
            Check(SimRun.SweepRents(Find(name), seed, step: 23, after: 0));
            Check(SimRun.SweepRents(Find(name), seed, step: 29, after: 1));
        }
    }

    private static Scenario Find(string name) => Scenario.All.Single(scenario => scenario.Name == name);

    private static void Check(SimRun? run)
    {
        if (run?.Failure is { } failure) Assert.Fail($"{run.Command}\n{failure}");
    }
}
