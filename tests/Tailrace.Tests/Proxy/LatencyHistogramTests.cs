using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>How long answers took, and what is unusual.</summary>
public sealed class LatencyHistogramTests
{
    [Fact]
    public void Nothing_has_no_percentile() => Assert.Equal(0, new LatencyHistogram().Percentile(97));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(100)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(1000)]
    [InlineData(60_000)]
    [InlineData(131_000)]
    public void One_value_is_every_percentile_to_three_percent(int value)
    {
        var histogram = new LatencyHistogram();
        histogram.Record(value);
        Assert.InRange(histogram.Percentile(50), value, value + value / 32);
        Assert.Equal(histogram.Percentile(50), histogram.Percentile(99));
    }

    [Fact]
    public void What_is_off_the_scale_is_at_its_end()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(long.MaxValue);
        histogram.Record(-1);
        Assert.Equal(0, histogram.Percentile(50));
        Assert.InRange(histogram.Percentile(99), 131_000, int.MaxValue);
    }

    [Fact]
    public void Percentiles_are_those_of_the_sorted_values()
    {
        var histogram = new LatencyHistogram();
        var random = new Random(1);
        var values = Enumerable.Range(0, 1500).Select(_ => (int)Math.Exp(random.NextDouble() * 10)).Order().ToArray();
        foreach (var value in values) histogram.Record(value);
        foreach (var percent in new[] { 1, 10, 50, 90, 97, 99 })
        {
            var exact = values[values.Length * percent / 100 - 1];
            Assert.InRange(histogram.Percentile(percent), exact, exact + exact / 32 + 1);
        }
    }

    [Fact]
    public void The_past_fades()
    {
        var histogram = new LatencyHistogram();
        for (var i = 0; i < 5000; i++) histogram.Record(1000);
        Assert.InRange(histogram.Total, LatencyHistogram.Memory / 2 - 1, LatencyHistogram.Memory);
        for (var i = 0; i < 2 * LatencyHistogram.Memory; i++) histogram.Record(10);
        Assert.Equal(10, histogram.Percentile(75));
    }
}
