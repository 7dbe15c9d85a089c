using System.Text;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>Bodies: read in pieces, read whole, and cut short.</summary>
public sealed class FetchAnswerTests
{
    private const string Text = "The quick brown fox jumps over the lazy dog";

    private static readonly string s_chunked = $"10\r\n{Text[..16]}\r\n1b\r\n{Text[16..]}\r\n0\r\nX: 1\r\n\r\n";

    public static TheoryData<string> Engines => LoopRig.Engines;

    public static TheoryData<string, string> Framings => new()
    {
        { "epoll", $"HTTP/1.1 200 OK\r\nContent-Length: {Text.Length}\r\n\r\n{Text}" },
        { "epoll", $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{s_chunked}" },
        { "epoll", $"HTTP/1.0 200 OK\r\n\r\n{Text}" },
        { "portable", $"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{Text}" },
    };

    [Theory, MemberData(nameof(Framings))]
    public void A_body_is_read_in_pieces(string engine, string said)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Script(said);
        rig.Run(async () =>
        {
            using var answer = await rig.GetAsync(origin);
            var (text, piece) = ("", new byte[7]);
            for (IoResult read; (read = await answer.ReadAsync(piece)).Bytes > 0;)
                text += Encoding.ASCII.GetString(piece, 0, read.Bytes);
            Assert.Equal(Text, text);
            Assert.Equal(0, (await answer.ReadAsync(piece)).Bytes);
            Assert.Equal(FetchError.None, answer.Error);
        });
    }

    [Theory, MemberData(nameof(Framings))]
    public void A_whole_body_has_at_most_so_many_bytes(string engine, string said)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Script([said], [said], [said]);
        rig.Run(async () =>
        {
            foreach (var max in new[] { Text.Length, 100_000 })
            {
                using var answer = await rig.GetAsync(origin);
                Assert.Equal(Text, Encoding.ASCII.GetString((await answer.ReadAllAsync(max))!));
            }
            using var tooLong = await rig.GetAsync(origin);
            Assert.Null(await tooLong.ReadAllAsync(Text.Length - 1));
            Assert.Equal(FetchError.LimitReached, tooLong.Error);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_large_body_of_unknown_length_is_read_whole(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Serve(async exchange =>
        {
            exchange.Begin(200);
            for (var i = 0; i < 100; i++)
            {
                await exchange.WriteAsync(new byte[3000]);
                if ((await exchange.FlushAsync()).IsError) return;
            }
            exchange.End();
        });
        rig.Run(async () =>
        {
            using var answer = await rig.GetAsync(origin);
            Assert.Equal(-1, answer.ContentLength);
            Assert.Equal(300_000, (await answer.ReadAllAsync(300_000))?.Length);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_empty_body_is_read_whole(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Script(["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], ["HTTP/1.0 200 OK\r\n\r\n"]);
        rig.Run(async () =>
        {
            for (var i = 0; i < 2; i++)
            {
                using var answer = await rig.GetAsync(origin);
                Assert.Equal(0, (await answer.ReadAllAsync(0))?.Length);
            }
        });
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", FetchError.Closed)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", FetchError.Closed)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\nzz\r\n", FetchError.Invalid)]
    public void A_body_that_is_cut_short_or_broken_is_an_error_value(string said, FetchError expected)
    {
        using var rig = new FetchRig("portable");
        var origin = rig.Script(said);
        rig.Run(async () =>
        {
            using var answer = await rig.GetAsync(origin);
            Assert.Equal((FetchError.None, 200), (answer.Error, answer.Status));
            Assert.Null(await answer.ReadAllAsync(100));
            Assert.Equal(expected, answer.Error);
            Assert.True((await answer.ReadAsync(new byte[1])).IsError);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_body_that_stops_coming_times_out(string engine)
    {
        using var rig = new FetchRig(engine, FetchRig.Settings with { IdleTimeoutMs = 20 });
        var origin = rig.Serve(async exchange =>
        {
            exchange.Begin(200, 10);
            await exchange.WriteAsync("12345"u8);
            await exchange.FlushAsync();
            await exchange.Downstream.FillAsync();
        });
        rig.Run(async () =>
        {
            using var answer = await rig.GetAsync(origin);
            Assert.Equal(5, (await answer.ReadAsync(new byte[10])).Bytes);
            Assert.Equal(IoError.TimedOut, (await answer.ReadAsync(new byte[10])).Error);
            Assert.Equal(FetchError.TimedOut, answer.Error);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Nothing_can_be_had_of_an_answer_that_was_disposed_of(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Script("HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 2\r\n\r\nok");
        rig.Run(async () =>
        {
            var answer = await rig.GetAsync(origin);
            answer.Dispose();
            answer.Dispose();
            Assert.Equal((200, ""), (answer.Status, answer.Header("X")));
            Assert.Equal(IoError.Aborted, (await answer.ReadAsync(new byte[1])).Error);
            Assert.Null(await answer.ReadAllAsync(100));
        });
    }
}
