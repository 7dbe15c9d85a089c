using System.Text;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>Bytes that stay in the system from a receive to a send: what each loop keeps, and gives back.</summary>
public sealed class UnseenBytesTests
{
    private const int Total = 1 << 20;

    public static TheoryData<string> Engines => LoopRig.AllEngines;

    /// <summary>The loops that keep bytes.</summary>
    public static TheoryData<string> Keeping => OperatingSystem.IsLinux() ? ["epoll", "io_uring", "sim"] : ["sim"];

    [Theory, MemberData(nameof(Engines))]
    public void Bulk_arrives_as_it_was_sent(string engine) => WithRig(engine, async rig =>
    {
        var content = Content(Total);
        var sending = rig.SendAsync(content);
        var receiving = rig.ReceiveAsync(Total);
        var (moved, unseen) = (0, 0);
        while (moved < Total)
        {
            var count = await rig.MoveAsync(Total - moved);
            moved += count.Moved;
            unseen += count.Unseen;
        }
        await sending;
        Assert.Equal(content, await receiving);
        if (engine is "epoll" or "io_uring" or "sim") Assert.InRange(unseen, Total / 2, Total);
        else Assert.Equal(0, unseen);
        Assert.Equal((Total, Total), (rig.Source.TakeTraffic().Received, rig.Target.TakeTraffic().Sent));
    });

    [Theory, MemberData(nameof(Keeping))]
    public void No_more_is_kept_than_was_allowed(string engine) => WithRig(engine, async rig =>
    {
        var content = Content(50_000) + "and a head";
        var sending = rig.SendAsync(content);
        var receiving = rig.ReceiveAsync(50_000);
        for (var left = 50_000; left > 0;) left -= (await rig.MoveAsync(left)).Moved;
        await LoopRig.ExpectAsync(rig.Source, "and a head");
        Assert.Equal(content[..50_000], await receiving);
        await sending;
    });

    [Theory, MemberData(nameof(Keeping))]
    public void What_is_in_the_output_goes_first(string engine) => WithRig(engine, async rig =>
    {
        await rig.BeginBulkAsync();
        Assert.True(rig.Target.Output.TryAppend("4000\r\n"u8));
        var kept = rig.Source.Unseen;
        var sent = await rig.Target.FlushUnseenAsync(rig.Source);
        Assert.Equal(6 + kept, sent.Bytes);
        Assert.Equal(6 + kept, rig.Target.Flushed);
        Assert.StartsWith("4000\r\n", await rig.ReceiveAsync(6 + kept));
        Assert.Equal(0, rig.Loop.Loop.UnseenHeld);
    });

    [Theory, MemberData(nameof(Keeping))]
    public void Who_waits_for_bytes_keeps_nothing(string engine) => WithRig(engine, async rig =>
    {
        var fill = rig.Source.FillUnseenAsync(Total);
        await rig.Loop.TurnsAsync(3);
        Assert.False(fill.IsCompleted);
        Assert.Equal(0, rig.Loop.Loop.UnseenHeld);
        rig.Source.CancelFill();
        Assert.Equal(IoError.Cancelled, (await fill).Error);
        // The next receive is an ordinary one.
        await LoopRig.SendAsync(rig.Sender, "seen");
        await LoopRig.ExpectAsync(rig.Source, "seen");
    });

    [Theory, MemberData(nameof(Keeping))]
    public void An_end_and_a_reset_are_told_as_to_any_receive(string engine) => WithRig(engine, async rig =>
    {
        await rig.DrainAsync(await rig.BeginBulkAsync());
        rig.Sender.ShutdownSend();
        Assert.Equal(0, (await rig.Source.FillUnseenAsync(Total)).Bytes);
        Assert.Equal(0, (await rig.Source.FillUnseenAsync(Total)).Bytes);
        rig.Target.PrepareFill();
        rig.Receiver.Close(reset: true);
        Assert.Equal(IoError.Reset, (await rig.Target.FillAsync()).Error);
    });

    [Theory, MemberData(nameof(Keeping))]
    public void A_reset_in_a_run_of_bulk_is_no_end(string engine) => WithRig(engine, async rig =>
    {
        await rig.DrainAsync(await rig.BeginBulkAsync());
        var fill = rig.Source.FillUnseenAsync(Total);
        rig.Sender.Close(reset: true);
        Assert.Equal(IoError.Reset, (await fill).Error);
    });

    [Theory, MemberData(nameof(Keeping))]
    public void A_target_that_is_gone_fails_the_send_and_keeps_nothing(string engine) => WithRig(engine, async rig =>
    {
        await rig.BeginBulkAsync();
        rig.Receiver.Close(reset: true);
        Assert.True((await rig.Target.FillAsync()).IsError);
        Assert.True((await rig.Target.FlushUnseenAsync(rig.Source)).IsError);
        Assert.Equal(0, rig.Source.Unseen);
        rig.Target.Close();
        Assert.Equal(0, rig.Loop.Loop.UnseenHeld);
    });

    [Theory, MemberData(nameof(Keeping))]
    public void A_target_that_does_not_read_is_waited_for_until_it_is_cancelled(string engine) => WithRig(engine, async rig =>
    {
        var sending = rig.SendAsync(Content(32 << 20));
        while (true)
        {
            await rig.FillUnseenAsync();
            var flush = rig.Target.FlushUnseenAsync(rig.Source);
            await rig.Loop.TurnsAsync(20);
            if (flush.IsCompleted)
            {
                Assert.False((await flush).IsError);
                continue;
            }
            Assert.Equal(1, rig.Loop.Loop.UnseenHeld);
            rig.Target.CancelFlush();
            Assert.Equal(IoError.Cancelled, (await flush).Error);
            break;
        }
        rig.Target.Close(reset: true);
        Assert.Equal(0, rig.Loop.Loop.UnseenHeld);
        rig.Source.Close(reset: true);
        await sending;
    });

