using Tailrace.Proxy.Balancing;

namespace Tailrace.Tests.Proxy.Balancing;

/// <summary>A set of places of any number.</summary>
public sealed class TriedSetTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(5000)]
    public void It_has_what_was_added_and_nothing_else(int index)
    {
        var tried = default(TriedSet);
        Assert.True(tried.IsEmpty);
        tried.Add(index);
        Assert.False(tried.IsEmpty);
        for (var other = 0; other < 6000; other++) Assert.Equal(other == index, tried.Has(other));
    }

    [Fact]
    public void It_grows()
    {
        var tried = Picks.Tried([.. Enumerable.Range(0, 300)]);
        Assert.All(Enumerable.Range(0, 300), index => Assert.True(tried.Has(index)));
        Assert.False(tried.Has(300));
    }
}
