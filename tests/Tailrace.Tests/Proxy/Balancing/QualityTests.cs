using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Proxy.Balancing;
using Tailrace.Simulation.Balancing;

namespace Tailrace.Tests.Proxy.Balancing;

/// <summary>What many proxies make of many destinations: the claims of docs/balancing-quality.md, in small.</summary>
public sealed class QualityTests
{
    [Fact]
    public void Asking_two_beats_asking_none()
    {
        var (random, two) = (Run(BalancingPolicy.Random), Run(BalancingPolicy.TwoChoices));
        Assert.InRange(two.Quantile(0.99), 0, 0.5 * random.Quantile(0.99));
        Assert.InRange(two.Imbalance, 0, 0.7 * random.Imbalance);
    }

    [Fact]
    public void Asking_all_beats_asking_two() =>
        Assert.InRange(Run(BalancingPolicy.LeastRequests).Quantile(0.99), 0, Run(BalancingPolicy.TwoChoices).Quantile(0.99));

    [Fact]
    public void Those_that_ask_nobody_need_weights_where_speeds_differ()
    {
        var blind = Run(BalancingPolicy.RoundRobin);
        var weighted = Run(BalancingPolicy.RoundRobin, setup => setup with { HasWeights = true });
        Assert.InRange(weighted.Quantile(0.99), 0, 0.6 * blind.Quantile(0.99));
    }

    [Fact]
    public void A_bound_on_the_load_tames_a_hash()
    {
        var free = Run(BalancingPolicy.Hash);
        var bound = Run(BalancingPolicy.Hash, setup => setup with { LoadBoundPercent = 125 });
        Assert.InRange(bound.Quantile(0.99), 0, 0.6 * free.Quantile(0.99));
    }

    [Theory]
    [InlineData("RoundRobin")]
    [InlineData("LeastRequests")]
    [InlineData("TwoChoices")]
    public void Many_that_start_together_do_not_fall_into_step(string policy)
    {
        var setup = Setup(Enum.Parse<BalancingPolicy>(policy)) with { Proxies = 400, Destinations = 100, Speeds = [1] };
        var scattered = new BalancingModel(setup).Run();
        var together = new BalancingModel(setup with { IsScattered = false }).Run();
        Assert.InRange(scattered.Quantile(0.99), 0, 0.8 * together.Quantile(0.99));
    }

    [Fact]
    public void Each_server_has_dice_of_its_own()
    {
        using var one = new Server(new TailraceOptions());
        using var other = new Server(new TailraceOptions());
        Assert.NotEqual(0ul, one.Seed);
        Assert.NotEqual(one.Seed, other.Seed);
    }

    [Fact]
    public void A_seed_says_it_all()
    {
        var (one, again) = (Run(BalancingPolicy.TwoChoices), Run(BalancingPolicy.TwoChoices));
        Assert.Equal(one.Latencies, again.Latencies);
        Assert.NotEqual(one.Latencies, Run(BalancingPolicy.TwoChoices, setup => setup with { Seed = 2 }).Latencies);
    }

    private static BalancingSetup Setup(BalancingPolicy policy) => new()
    {
        Policy = policy,
        Proxies = 2,
        Destinations = 100,
        Speeds = [1, 0.5],
        Requests = 20_000,
    };

    private static BalancingResult Run(BalancingPolicy policy, Func<BalancingSetup, BalancingSetup>? change = null) =>
        new BalancingModel((change ?? (setup => setup))(Setup(policy))).Run();
}
