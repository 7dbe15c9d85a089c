using Tailrace.Proxy.Balancing;

namespace Tailrace.Tests.Proxy.Balancing;

/// <summary>The policies that go by what is in flight.</summary>
public sealed class BusyTests
{
    [Fact]
    public void The_least_busy_gets_it()
    {
        var destinations = Picks.Make(1, 1, 1);
        var balancer = Picks.Over(new LeastRequests(), destinations);
        (destinations[0].Active, destinations[1].Active, destinations[2].Active) = (2, 1, 2);
        Assert.Equal("bbb", balancer.Turns(3));
    }

    [Fact]
    public void Those_with_equally_few_take_turns()
    {
        var turns = Picks.Over(new LeastRequests(), Picks.Make(1, 1, 1)).Turns(6);
        Assert.All("abc", name => Assert.Equal(2, turns.Count(turn => turn == name)));
    }

    [Fact]
    public void What_is_in_flight_settles_by_weight()
    {
        var destinations = Picks.Make(1, 2, 5);
        var balancer = Picks.Over(new LeastRequests(), destinations);
        for (var i = 0; i < 80; i++) balancer.Pick(0, default)!.Active++;
        Assert.Equal([10, 20, 50], destinations.Select(destination => destination.Active));
    }

    [Fact]
    public void Two_choices_settle_by_weight()
    {
        var destinations = Picks.Make(1, 3, 9);
        var balancer = Picks.Over(new TwoChoices(new Dice(3)), destinations);
        for (var i = 0; i < 1300; i++) balancer.Pick(0, default)!.Active++;
        for (var i = 0; i < 3; i++) Assert.InRange(destinations[i].Active, destinations[i].Weight * 90, destinations[i].Weight * 110);
    }

    [Fact]
    public void Two_choices_go_by_weight_when_nothing_is_in_flight()
    {
        var destinations = Picks.Make(1, 3);
        var shares = Picks.Over(new TwoChoices(new Dice(3)), destinations).Shares(destinations, 10_000);
        Assert.InRange(shares[0], 2_300, 2_700);
    }

    [Fact]
    public void Two_choices_leave_the_busiest_alone()
    {
        var destinations = Picks.Make([.. Enumerable.Repeat(1, 50)]);
        var balancer = Picks.Over(new TwoChoices(new Dice(3)), destinations);
        destinations[17].Active = 1000;
        Assert.Equal(0, balancer.Shares(destinations, 5000)[17]);
    }

    [Fact]
    public void Two_choices_are_far_more_even_than_one()
    {
        Assert.InRange(Imbalance(new TwoChoices(new Dice(9))), 0, 3);
        Assert.InRange(Imbalance(new RandomChoice(new Dice(9))), 10, 100);

        static int Imbalance(Balancer balancer)
        {
            var destinations = Picks.Make([.. Enumerable.Repeat(1, 100)]);
            Picks.Over(balancer, destinations);
            for (var i = 0; i < 10_000; i++) balancer.Pick(0, default)!.Active++;
            return destinations.Max(destination => destination.Active) - 100;
        }
    }
}
