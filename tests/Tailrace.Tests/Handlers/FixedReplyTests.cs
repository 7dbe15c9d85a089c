using Tailrace.Handlers;
using Tailrace.Http.Rules;
using Tailrace.Io;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Handlers;

/// <summary>What a fixed reply can be; what it says on the wire stands in the transcripts.</summary>
public sealed class FixedReplyTests
{
    [Fact]
    public void It_is_no_larger_than_one_piece()
    {
        _ = new FixedReply(200, "", new byte[Exchange.PieceBytesMax]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new FixedReply(200, "", new byte[Exchange.PieceBytesMax + 1]));
    }

    [Fact]
    public void It_waits_for_nothing_but_room() => Assert.True(FixedReply.NotFound.IsImmediate);

    [Theory]
    [InlineData(16 * 1024, false)]
    [InlineData(16 * 1024 - 200, false)]
    [InlineData(16 * 1024, true)]
    [InlineData(0, true)]
    public void It_leaves_in_pieces_where_no_block_holds_it(int length, bool hasFields) =>
        CheckAnswers(length, hasFields, takesBulk: false);

    [Theory]
    [InlineData(16 * 1024, false)]
    [InlineData(4096, true)]
    [InlineData(2048, false)]
    [InlineData(1500, false)]
    public void It_leaves_in_pieces_where_all_large_blocks_are_out(int length, bool hasFields) =>
        CheckAnswers(length, hasFields, takesBulk: true);

    /// <summary>Three answers in a row, to GET and to HEAD, all of them asked for at once.</summary>
    private static void CheckAnswers(int length, bool hasFields, bool takesBulk)
    {
        using var rig = new LoopRig("portable", limitBytes: 64 << 10);
        var body = new string('b', length);
        var handler = new FixedReply(200, "text/plain", System.Text.Encoding.ASCII.GetBytes(body))
        {
            Fields = hasFields ? new FieldEdits([], [("X-One"u8.ToArray(), new ValueTemplate([("1"u8.ToArray(), Variable.None)]))]) : null,
        };
        var bulk = rig.Reactor.Buffers.Bulk;
        var taken = new List<nint>();
        rig.Run(async () =>
        {
            while (takesBulk && TryTake()) { }
            var context = new ServerContext(rig.Reactor, new ServerSettings(), (_, _, _) => handler, accessLog: null);
            var (client, served) = await rig.PairAsync();
            context.Serve(served);
            await LoopRig.SendAsync(client, $"{Request("GET")}{Request("HEAD")}{Request("GET")}");
            client.Output.Release();
            foreach (var expected in new[] { body, "", body })
            {
                var head = await ReadHeadAsync(client);
                Assert.Contains($"Content-Length: {length}\r\n", head, StringComparison.Ordinal);
                Assert.Equal(hasFields, head.Contains("X-One: 1\r\n", StringComparison.Ordinal));
                await ExpectInPiecesAsync(client, expected);
            }
            client.Close();
            await rig.UntilAsync(() => context.Count == 0);
            Return();
        });

        unsafe bool TryTake()
        {
            var block = bulk.TryRent();
            if (block != null) taken.Add((nint)block);
            return block != null;
        }

        unsafe void Return()
        {
            foreach (var block in taken) bulk.Return((byte*)block);
        }
    }

    private static string Request(string method) => $"{method} / HTTP/1.1\r\nHost: h\r\n\r\n";

    private static async LoopTask<string> ReadHeadAsync(SocketConnection client)
    {
        while (true)
        {
            var text = System.Text.Encoding.ASCII.GetString(client.Input.Unread);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                client.Input.Consume(end + 4);
                return text[..(end + 4)];
            }
            Assert.True((await client.FillAsync()).Bytes > 0);
        }
    }

    /// <summary>The client has only small blocks as well.</summary>
    private static async LoopTask ExpectInPiecesAsync(SocketConnection client, string text)
    {
        while (text.Length > 0)
        {
            if (client.Input.IsEmpty)
            {
                client.Input.Release();
                Assert.True((await client.FillAsync()).Bytes > 0);
            }
            var piece = System.Text.Encoding.ASCII.GetString(client.Input.Unread);
            piece = piece[..Math.Min(piece.Length, text.Length)];
            Assert.Equal(text[..piece.Length], piece);
            client.Input.Consume(piece.Length);
            text = text[piece.Length..];
        }
    }
}
