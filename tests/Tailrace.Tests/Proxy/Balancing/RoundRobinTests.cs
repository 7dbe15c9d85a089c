using Tailrace.Proxy.Balancing;

namespace Tailrace.Tests.Proxy.Balancing;

/// <summary>Turns in proportion to the weights, spread evenly.</summary>
public sealed class RoundRobinTests
{
    [Theory]
    [InlineData("aaaaaa", 1)]
    [InlineData("abcabc", 1, 1, 1)]
    [InlineData("aabacaaaabacaa", 5, 1, 1)]
    [InlineData("abaaba", 2, 1)]
    [InlineData("abcabcab", 7, 7, 7)]
    public void Destinations_take_turns(string expected, params int[] weights) =>
        Assert.Equal(expected, Make(weights).Turns(expected.Length));

    [Fact]
    public void Every_round_has_each_as_often_as_its_weight()
    {
        int[] weights = [3, 1, 7, 2, 11];
        var destinations = Picks.Make(weights);
        var balancer = Picks.Over(new RoundRobin(), destinations);
        for (var round = 0; round < 10; round++) Assert.Equal(weights, balancer.Shares(destinations, weights.Sum()));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 2, 3)]
    public void Those_that_were_tried_are_left_out(params int[] weights)
    {
        var balancer = Make(weights);
        Assert.Equal("bbbbbb", balancer.Turns(6, tried: [0, 2]));
        Assert.Null(balancer.Pick(0, Picks.Tried(0, 1, 2)));
    }

    [Fact]
    public void The_only_one_is_not_tried_twice() => Assert.Null(Make(1).Pick(0, Picks.Tried(0)));

    [Theory]
    [InlineData(2, 1, 1)]
    [InlineData(3, 1, 2)]
    public void What_was_left_out_has_no_debt_afterwards(int round, params int[] weights)
    {
        var balancer = Make(weights);
        balancer.Turns(10, tried: [0]);
        Assert.Equal(2, balancer.Turns(2 * round).Count(turn => turn == 'a'));
    }

    [Fact]
    public void Fewer_candidates_go_on_in_turn()
    {
        var destinations = Picks.Make(1, 1, 1);
        var balancer = Picks.Over(new RoundRobin(), destinations);
        balancer.Turns(2);
        balancer.SetCandidates([destinations[0], destinations[1]]);
        Assert.Equal("abab", balancer.Turns(4));
    }

    private static RoundRobin Make(params int[] weights) => Picks.Over(new RoundRobin(), Picks.Make(weights));
}
