using System.Reflection;
using System.Text.RegularExpressions;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Telemetry;

/// <summary>All that is counted is told, once, under names that follow the conventions.</summary>
public sealed partial class MetricsTests
{
    [Fact]
    public void Every_counter_of_a_worker_is_told_once() => AssertComplete(Metrics.Worker);

    [Fact]
    public void Every_counter_of_streams_is_told_once() => AssertComplete(Metrics.Tcp);

    [Fact]
    public void Every_counter_of_datagrams_is_told_once() => AssertComplete(Metrics.Udp);

    [Fact]
    public void Every_counter_of_traffic_is_told_once() => AssertComplete(Metrics.Traffic);

    // Whoever adds a field has to describe it.
    private static void AssertComplete<T>(IReadOnlyList<Metric<T>> metrics) where T : new()
    {
        var fields = typeof(T).GetFields(BindingFlags.Public | BindingFlags.Instance)
            .Where(field => field.FieldType == typeof(long)).ToArray();
        Assert.NotEmpty(fields);
        object counters = new T();
        for (var i = 0; i < fields.Length; i++) fields[i].SetValue(counters, i + 1L);
        Assert.Equal(
            Enumerable.Range(1, fields.Length).Select(i => (long)i),
            metrics.Select(metric => metric.Value((T)counters)).Order());

        Assert.Equal(metrics.Count, metrics.Select(metric => metric.Key).Distinct().Count());
        Assert.All(metrics, metric => Assert.Matches(Name(), metric.Key));
        Assert.All(metrics, metric => Assert.EndsWith(".", metric.Help, StringComparison.Ordinal));
        // What has one name stands together, and is one thing.
        string[] families = [.. metrics.Select(m => $"{m.Name} {m.Help} {m.IsGauge} {m.Label.Name}")];
        var changes = metrics.Where((_, i) => i == 0 || families[i - 1] != families[i]);
        Assert.Equal(metrics.Select(metric => metric.Name).Distinct(), changes.Select(metric => metric.Name));
    }

    [GeneratedRegex("^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    private static partial Regex Name();
}