    [Theory, MemberData(nameof(Keeping))]
    public void A_closed_source_gives_back_what_it_kept(string engine) => WithRig(engine, async rig =>
    {
        await rig.BeginBulkAsync();
        Assert.Equal(1, rig.Loop.Loop.UnseenHeld);
        rig.Source.Close();
        Assert.Equal(0, rig.Loop.Loop.UnseenHeld);
    });

    [Theory, InlineData("epoll"), InlineData("io_uring")]
    public void Who_gets_no_pipe_copies(string engine) => WithRig(engine, pipesMax: 1, async rig =>
    {
        await rig.BeginBulkAsync();
        var (sender, source) = await rig.Loop.PairAsync();
        var other = rig with { Sender = sender, Source = source };
        var content = Content(4 << 20);
        var sending = other.SendAsync(content);
        var received = new StringBuilder();
        while (received.Length < content.Length)
        {
            Assert.True((await source.FillUnseenAsync(Total)).Bytes > 0);
            Assert.Equal(0, source.Unseen);
            received.Append(Encoding.Latin1.GetString(source.Input.Unread));
            source.Input.Consume(source.Input.Length);
            source.Input.Release();
        }
        await sending;
        Assert.Equal(content, received.ToString());
        Assert.True(rig.Loop.Reactor.Counters.PipesMissed > 0);
        sender.Close();
        source.Close();
    });

    private static string Content(int size) => string.Create(size, 0, (span, _) =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = (char)('a' + (i * 7 + i / 26) % 26);
    });

    private static void WithRig(string engine, Func<Rig, LoopTask> body) => WithRig(engine, 64, body);

    private static void WithRig(string engine, int pipesMax, Func<Rig, LoopTask> body)
    {
        using var loop = new LoopRig(engine, pipesMax: pipesMax);
        loop.Run(async () =>
        {
            var (sender, source) = await loop.PairAsync();
            var (target, receiver) = await loop.PairAsync();
            var rig = new Rig(loop, sender, source, target, receiver);
            await body(rig);
            foreach (var connection in new[] { sender, source, target, receiver }) connection.Close();
            await loop.TurnsAsync(3);
        });
    }

    /// <summary>Sender, source, target and receiver, in the way of the bytes.</summary>
    private sealed record Rig(
        LoopRig Loop, SocketConnection Sender, SocketConnection Source, SocketConnection Target, SocketConnection Receiver)
    {
        internal async LoopTask SendAsync(string content)
        {
            var bytes = Encoding.Latin1.GetBytes(content);
            for (var at = 0; at < bytes.Length; at += 16384)
            {
                Assert.True(Sender.Output.TryAppend(bytes.AsSpan(at, Math.Min(16384, bytes.Length - at))));
                if ((await Sender.FlushAsync()).IsError) break;
            }
            Sender.Output.Clear();
        }

        internal async LoopTask<string> ReceiveAsync(int count)
        {
            var all = new StringBuilder();
            while (all.Length < count)
            {
                var filled = await Receiver.FillAsync();
                Assert.True(filled.Bytes > 0, filled.ToString());
                all.Append(Encoding.Latin1.GetString(Receiver.Input.Unread));
                Receiver.Input.Consume(Receiver.Input.Length);
            }
            Receiver.Input.Release();
            return all.ToString();
        }

        /// <summary>Receives what it may unseen, and sends it on, seen or not.</summary>
        internal async LoopTask<(int Moved, int Unseen)> MoveAsync(int allowed)
        {
            var filled = await Source.FillUnseenAsync(allowed);
            Assert.True(filled.Bytes > 0, filled.ToString());
            var unseen = Source.Unseen;
            Assert.InRange(filled.Bytes, 1, unseen > 0 ? allowed : filled.Bytes);
            var count = unseen > 0 ? unseen : Math.Min(allowed, Source.Input.Length);
            var sent = await (unseen > 0 ? Target.FlushUnseenAsync(Source) : Target.FlushAsync(Source.Input, count));
            Assert.Equal(count, sent.Bytes);
            Source.Input.Release();
            return (count, unseen);
        }

        /// <summary>Sends until something has been kept; a loop may look at the first bytes of a stream.</summary>
        internal async LoopTask<int> BeginBulkAsync()
        {
            var sent = 0;
            while (Source.Unseen == 0)
            {
                Source.Input.Consume(Source.Input.Length);
                Source.Input.Release();
                await SendAsync(Content(65536));
                sent += 65536;
                Assert.True((await Source.FillUnseenAsync(Total)).Bytes > 0);
            }
            return sent;
        }

        /// <summary>Receives until something has been kept.</summary>
        internal async LoopTask FillUnseenAsync()
        {
            do
            {
                Source.Input.Consume(Source.Input.Length);
                Source.Input.Release();
                Assert.True((await Source.FillUnseenAsync(Total)).Bytes > 0);
            }
            while (Source.Unseen == 0);
        }

        /// <summary>Takes all that is under way, and forgets it.</summary>
        internal async LoopTask DrainAsync(int sent)
        {
            var received = Source.TakeTraffic().Received;
            while (true)
            {
                Source.DropUnseen();
                Source.Input.Consume(Source.Input.Length);
                Source.Input.Release();
                if (received >= sent) return;
                Assert.True((await Source.FillUnseenAsync(Total)).Bytes > 0);
                received += Source.TakeTraffic().Received;
            }
        }
    }
}
