using System.Text;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Sessions;

/// <summary>Bodies that move from one connection to another, and what stops them.</summary>
public sealed class BodyRelayTests
{
    private const int Timeout = 20_000;

    public static TheoryData<BodyKind, BodyKind, int> Sizes =>
        [.. from source in new[] { BodyKind.Length, BodyKind.Chunked, BodyKind.UntilClose }
            from target in new[] { BodyKind.Length, BodyKind.Chunked, BodyKind.UntilClose, BodyKind.None }
            from size in new[] { 0, 1, 4095, 4096, 4097, 16384, 200_000 }
            select (source, target, size)];

    [Theory, MemberData(nameof(Sizes))]
    public void All_of_it_arrives(BodyKind source, BodyKind target, int size) => WithRig(async rig =>
    {
        var content = Content(size);
        var sending = rig.SendAsync(Frame(source, content), end: source == BodyKind.UntilClose);
        var receiving = rig.ReceiveAsync();
        var result = await rig.RelayAsync(source, size, target);
        Assert.Equal(new RelayResult(RelayEnd.Complete), result);
        await rig.FinishAsync();
        await sending;
        var received = await receiving;
        Assert.Equal(target == BodyKind.None ? "" : content, target == BodyKind.Chunked ? Decode(received) : received);
        Assert.Equal(target == BodyKind.None ? 0 : size, rig.Writer.Written);
    });

    [Theory]
    [InlineData(BodyKind.Length)]
    [InlineData(BodyKind.Chunked)]
    public void A_stream_that_ends_early_is_truncated(BodyKind kind) => WithRig(async rig =>
    {
        var sending = rig.SendAsync(Frame(kind, Content(100))[..50], end: true);
        Assert.Equal(new RelayResult(RelayEnd.Truncated), await rig.RelayAsync(kind, 100, BodyKind.Chunked));
        await sending;
    });

    [Fact]
    public void A_chunk_that_breaks_the_rules_is_rejected() => WithRig(async rig =>
    {
        var sending = rig.SendAsync("5\r\nhelloworld", end: false);
        Assert.Equal(new RelayResult(RelayEnd.Rejected), await rig.RelayAsync(BodyKind.Chunked, -1, BodyKind.Chunked));
        await sending;
    });

    [Fact]
    public void A_reset_source_is_a_failed_read() => WithRig(async rig =>
    {
        rig.Sender.Close(reset: true);
        var result = await rig.RelayAsync(BodyKind.Length, 100, BodyKind.Length);
        Assert.Equal(new RelayResult(RelayEnd.ReadFailed, IoError.Reset), result);
    });

    [Fact]
    public void A_source_that_pauses_too_long_is_a_failed_read() => WithRig(async rig =>
    {
        var result = await rig.RelayAsync(BodyKind.Length, 100, BodyKind.Length, readTimeoutMs: 20);
        Assert.Equal(new RelayResult(RelayEnd.ReadFailed, IoError.TimedOut), result);
    });

    [Fact]
    public void A_target_that_does_not_read_is_a_failed_write() => WithRig(async rig =>
    {
        var sending = rig.SendAsync(Content(20 << 20), end: false);
        var result = await rig.RelayAsync(BodyKind.Length, 20 << 20, BodyKind.Length, writeTimeoutMs: 50);
        Assert.Equal(new RelayResult(RelayEnd.WriteFailed, IoError.TimedOut), result);
        rig.Source.Close(reset: true);
        await sending;
    });

    [Fact]
    public void Bytes_for_a_target_that_has_gone_are_forgotten_by_source_and_body() => WithRig(async rig =>
    {
        var content = Content(200_000);
        var relaying = rig.RelayAsync(BodyKind.Length, content.Length, BodyKind.Length);
        rig.Target.Abort();
        var sending = rig.SendAsync(content, end: false);
        Assert.Equal(new RelayResult(RelayEnd.WriteFailed, IoError.Aborted), await relaying);
        await sending;
        Assert.Equal(0, rig.Source.Unseen);
        // What follows is the rest of the body, from where it was left.
        for (var left = rig.Reader.Remaining; left > 0; left = rig.Reader.Remaining)
        {
            if (rig.Reader.Next(out var count) == BodyStep.NeedMore)
            {
                Assert.True((await rig.Source.FillAsync()).Bytes > 0);
                continue;
            }
            var at = content.Length - (int)left;
            Assert.Equal(content.Substring(at, count), Encoding.Latin1.GetString(rig.Source.Input.Unread[..count]));
            rig.Source.Input.Consume(count);
        }
        rig.Source.Input.Release();
    });

    [Fact]
    public void The_end_of_a_large_chunk_does_not_wait_for_the_next() => WithRig(async rig =>
    {
        var content = Content(BodyWriter.CopyMax + 1);
        var sending = rig.SendAsync($"{content.Length:x}\r\n{content}\r\n", end: false);
        var relaying = rig.RelayAsync(BodyKind.Chunked, -1, BodyKind.Chunked);
        while (!rig.Receiver.Input.Unread.EndsWith("\r\n"u8) || rig.Receiver.Input.Length < content.Length)
            Assert.True((await rig.Receiver.FillAsync()).Bytes > 0);
        rig.Source.CancelFill();
        Assert.Equal(new RelayResult(RelayEnd.ReadFailed, IoError.Cancelled), await relaying);
        await sending;
    });

