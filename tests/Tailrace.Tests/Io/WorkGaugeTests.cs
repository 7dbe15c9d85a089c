using Tailrace.Io;

namespace Tailrace.Tests.Io;

public sealed class WorkGaugeTests
{
    private readonly long[] _clocks = new long[2];
    private readonly WorkGauge _gauge;

    public WorkGaugeTests()
    {
        _gauge = new WorkGauge(2, worker => _clocks[worker]);
        _gauge.Update(1000);
    }

    [Theory]
    [InlineData(0.9, 0.1, true)]
    [InlineData(0.9, 0.5, false)]
    [InlineData(0.45, 0.1, false)]
    [InlineData(0.1, 0.9, false)]
    public void Far_busier_is_who_works_most_of_the_time_while_another_does_not_half_as_much(double one, double other, bool expected)
    {
        Pass(one, other);
        _gauge.Update(2000);
        Assert.Equal(expected, _gauge.IsFarBusier(0, 1));
    }

    [Fact]
    public void What_came_before_the_first_look_is_no_work()
    {
        Pass(1, 0);
        var gauge = new WorkGauge(2, worker => _clocks[worker]);
        gauge.Update(2000);
        Assert.False(gauge.IsFarBusier(0, 1));
    }

    [Fact]
    public void A_look_up_holds_for_a_tenth_of_a_second()
    {
        Pass(1, 0);
        _gauge.Update(1099);
        Assert.False(_gauge.IsFarBusier(0, 1));
        _gauge.Update(1100);
        Assert.True(_gauge.IsFarBusier(0, 1));
    }

    private void Pass(double one, double other)
    {
        _clocks[0] += (long)(one * 1e9);
        _clocks[1] += (long)(other * 1e9);
    }
}
