using Tailrace.Cli.Commands;
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

    private static void AssertTable((string Name, UdpTraffic Counters)[] rows, params string[] lines)
    {
        var output = new StringWriter { NewLine = "\n" };
        s_table.Write(rows.Select(row => new CounterRow<UdpTraffic>(row.Name, row.Counters)), output);
        Assert.Equal(string.Concat(lines.Select(line => $"{line}\n")), output.ToString());
    }
}
