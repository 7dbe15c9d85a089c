using Tailrace.Cli.Commands;
using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Cli.Commands;

/// <summary>How tables of counters look.</summary>
public sealed class CounterTableTests
{
    private static readonly CounterTable<UdpTraffic> s_table = new("datagrams",
        new Metric<UdpTraffic>("up", "up", "", t => t.Up), new Metric<UdpTraffic>("down", "down", "", t => t.Down));

    [Fact]
    public void Names_are_on_the_left_and_values_end_below_their_headings() => AssertTable(
        [("listener :53", new UdpTraffic { Up = 12, Down = 3_000_000_000 }), ("cluster a", new UdpTraffic { Up = 1 })],
        "datagrams                                     up            down",
        "listener :53                                  12      3000000000",
        "cluster a                                      1               0");

    [Fact]
    public void What_was_never_counted_is_left_out() => AssertTable(
        [("a", new UdpTraffic { Down = 2, BytesUp = 9 }), ("b", new UdpTraffic { BytesUp = 9 })],
        "datagrams                                   down",
        "a                                              2");

    [Fact]
    public void Nothing_is_printed_of_nothing() => AssertTable([("a", default)]);

    [Fact]
    public void Long_names_push_the_values_to_the_right() => AssertTable(
        [(new string('n', 40), new UdpTraffic { Up = 1 })],
        $"datagrams{new string(' ', 46)}up",
        $"{new string('n', 40)}                1");

    [Fact]
    public void Headings_do_not_touch()
    {
        AssertApart(Metrics.Tcp);
        AssertApart(Metrics.Udp);
        AssertApart(Metrics.Traffic);
        AssertApart(ListenerStatistics.Metrics);
    }

    private static void AssertApart<T>(IReadOnlyList<Metric<T>> metrics)
    {
        var output = new StringWriter { NewLine = "\n" };
        var table = new CounterTable<T>("name", metrics.Select(metric => metric with { Value = _ => 1 }));
        table.Write([new CounterRow<T>("a", default!)], output);
        var lines = output.ToString().Split('\n');
        var headings = lines[0].Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(metrics.Select(metric => metric.Title).Prepend("name"), headings);
        Assert.Equal(lines[0].Length, lines[1].Length);
    }

    private static void AssertTable((string Name, UdpTraffic Counters)[] rows, params string[] lines)
    {
        var output = new StringWriter { NewLine = "\n" };
        s_table.Write(rows.Select(row => new CounterRow<UdpTraffic>(row.Name, row.Counters)), output);
        Assert.Equal(string.Concat(lines.Select(line => $"{line}\n")), output.ToString());
    }
}
