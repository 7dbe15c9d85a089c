using Tailrace.Proxy;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>What is left of the time that an answer may take to begin.</summary>
public sealed class UpstreamConnectionTests
{
    [Theory]
    [InlineData(1000, 300, 700)]
    [InlineData(1000, 1000, 1)]
    [InlineData(1000, 5000, 1)]
    [InlineData(0, 5000, 0)]
    public void What_is_left_ends_on_time_and_no_limit_stays_none(int firstByteMs, int passedMs, int expected)
    {
        using var rig = new LoopRig("sim");
        var cluster = new Cluster(rig.Reactor, new ClusterSettings { Name = "test" }, []);
        var upstream = new UpstreamConnection(cluster.Pool) { StartedAt = 100, FirstByteMs = firstByteMs };
        Assert.Equal(expected, upstream.FirstByteLeftMs(now: 100 + passedMs));
    }
}
