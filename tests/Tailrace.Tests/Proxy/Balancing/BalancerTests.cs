using Tailrace.Proxy;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Tests.Proxy.Balancing;

/// <summary>What holds of every policy.</summary>
public sealed class BalancerTests
{
    public static TheoryData<string> Policies => [.. Enum.GetNames<BalancingPolicy>()];

    [Theory, MemberData(nameof(Policies))]
    public void Each_is_tried_once_and_then_nobody_is_left(string policy)
    {
        foreach (var count in new[] { 1, 2, 3, 64, 65, 200 })
        {
            var balancer = Make(policy, [.. Enumerable.Range(1, count)]);
            Assert.Equal(Enumerable.Range(0, count), balancer.Exhaust().Order());
        }
    }

    [Theory, MemberData(nameof(Policies))]
    public void Without_candidates_there_is_no_choice(string policy)
    {
        var balancer = Make(policy, 1, 1);
        balancer.SetCandidates([]);
        Assert.Null(balancer.Pick(7, default));
    }

    [Theory, MemberData(nameof(Policies))]
    public void Who_is_no_candidate_is_not_chosen_and_comes_back(string policy)
    {
        var destinations = Picks.Make(1, 1, 1);
        var balancer = Make(policy, destinations);
        destinations[1].IsCandidate = false;
        balancer.SetCandidates([destinations[0], destinations[2]]);
        Assert.Equal(0, balancer.Shares(destinations, 3000)[1]);
        destinations[1].IsCandidate = true;
        balancer.SetCandidates(destinations);
        Assert.InRange(balancer.Shares(destinations, 3000)[1], 800, 1200);
    }

    [Theory, MemberData(nameof(Policies))]
    public void Who_is_full_is_passed_over(string policy)
    {
        var destinations = Picks.Make(1, 1, 1, 1);
        var balancer = Make(policy, destinations);
        var load = new ClusterLoad();
        var caps = Caps.Of(new ClusterSettings { Name = "c", RequestsPerDestinationMax = 2 }, load);
        foreach (var destination in destinations) destination.Caps = caps;
        for (var i = 0; i < 8; i++) balancer.Pick((ulong)i << 60, default)!.Active++;
        Assert.All(destinations, destination => Assert.Equal(2, destination.Active));
        Assert.Null(balancer.Pick(0, default));
        destinations[2].Active--;
        Assert.Same(destinations[2], balancer.Pick(0, default));
        Assert.Null(balancer.Pick(0, Picks.Tried(2)));
    }

    [Theory]
    [InlineData("RoundRobin")]
    [InlineData("Random")]
    [InlineData("LeastRequests")]
    [InlineData("Hash")]
    public void Weights_are_shares(string policy)
    {
        int[] weights = [1, 2, 7, 20];
        var destinations = Picks.Make(weights);
        var shares = Make(policy, destinations).Shares(destinations, 30_000);
        for (var i = 0; i < weights.Length; i++) Assert.InRange(shares[i], weights[i] * 850, weights[i] * 1150);
    }

    [Theory]
    [InlineData("RoundRobin")]
    [InlineData("LeastRequests")]
    [InlineData("Random")]
    public void A_share_that_changes_counts_from_then_on(string policy)
    {
        var destinations = Picks.Make(1, 1);
        var balancer = Make(policy, destinations);
        destinations[0].Share = Destination.ShareOfWeight / 4;
        balancer.OnSharesChanged();
        var shares = balancer.Shares(destinations, 10_000);
        Assert.InRange((double)shares[1] / shares[0], 2.5, 6);
    }

    private static Balancer Make(string policy, params int[] weights) => Make(policy, Picks.Make(weights));

    private static Balancer Make(string policy, Destination[] destinations)
    {
        var settings = new BalancingSettings { Policy = Enum.Parse<BalancingPolicy>(policy) };
        return Picks.Over(Balancer.Create(settings, destinations, new ClusterLoad(), seed: 5), destinations);
    }
}
