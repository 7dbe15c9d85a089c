using Tailrace.Config;

namespace Tailrace.Tests.Simulation;

/// <summary>How the limit of requests in flight is found, in virtual time.</summary>
public sealed class AdaptiveRunTests
{
    private const int ServiceMs = 50;

    [Fact]
    public void Under_an_overload_it_comes_to_what_the_origin_can_do_and_stays_there()
    {
        using var run = new TimedRun();
        run.AddOrigin(Machine(processors: 10));
        run.Start(Adaptive(new AdaptiveOptions { Initial = 200, Probe = TimeSpan.FromSeconds(10) }));
        var limits = new List<int>();
        var begins = run.Now + 10_000;
        run.Ask(clients: 100, milliseconds: 40_000, () =>
        {
            if (run.Now > begins) limits.Add(run.Cluster.Limit!.Limit);
        });
        run.Stop();
        // Ten at a time are all it can do; a few more wait in front of it.
        Assert.InRange(limits.Max(), 10, 60);
        Assert.InRange(limits.Average(), 10, 30);
        Assert.True(limits.Min() >= 4, $"{limits.Min()}");
        var done = run.Statuses.Count(status => status == 200);
        // 10 at a time, 50 ms each: probing costs a little of it. The last ones end after the time.
        Assert.InRange(done, 40_000 / ServiceMs * 10 * 80 / 100, 40_000 / ServiceMs * 10 + 100);
    }

    [Fact]
    public void Nobody_starves()
    {
        using var run = new TimedRun();
        run.AddOrigin(Machine(processors: 1));
        run.Start(Adaptive(new AdaptiveOptions { Min = 2, Initial = 2, Samples = 10 }, queue: 1000));
        run.Ask(clients: 30, milliseconds: 30_000);
        run.Stop();
        Assert.All(run.Statuses, status => Assert.Equal(200, status));
        // First come, first served: all wait about as long.
        Assert.True(run.Latencies.Max() < 30 * ServiceMs * 2, $"{run.Latencies.Max()} ms");
    }

    [Fact]
    public void Without_pressure_it_is_in_nobodys_way()
    {
        using var run = new TimedRun();
        run.AddOrigin(_ => ServiceMs);
        run.Start(Adaptive(new AdaptiveOptions()));
        run.Ask(clients: 15, milliseconds: 40_000);
        run.Stop();
        Assert.Equal(0, run.Statuses.Count(status => status != 200));
    }

    [Fact]
    public void It_grows_where_more_is_asked_and_answered_as_fast()
    {
        using var run = new TimedRun();
        run.AddOrigin(_ => ServiceMs);
        run.Start(Adaptive(new AdaptiveOptions { Initial = 4 }, queue: 1000));
        run.Ask(clients: 60, milliseconds: 20_000);
        run.Stop();
        Assert.InRange(run.Cluster.Limit!.Limit, 60, 200);
    }

    [Fact]
    public void What_has_become_slower_for_good_is_found_out()
    {
        using var run = new TimedRun();
        var slow = false;
        run.AddOrigin(_ => slow ? ServiceMs * 3 : ServiceMs);
        run.Start(Adaptive(new AdaptiveOptions { Probe = TimeSpan.FromSeconds(10) }, queue: 1000));
        run.Ask(clients: 40, milliseconds: 15_000);
        slow = true;
        run.Ask(clients: 40, milliseconds: 60_000);
        run.Stop();
        Assert.InRange(run.Cluster.Limit!.Limit, 40, 200);
    }

    private static ClusterOptions Adaptive(AdaptiveOptions options, int queue = 0) => new()
    {
        Adaptive = options,
        Queue = new QueueOptions { Length = queue, Timeout = TimeSpan.FromSeconds(60) },
    };

    /// <summary>So many requests at a time; others wait for their turn.</summary>
    private static Func<long, int> Machine(int processors)
    {
        var free = new long[processors];
        return now =>
        {
            var first = Array.IndexOf(free, free.Min());
            free[first] = Math.Max(free[first], now) + ServiceMs;
            return (int)(free[first] - now);
        };
    }
}
