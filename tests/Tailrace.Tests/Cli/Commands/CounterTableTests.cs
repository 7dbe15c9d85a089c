using Tailrace.Cli.Commands;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Cli.Commands;

/// <summary>How tables of counters look.</summary>
public sealed class CounterTableTests
{
    private static readonly CounterTable<UdpTraffic> s_table = new("datagrams", ("up", t => t.Up), ("down", t => t.Down));

    [Fact]
    public void Names_are_on_the_left_and_values_end_below_their_headings()
    {
        var output = new StringWriter { NewLine = "\n" };
        s_table.Write([("listener :53", new UdpTraffic { Up = 12, Down = 3_000_000_000 }), ("cluster a", default)], output);
        Assert.Equal(
            [
                "datagrams                                     up            down",
                "listener :53                                  12      3000000000",
                "cluster a                                      0               0",
                "",
            ],
            output.ToString().Split('\n'));
    }

    [Fact]
    public void Counters_are_empty_that_have_nothing_in_its_columns()
    {
        Assert.True(s_table.IsEmpty(new UdpTraffic { BytesUp = 1 }));
        Assert.False(s_table.IsEmpty(new UdpTraffic { Down = 1 }));
    }
}
