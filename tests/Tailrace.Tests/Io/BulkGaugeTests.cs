using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>What is taken for bulk, and what ends it.</summary>
public sealed class BulkGaugeTests
{
    private const int Much = int.MaxValue;

    [Theory]
    [InlineData("epoll", 16 << 10)]
    [InlineData("io_uring", 4 << 10)]
    public void A_run_of_full_receives_is_bulk(string engine, int piece)
    {
        using var rig = new LoopRig(engine);
        var gauge = default(BulkGauge);
        for (var sum = 0; sum < 16 << 10; sum += piece)
        {
            Assert.False(gauge.IsBulk(rig.Loop, Much));
            gauge.Received(rig.Loop, piece, isUnseen: false);
        }
        Assert.True(gauge.IsBulk(rig.Loop, Much));
        Assert.True(gauge.IsBulk(rig.Loop, 16 << 10));
        Assert.False(gauge.IsBulk(rig.Loop, (16 << 10) - 1));
        // Bytes that the loop had already looked at say nothing.
        gauge.Received(rig.Loop, 1, isUnseen: false);
        Assert.True(gauge.IsBulk(rig.Loop, Much));
        gauge.Received(rig.Loop, piece, isUnseen: true);
        Assert.True(gauge.IsBulk(rig.Loop, Much));
        gauge.Received(rig.Loop, piece - 1, isUnseen: true);
        Assert.False(gauge.IsBulk(rig.Loop, Much));
    }

    [Theory, MemberData(nameof(LoopRig.AllEngines), MemberType = typeof(LoopRig))]
    public void A_chat_is_not_bulk(string engine)
    {
        using var rig = new LoopRig(engine);
        var gauge = default(BulkGauge);
        for (var i = 0; i < 1000; i++) gauge.Received(rig.Loop, 200, isUnseen: false);
        Assert.False(gauge.IsBulk(rig.Loop, Much));
    }

    [Theory]
    [InlineData("portable")]
    [InlineData("epoll/copying")]
    [InlineData("io_uring/copying")]
    public void A_loop_that_copies_knows_no_bulk(string engine)
    {
        using var rig = new LoopRig(engine);
        var gauge = BulkGauge.Bulk(rig.Loop);
        gauge.Received(rig.Loop, 1 << 20, isUnseen: false);
        Assert.False(gauge.IsBulk(rig.Loop, Much));
    }
}
