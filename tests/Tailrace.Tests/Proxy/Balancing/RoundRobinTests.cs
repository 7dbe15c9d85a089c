using Tailrace.Proxy;
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
    public void Destinations_take_turns(string expected, params int[] weights)
    {
        var destinations = Make(weights);
        Assert.Equal(expected, string.Concat(expected.Select(_ => RoundRobin.Pick(destinations, 0)!.Name)));
    }

    [Fact]
    public void Every_round_has_each_as_often_as_its_weight()
    {
        int[] weights = [3, 1, 7, 2, 11];
        var destinations = Make(weights);
        for (var round = 0; round < 10; round++)
        {
            var turns = Enumerable.Range(0, weights.Sum()).Select(_ => RoundRobin.Pick(destinations, 0)!).ToArray();
            Assert.Equal(weights, destinations.Select(destination => turns.Count(turn => turn == destination)));
        }
    }

    [Fact]
    public void Those_that_were_tried_are_left_out()
    {
        var destinations = Make(1, 1, 1);
        for (var i = 0; i < 6; i++) Assert.Equal("b", RoundRobin.Pick(destinations, 0b101)!.Name);
        Assert.Null(RoundRobin.Pick(destinations, 0b111));
        Assert.Null(RoundRobin.Pick(Make(1), 1));
    }

    [Fact]
    public void What_was_left_out_has_no_debt_afterwards()
    {
        var destinations = Make(1, 1);
        for (var i = 0; i < 10; i++) RoundRobin.Pick(destinations, 0b01);
        var turns = string.Concat(Enumerable.Range(0, 4).Select(_ => RoundRobin.Pick(destinations, 0)!.Name));
        Assert.Equal(2, turns.Count(turn => turn == 'a'));
    }

    [Fact]
    public void Any_number_of_them_comes_to_an_end()
    {
        var destinations = Make([.. Enumerable.Repeat(1, 100)]);
        var tried = 0ul;
        var picks = 0;
        for (; RoundRobin.Pick(destinations, tried) is { } destination; picks++)
            tried |= RoundRobin.BitOf(Array.IndexOf(destinations, destination));
        Assert.Equal(64, picks);
    }

    private static Destination[] Make(params int[] weights) =>
        [.. weights.Select((weight, index) => new Destination($"{(char)('a' + index)}", weight, []))];
}
