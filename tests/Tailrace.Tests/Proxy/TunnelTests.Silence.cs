using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <content>When nothing has moved for too long, and when something has.</content>
public sealed partial class TunnelTests
{
    private const int SilenceMs = 2000;

    /// <summary>What a busy simulated loop, the way of a message and a tick of the wheel may add.</summary>
    private const int LateMs = 50;

    private static readonly TunnelLimits s_silence = new(SilenceMs, LifetimeMs: 0);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(5, 1)]
    [InlineData(20, 1)]
    [InlineData(240, 1)]
    [InlineData(1000, 1)]
    [InlineData(1995, 1)]
    [InlineData(1000, 4)]
    public void Silence_is_counted_from_the_last_byte(int pauseMs, int messages) => WithRig("sim", async rig =>
    {
        var running = rig.Run(s_silence);
        for (var i = 0; i < messages; i++)
        {
            if (pauseMs > 0) await new Pause(rig.Loop.Loop).Until(rig.Loop.Loop.Now + pauseMs, null);
            await LoopRig.SendAsync(rig.Client, "x");
            await LoopRig.ExpectAsync(rig.Origin, "x");
        }
        var last = rig.Loop.Loop.Now;
        Assert.Equal(TunnelEnd.Idle, (await running).End);
        Assert.InRange(rig.Loop.Loop.Now - last, SilenceMs - LateMs, SilenceMs + LateMs);
    });

    [Theory]
    [InlineData("sim")]
    [InlineData("sim/copying")]
    public void A_reader_that_has_stopped_is_not_waited_for_much_longer(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.Run(s_silence);
        var sending = SendForEverAsync(rig.Client);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State == StreamState.Writing);
        var last = rig.Loop.Loop.Now;
        var result = await running;
        Assert.Equal((TunnelEnd.Idle, true), (result.End, result.MustReset));
        Assert.InRange(rig.Loop.Loop.Now - last, SilenceMs - LateMs, SilenceMs + SilenceMs / 4);
        rig.CloseTunnel(result);
        await sending;
    }, receiverBytes: 64 << 10);

    [Theory]
    [InlineData("sim", 300)]
    [InlineData("sim", 1500)]
    [InlineData("sim/copying", 1500)]
    public void A_reader_of_what_was_sent_keeps_it_alive(string engine, int pauseMs) => WithRig(engine, async rig =>
    {
        // Less than the socket takes at once, and more than the reader does in the time of a silence.
        const int total = 600_000;
        var running = rig.RunAndCloseAsync(s_silence);
        await SendZerosAsync(rig.Client, total);
        rig.Client.ShutdownSend();
        await rig.Loop.UntilAsync(() => rig.Tunnel.BytesUp == total);
        var (read, taken, last) = (0, 0, 0L);
        while (await rig.Origin.FillAsync() is { IsError: false, Bytes: > 0 and var bytes })
        {
            read += bytes;
            rig.Origin.Input.Clear();
            rig.Origin.Input.Release();
            if (read < taken) continue;
            Assert.True(rig.Tunnel.IsRunning || read > total - (64 << 10), $"it has ended after {read} bytes");
            last = rig.Loop.Loop.Now;
            taken += 16 << 10;
            await new Pause(rig.Loop.Loop).Until(last + pauseMs, null);
        }
        Assert.Equal(total, read);
        var result = await running;
        Assert.Equal((TunnelEnd.Idle, false), (result.End, result.MustReset));
        Assert.InRange(rig.Loop.Loop.Now - last, 0, SilenceMs + SilenceMs / 4);
    }, receiverBytes: 64 << 10);
}
