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

    [Theory]
    [InlineData(1000, 951, false)]
    [InlineData(1000, 952, true)]
    [InlineData(100, 80, false)]
    [InlineData(100, 81, true)]
    public void Connects_may_take_a_quarter_of_them(long limit, int descriptor, bool expected) =>
        Assert.Equal(expected, new DescriptorReserve(limit).TouchesForConnect(descriptor));

    [Fact]
    public void What_connects_take_of_them_is_not_for_others()
    {
        var reserve = new DescriptorReserve(20);
        Assert.False(reserve.TouchesForConnect(15));
        Assert.True(reserve.IsAllThatIsLeft);
    }

    [Fact]
    public void What_is_kept_is_taken_until_it_is_released()
    {
        var kept = new DescriptorReserve(1 << 20).Keep();
        Assert.True(File.Exists($"/proc/self/fd/{kept}"), "it is nobody's");
        DescriptorReserve.Release(kept);
    }

    [Fact]
    public void None_is_kept_where_there_is_none_or_no_limit()
    {
        Assert.Equal(-1, new DescriptorReserve(long.MaxValue).Keep());
        var small = new DescriptorReserve(1);
        Assert.Equal(-1, small.Keep());
        Assert.True(small.IsAllThatIsLeft);
        DescriptorReserve.Release(-1);
    }

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
