using Tailrace.Handlers;
using Tailrace.Proxy;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Tests.Proxy;

/// <summary>Requests are spread exactly, and whoever goes by a key stays where he was.</summary>
public sealed class SplitHandlerTests
{
    [Theory]
    [InlineData(95, 5), InlineData(1, 1), InlineData(0, 7), InlineData(7, 0), InlineData(2, 3, 0, 5), InlineData(1)]
    public void Every_round_has_the_weights_exactly(params int[] weights)
    {
        var split = Split(weights);
        for (var round = 0; round < 5; round++)
        {
            var counts = new int[weights.Length];
            for (var i = 0; i < weights.Sum(); i++) counts[split.NextTurn()]++;
            Assert.Equal(weights, counts);
        }
    }

    [Fact]
    public void The_turns_of_the_few_are_spread_over_the_round()
    {
        var split = Split(90, 10);
        var turns = Enumerable.Range(0, 1000).Where(_ => split.NextTurn() == 1).Count();
        Assert.Equal(100, turns);
        // Of any ten turns in a row one is theirs, give or take one.
        var row = Enumerable.Range(0, 1000).Select(_ => split.NextTurn()).ToArray();
        for (var i = 0; i + 10 <= row.Length; i++) Assert.InRange(row.AsSpan(i, 10).Count(1), 0, 2);
    }

    [Fact]
    public void Places_are_in_proportion_to_the_weights()
    {
        var split = Split(70, 0, 20, 10);
        var counts = new int[4];
        for (var i = 0; i < 100_000; i++) counts[split.PlaceOf(StableHash.Of(BitConverter.GetBytes(i)))]++;
        Assert.InRange(counts[0], 69_000, 71_000);
        Assert.Equal(0, counts[1]);
        Assert.InRange(counts[2], 19_000, 21_000);
        Assert.InRange(counts[3], 9_000, 11_000);
        Assert.Equal(3, split.PlaceOf(ulong.MaxValue));
        Assert.Equal(0, split.PlaceOf(0));
    }

    [Fact]
    public void A_canary_that_grows_keeps_everybody_whom_it_had()
    {
        var splits = new[] { Split(100, 0), Split(99, 1), Split(90, 10), Split(1, 1), Split(0, 100) };
        for (var i = 0; i < 10_000; i++)
        {
            var hash = StableHash.Of(BitConverter.GetBytes(i));
            var places = splits.Select(split => split.PlaceOf(hash)).ToArray();
            Assert.Equal(places.Order(), places);
            Assert.Equal((0, 1), (places[0], places[^1]));
        }
    }

    private static SplitHandler Split(params int[] weights) =>
        new([.. weights.Select(weight => ((Tailrace.Sessions.Handler)FixedReply.NotFound, weight))], key: null);
}
