using Tailrace.Proxy;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Tests.Proxy.Balancing;

/// <summary>Keys stay with their destination while it can be chosen, and move no further than they must.</summary>
public sealed class ConsistentHashTests
{
    private const int Keys = 20_000;

    [Fact]
    public void A_key_has_one_destination()
    {
        var (balancer, _, _) = Make(0, [1, 1, 1, 1, 1]);
        for (var key = 1ul; key < 1000; key++)
            Assert.Same(balancer.Pick(StableHash.Next(key), default), balancer.Pick(StableHash.Next(key), default));
    }

    [Fact]
    public void When_one_goes_only_its_keys_move_and_they_return_with_it()
    {
        var (balancer, destinations, _) = Make(0, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
        var before = Map(balancer);
        destinations[3].IsCandidate = false;
        balancer.SetCandidates([.. destinations.Where(destination => destination.IsCandidate)]);
        var during = Map(balancer);
        Assert.All(before.Zip(during), pair => Assert.True(pair.First == pair.Second || pair.First == 3));
        var moved = during.Where((_, key) => before[key] == 3).CountBy(index => index).ToDictionary();
        Assert.Equal(9, moved.Count);
        Assert.All(moved.Values, count => Assert.InRange(count, Keys / 90 * 0.7, Keys / 90 * 1.3));
        destinations[3].IsCandidate = true;
        balancer.SetCandidates(destinations);
        Assert.Equal(before, Map(balancer));
    }

    [Fact]
    public void A_key_whose_destination_was_tried_has_a_second_one()
    {
        var (balancer, _, _) = Make(0, [1, 1, 1]);
        var first = balancer.Pick(77, default)!;
        var second = balancer.Pick(77, Picks.Tried(first.Index))!;
        Assert.NotSame(first, second);
        Assert.Same(second, balancer.Pick(77, Picks.Tried(first.Index)));
    }

    [Fact]
    public void A_bound_keeps_one_popular_key_from_having_all_of_one()
    {
        var (balancer, destinations, load) = Make(150, [1, 1, 1, 1]);
        for (var i = 0; i < 400; i++)
        {
            balancer.Pick(77, default)!.Active++;
            load.Active++;
        }
        // 150 % of 100 each; the next in line has as many, and so on.
        Assert.Equal([0, 100, 150, 150], destinations.Select(destination => destination.Active).Order());
    }

    [Fact]
    public void A_bound_goes_by_weight()
    {
        var (balancer, destinations, load) = Make(110, [1, 9]);
        for (var i = 0; i < 1000; i++)
        {
            balancer.Pick(StableHash.Next((ulong)i), default)!.Active++;
            load.Active++;
        }
        Assert.InRange(destinations[0].Active, 60, 110);
    }

    [Fact]
    public void Where_all_are_above_the_bound_the_key_stays()
    {
        var (balancer, destinations, _) = Make(101, [1, 1]);
        // More than the cluster has, as it may look between two attempts.
        foreach (var destination in destinations) destination.Active = 10;
        Assert.NotNull(balancer.Pick(77, default));
    }

    private static int[] Map(Balancer balancer) =>
        [.. Enumerable.Range(0, Keys).Select(key => balancer.Pick(StableHash.Next((ulong)key), default)!.Index)];

    private static (Balancer, Destination[], ClusterLoad) Make(int bound, int[] weights)
    {
        var (destinations, load) = (Picks.Make(weights), new ClusterLoad());
        var settings = new BalancingSettings { Policy = BalancingPolicy.Hash, LoadBoundPercent = bound };
        return (Picks.Over(Balancer.Create(settings, destinations, load, 0), destinations), destinations, load);
    }
}
