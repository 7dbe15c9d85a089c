using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Tailrace.Handlers;
using Tailrace.Hosting;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Cli.Echo;

/// <summary>The companion origin's pages: something of every kind to try a proxy with.</summary>
internal static class EchoPages
{
    private const long SizeMax = 1L << 40;
    private const int DelayMaxMs = 600_000;
    private static readonly byte[] s_filler = Encoding.ASCII.GetBytes(new string('x', Exchange.PieceBytesMax));

    /// <summary>Adds the pages to one listener.</summary>
    public static void Map(Server server, string listener)
    {
        Add("/", false, new FixedReply(200, "text/plain", "hello world\n"u8));
        Add("/echo", true, Handler.From(EchoAsync));
        Add("/size/", true, Handler.From(SizeAsync));
        Add("/chunked/", true, Handler.From(ChunkedAsync));
        Add("/delay/", true, Handler.From(DelayAsync));
        Add("/status/", true, Handler.From(StatusAsync));
        Add("/trailers", false, Handler.From(TrailersAsync));
        Add("", true, Handler.From(HelpAsync));

        void Add(string path, bool isPrefix, Handler handler) => server.Map(
            new CodeRoute(handler) { Listener = listener, Path = path, IsPrefix = isPrefix });
    }

    /// <summary>What the request was, as JSON.</summary>
    private static async LoopTask EchoAsync(Exchange exchange)
    {
        long length = 0;
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var read = await exchange.ReadAsync(buffer);
            if (read.IsError) return;
            if (read.Bytes == 0) break;
            length += read.Bytes;
        }
        var json = Describe(exchange, length);
        exchange.Begin(200, json.Length);
        exchange.Header("Content-Type"u8, "application/json"u8);
        for (var sent = 0; sent < json.Length; sent += Exchange.PieceBytesMax)
        {
            var piece = json.AsMemory(sent, Math.Min(Exchange.PieceBytesMax, json.Length - sent));
            if ((await exchange.WriteAsync(piece.Span)).IsError) return;
        }
        exchange.End();
    }

    private static byte[] Describe(Exchange exchange, long length)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            var bytes = exchange.RequestBytes;
            writer.WriteStartObject();
            writer.WriteString("method", Text(exchange.Request.MethodText.In(bytes)));
            writer.WriteString("target", Text(exchange.Request.Target.In(bytes)));
            writer.WriteString("version", exchange.Request.MinorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1");
            writer.WriteString("client", exchange.Downstream.Remote.ToString());
            writer.WriteStartArray("headers");
            foreach (ref readonly var field in exchange.Request.Headers.Fields)
            {
                writer.WriteStartObject();
                writer.WriteString("name", Text(field.Name.In(bytes)));
                writer.WriteString("value", Text(field.Value.In(bytes)));
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteNumber("bodyLength", length);
            writer.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    // Fields may hold any byte above 127: as Latin-1 each stays one character.
    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private static LoopTask SizeAsync(Exchange exchange) => FillAsync(exchange, isChunked: false);

    private static LoopTask ChunkedAsync(Exchange exchange) => FillAsync(exchange, isChunked: true);

    private static async LoopTask FillAsync(Exchange exchange, bool isChunked)
    {
        if (!TryNumber(exchange, SizeMax, out var size))
        {
            await exchange.Respond(400, "a number of bytes is expected, as in /size/1000\n");
            return;
        }
        exchange.Begin(200, isChunked ? -1 : size);
        exchange.Header("Content-Type"u8, "application/octet-stream"u8);
        // A HEAD is answered by the head alone, however long the body would be.
        if (exchange.ResponseBody.IsDiscarding) size = 0;
        while (size > 0)
        {
            var piece = (int)Math.Min(size, s_filler.Length);
            if ((await exchange.WriteAsync(s_filler.AsSpan(0, piece))).IsError) return;
            size -= piece;
        }
        exchange.End();
    }

    private static async LoopTask DelayAsync(Exchange exchange)
    {
        if (!TryNumber(exchange, DelayMaxMs, out var delay))
        {
            await exchange.Respond(400, $"milliseconds up to {DelayMaxMs} are expected, as in /delay/100\n");
            return;
        }
        await Task.Delay((int)delay);
        await exchange.Respond(200, $"waited {delay} ms\n");
    }

    private static LoopTask StatusAsync(Exchange exchange) =>
        TryNumber(exchange, 599, out var status) && status >= 200
            ? exchange.Respond((int)status, status is 204 or 304 ? "" : $"{status}\n")
            : exchange.Respond(400, "a status from 200 to 599 is expected, as in /status/404\n");

    private static LoopTask TrailersAsync(Exchange exchange)
    {
        exchange.Begin(200);
        exchange.Header("Content-Type"u8, "text/plain"u8);
        exchange.Header("Trailer"u8, "X-Checksum"u8);
        exchange.End("a body with a trailer\n"u8, "X-Checksum: 42\r\n"u8);
        return LoopTask.Completed;
    }

    private static LoopTask HelpAsync(Exchange exchange) => exchange.Respond(404, """
        There is no such page. Try:
          /             a short fixed reply
          /echo         what you sent, as JSON
          /size/N       N bytes
          /chunked/N    N bytes, chunked
          /delay/MS     an answer after MS milliseconds
          /status/CODE  an answer with that status
          /trailers     a chunked answer with a trailer

        """);

    /// <summary>The number behind the last slash of the path.</summary>
    private static bool TryNumber(Exchange exchange, long maximum, out long number)
    {
        var path = exchange.Path;
        var text = path[(path.LastIndexOf((byte)'/') + 1)..];
        return Utf8Parser.TryParse(text, out number, out var used) && used == text.Length
            && number >= 0 && number <= maximum;
    }
}
