using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <content>What is on its way when a side is reset.</content>
public sealed partial class TunnelTests
{
    [Theory, MemberData(nameof(Engines))]
    public void A_reset_does_not_overtake_what_is_on_its_way(string engine) => WithRig(engine, async rig =>
    {
        // More than the window of who does not read, and less than the socket before it takes.
        const int total = 300_000;
        var running = rig.RunAndCloseAsync(s_noLimits);
        await SendZerosAsync(rig.Client, total);
        await rig.Loop.UntilAsync(() => rig.Tunnel.BytesUp == total);
        await ExpectAllThenResetAsync(rig, total, () => rig.Downstream.IsClosed);
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, TunnelSide.Downstream, true), (result.End, result.By, result.MustReset));
    });

    [Theory, MemberData(nameof(Engines))]
    public void A_reset_does_not_overtake_what_waits_here(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.RunAndCloseAsync(s_noLimits);
        var total = 0;
        while (rig.Tunnel.BytesUp == total)
        {
            await SendZerosAsync(rig.Client, 16 << 10);
            total += 16 << 10;
            var end = rig.Loop.Loop.Now + 100;
            await rig.Loop.UntilAsync(() => rig.Tunnel.BytesUp == total || rig.Loop.Loop.Now > end);
        }
        await ExpectAllThenResetAsync(rig, total, () => rig.Tunnel.State is StreamState.Closing or StreamState.Closed);
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, total), (result.End, result.BytesUp));
    });

    [Theory]
    [InlineData("sim")]
    [InlineData("sim/copying")]
    public void A_reset_waits_for_who_reads_slowly(string engine) => WithRig(engine, async rig =>
    {
        const int total = 3 << 20;
        var running = rig.RunAndCloseAsync(s_noLimits);
        var sending = SendZerosAsync(rig.Client, total);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State == StreamState.Writing);
        await rig.Loop.TurnsAsync(1000);
        // More than one window: some of it waits here, and some is still to be received.
        var read = 0;
        var isReset = false;
        IoResult result;
        while ((result = await rig.Origin.FillAsync()) is { IsError: false, Bytes: > 0 })
        {
            read += result.Bytes;
            rig.Origin.Input.Clear();
            rig.Origin.Input.Release();
            if (read % (64 << 10) < result.Bytes)
                await new Pause(rig.Loop.Loop).Until(rig.Loop.Loop.Now + 1000, null);
            if (isReset || !sending.IsCompleted || rig.Client.Owed > 0) continue;
            isReset = true;
            rig.Client.Close(reset: true);
        }
        Assert.True(isReset, "it was read before the reset");
        Assert.Equal((total, IoError.Reset), (read, result.Error));
        Assert.Equal((TunnelEnd.Reset, total), ((await running).End, total));
        await sending;
    });

    [Fact]
    public void A_reset_waits_no_longer_for_who_does_not_read() => WithRig("sim", async rig =>
    {
        var running = rig.RunAndCloseAsync(s_noLimits);
        var sending = SendForEverAsync(rig.Client);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State == StreamState.Writing);
        await rig.Loop.TurnsAsync(20);
        var began = rig.Loop.Loop.Now;
        rig.Client.Close(reset: true);
        await sending;
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, TunnelSide.Downstream, true), (result.End, result.By, result.MustReset));
        Assert.InRange(rig.Loop.Loop.Now - began, LastBytes.PatienceMs, 2 * LastBytes.PatienceMs);
    });

    [Theory]
    [InlineData("epoll", true)]
    [InlineData("epoll", false)]
    [InlineData("io_uring", true)]
    [InlineData("io_uring", false)]
    [InlineData("portable", false)]
    public void A_reset_that_waits_ends_with_the_other_side_and_when_it_is_stopped(string engine, bool isReset) => WithRig(engine, async rig =>
    {
        var running = rig.RunAndCloseAsync(s_noLimits);
        await SendZerosAsync(rig.Client, 300_000);
        await rig.Loop.UntilAsync(() => rig.Tunnel.BytesUp == 300_000);
        rig.Client.Close(reset: true);
        await rig.Loop.UntilAsync(() => rig.Downstream.IsClosed);
        var bell = new Bell();
        rig.Loop.Loop.Timers.Set(bell, rig.Loop.Loop.Now + 500);
        if (isReset) rig.Origin.Close(reset: true);
        else rig.Tunnel.Stop();
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, TunnelSide.Downstream), (result.End, result.By));
        Assert.False(bell.HasRung);
        rig.Loop.Loop.Timers.Remove(bell);
    });

    /// <summary>The client resets; when that has been heard the origin reads, by and by: everything, then the reset.</summary>
    private static async LoopTask ExpectAllThenResetAsync(TunnelRig rig, int total, Func<bool> isHeard)
    {
        rig.Client.Close(reset: true);
        await rig.Loop.UntilAsync(isHeard);
        var read = 0;
        IoResult result;
        while ((result = await rig.Origin.FillAsync()) is { IsError: false, Bytes: > 0 })
        {
            read += result.Bytes;
            rig.Origin.Input.Clear();
            rig.Origin.Input.Release();
            await rig.Loop.TurnsAsync(1);
        }
        Assert.Equal((total, IoError.Reset), (read, result.Error));
    }

    private static async LoopTask SendZerosAsync(SocketConnection connection, int total)
    {
        for (var left = total; left > 0;)
        {
            Assert.True(connection.Output.TryReserve(1));
            var part = Math.Min(left, connection.Output.Free);
            connection.Output.Writable[..part].Clear();
            connection.Output.Commit(part);
            Assert.Equal(part, (await connection.FlushAsync()).Bytes);
            left -= part;
            await connection.Reactor.Loop.YieldAsync();
        }
        connection.Output.Release();
    }

    private sealed class Bell : TimerEntry
    {
        internal bool HasRung { get; private set; }

        protected internal override void OnDeadline() => HasRung = true;
    }
}
