using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>Which descriptors are not for connections.</summary>
public sealed class DescriptorReserveTests
{
    [Theory]
    [InlineData(1000, 935, false)]
    [InlineData(1000, 936, true)]
    [InlineData(100, 74, false)]
    [InlineData(100, 75, true)]
    [InlineData(long.MaxValue, int.MaxValue, false)]
    public void They_are_the_last_64_or_a_quarter(long limit, int descriptor, bool expected) =>
        Assert.Equal(expected, new DescriptorReserve(limit).Touches(descriptor));

    [Fact]
    public void While_untouched_it_is_not_all_that_is_left() => Assert.False(new DescriptorReserve(0).IsAllThatIsLeft);

    [Fact]
    public void Once_touched_the_system_is_asked()
    {
        var reserve = new DescriptorReserve(0);
        Assert.True(reserve.Touches(3));
        Assert.True(reserve.IsAllThatIsLeft);
        var ample = new DescriptorReserve(1_000_000);
        Assert.True(ample.Touches(999_999));
        Assert.False(ample.IsAllThatIsLeft);
    }
}