    [Theory]
    [InlineData("sim")]
    [InlineData("sim/copying")]
    public void A_body_that_is_stopped_between_two_waits_ends_there(string engine) => WithRig(engine, async rig =>
    {
        // So much that others get their turn several times before the next wait.
        var content = Content(800_000);
        await rig.SendAsync(content, end: false);
        var relaying = rig.RelayAsync(BodyKind.Length, content.Length, BodyKind.Length);
        Assert.False(relaying.IsCompleted);
        var written = rig.Writer.Written;
        rig.Writer.Stop();
        Assert.Equal(new RelayResult(RelayEnd.ReadFailed, IoError.Cancelled), await relaying);
        Assert.InRange(written, 1, content.Length - 1);
        Assert.Equal(written, rig.Writer.Written);
        rig.Target.Output.Clear();
        rig.Writer.Begin(rig.Target, BodyKind.Length);
        Assert.False(rig.Writer.IsStopped);
    });

    [Theory]
    [InlineData("hello", 5, true)]
    [InlineData("hello and more", 5, true)]
    [InlineData("hell", 5, false)]
    [InlineData("", 0, true)]
    public void What_is_there_whole_needs_no_waiting(string buffered, long length, bool expected) => WithRig(rig =>
    {
        Assert.True(rig.Source.Input.TryAppend(Encoding.Latin1.GetBytes(buffered)));
        rig.Begin(BodyKind.Length, length, BodyKind.Length);
        Assert.Equal(expected, BodyRelay.TryRunBuffered(rig.Reader, rig.Source.Input, rig.Writer));
        var moved = expected ? (int)length : 0;
        Assert.Equal(buffered[..moved], Encoding.Latin1.GetString(rig.Target.Output.Unread));
        Assert.Equal(buffered[moved..], Encoding.Latin1.GetString(rig.Source.Input.Unread));
        Assert.Equal(expected, rig.Reader.IsEnded);
        return LoopTask.Completed;
    });

    private static void WithRig(Func<RelayRig, LoopTask> body)
    {
        foreach (var engine in LoopRig.AllEngines) WithRig(engine.Data, body);
    }

    private static void WithRig(string engine, Func<RelayRig, LoopTask> body)
    {
        using var loop = new LoopRig(engine);
        loop.Run(async () =>
        {
            var rig = await RelayRig.OpenAsync(loop);
            await body(rig);
            rig.Close();
            await loop.TurnsAsync(3);
        });
    }

    private static string Content(int size) => string.Create(size, 0, (span, _) =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = (char)('a' + (i * 7 + i / 26) % 26);
    });

    private static string Frame(BodyKind kind, string content)
    {
        if (kind != BodyKind.Chunked) return content;
        var wire = new StringBuilder();
        for (int at = 0, size = 1; at < content.Length; at += size, size = size * 5 % 10_007)
        {
            var piece = content.AsSpan(at, Math.Min(size, content.Length - at));
            wire.Append($"{piece.Length:x}\r\n").Append(piece).Append("\r\n");
        }
        return wire.Append("0\r\n\r\n").ToString();
    }

    private static string Decode(string wire)
    {
        var content = new StringBuilder();
        while (true)
        {
            var line = wire.IndexOf("\r\n", StringComparison.Ordinal);
            var size = Convert.ToInt32(wire[..line], 16);
            if (size == 0)
            {
                Assert.Equal("0\r\n\r\n", wire);
                return content.ToString();
            }
            content.Append(wire, line + 2, size);
            Assert.Equal("\r\n", wire.Substring(line + 2 + size, 2));
            wire = wire[(line + size + 4)..];
        }
    }

    /// <summary>Sender, source, target and receiver, in the way of the bytes.</summary>
    private sealed class RelayRig(
        LoopRig loop,
        SocketConnection sender,
        SocketConnection source,
        SocketConnection target,
        SocketConnection receiver)
    {
        internal SocketConnection Sender => sender;

        internal SocketConnection Source => source;

        internal SocketConnection Target => target;

        internal SocketConnection Receiver => receiver;

        internal BodyReader Reader { get; } = new();

        internal BodyWriter Writer { get; } = new();

        internal static async LoopTask<RelayRig> OpenAsync(LoopRig loop)
        {
            var (sender, source) = await loop.PairAsync();
            var (target, receiver) = await loop.PairAsync();
            return new RelayRig(loop, sender, source, target, receiver);
        }

        internal void Begin(BodyKind kind, long length, BodyKind targetKind)
        {
            Reader.Begin(source.Input, kind, length, HttpLimits.Default);
            Writer.Begin(target, targetKind);
        }

        internal LoopTask<RelayResult> RelayAsync(
            BodyKind kind, long length, BodyKind targetKind, int readTimeoutMs = Timeout, int writeTimeoutMs = Timeout)
        {
            Begin(kind, length, targetKind);
            return BodyRelay.RunAsync(Reader, source, readTimeoutMs, Writer, target, writeTimeoutMs);
        }

        /// <summary>Sends what the relay left in the output, and ends the stream.</summary>
        internal async LoopTask FinishAsync()
        {
            Assert.False((await target.FlushAsync()).IsError);
            target.ShutdownSend();
        }

        internal async LoopTask SendAsync(string wire, bool end)
        {
            var bytes = Encoding.Latin1.GetBytes(wire);
            for (var at = 0; at < bytes.Length; at += 8192)
            {
                Assert.True(sender.Output.TryAppend(bytes.AsSpan(at, Math.Min(8192, bytes.Length - at))));
                if ((await sender.FlushAsync()).IsError) return;
                await loop.Loop.YieldAsync();
            }
            if (end) sender.ShutdownSend();
        }

        internal async LoopTask<string> ReceiveAsync()
        {
            var all = new StringBuilder();
            while ((await receiver.FillAsync()) is { IsError: false, Bytes: > 0 })
            {
                all.Append(Encoding.Latin1.GetString(receiver.Input.Unread));
                receiver.Input.Clear();
            }
            return all.ToString();
        }

        internal void Close()
        {
            foreach (var connection in new[] { sender, source, target, receiver }) connection.Close();
        }
    }
}
