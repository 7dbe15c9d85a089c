using Tailrace.Config;

namespace Tailrace.Tests.Simulation;

/// <summary>What hedging does to the slowest answers, in virtual time.</summary>
public sealed class HedgingRunTests
{
    private const int UsualMs = 20;
    private const int SlowTimes = 50;
    private const int SlowEvery = 20;

    [Fact]
    public void The_99th_percentile_falls_by_four_fifths_for_less_than_five_percent_more_load()
    {
        var (without, _) = Run(null);
        var (with, load) = Run(new HedgeOptions());
        Assert.True(without >= UsualMs * SlowTimes, $"p99 is {without} ms without hedging");
        Assert.True(with * 5 <= without, $"p99 fell from {without} to {with} ms only");
        Assert.True(load < 1.05, $"{load - 1:P1} more load");
    }

    /// <summary>p99 in milliseconds, and requests to origins for each one of a client.</summary>
    private static (int P99, double Load) Run(HedgeOptions? hedge)
    {
        using var run = new TimedRun();
        var asked = 0;
        run.AddOrigin(_ => ++asked % SlowEvery == 0 ? UsualMs * SlowTimes : UsualMs);
        for (var i = 0; i < 2; i++) run.AddOrigin(_ => UsualMs);
        run.Start(new ClusterOptions { Hedge = hedge });
        run.Ask(clients: 10, milliseconds: 20_000);
        run.Stop();
        Assert.True(run.Latencies.Count > 3000, $"{run.Latencies.Count} requests");
        Assert.All(run.Statuses, status => Assert.Equal(200, status));
        Assert.Equal(run.Latencies.Count + run.Counters.UpstreamHedges, run.Arrivals);
        return (run.Percentile(99), (double)run.Arrivals / run.Latencies.Count);
    }
}
