using System.Text;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Memory;

namespace Tailrace.Sessions;

/// <summary>The small answers that the server gives by itself when something is wrong.</summary>
public static class ErrorReply
{
    /// <summary>What is said where this side has no memory left.</summary>
    internal const string NoBuffers = "the buffer limit is reached";

    private const int BodyBytesMax = 256;

    /// <summary>Room for one of them, without the fields of a route.</summary>
    private const int Room = 2 * BodyBytesMax;

    /// <summary>Answers an exchange whose answer has not begun.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="status">From 400 to 599.</param>
    /// <param name="reason">For the logs; clients get the status's own phrase only.</param>
    public static void Write(Exchange exchange, int status, string reason)
    {
        exchange.FailureReason = reason;
        if (!TryFindRoom(exchange)) return;
        Span<byte> body = stackalloc byte[BodyBytesMax];
        exchange.Respond(status, "text/plain", body[..Compose(body, status, default)]);
    }

    /// <summary>The same for a client that is to know the reason, as that of a forward proxy.</summary>
    internal static void Explain(Exchange exchange, int status, string reason)
    {
        exchange.FailureReason = reason;
        if (!TryFindRoom(exchange)) return;
        Span<byte> body = stackalloc byte[BodyBytesMax];
        exchange.Respond(status, "text/plain", body[..Compose(body, status, Encoding.ASCII.GetBytes(reason))]);
    }

    /// <summary>
    /// Makes sure that the head of an answer of our own has room with the route's fields; else says that it has not.
    /// </summary>
    /// <param name="exchange">One whose answer has not begun.</param>
    /// <param name="bytes">What the head has beside the usual and those fields.</param>
    internal static bool TryFit(Exchange exchange, int bytes = 0)
    {
        if (Fits(exchange, bytes)) return true;
        if (exchange.Reactor.Buffers.IsExhausted) Write(exchange, 503, NoBuffers);
        else Write(exchange, 500, "the answer's head does not fit the buffers");
        return false;
    }

    /// <summary>Whether it has room; nothing is said if not.</summary>
    internal static bool Fits(Exchange exchange, int bytes)
    {
        var fields = exchange.ResponseFields?.LengthIn(exchange.Values) ?? 0;
        return exchange.Downstream.Output.TryReserve(Room + bytes + fields);
    }

    /// <summary>
    /// Where no buffer is left it is the last word of its connection; and where not even for that, there is none.
    /// </summary>
    private static bool TryFindRoom(Exchange exchange)
    {
        var output = exchange.Downstream.Output;
        // An error without the route's fields is better than none.
        if (exchange.ResponseFields is { } fields && !output.TryReserve(Room + fields.LengthIn(exchange.Values)))
            exchange.ResponseFields = null;
        if (output.TryReserve(Room)) return true;
        exchange.CloseAfterwards();
        if (output.TryReserveLast(Room)) return true;
        exchange.Abort();
        return false;
    }

    /// <summary>Answers a message that could not be read, as the last thing on its connection.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="status">From 400 to 599.</param>
    /// <param name="reason">What the client did wrong, in a few words.</param>
    /// <param name="context">Has the Date.</param>
    /// <param name="hasBody">Whether there may be content: not in answer to what is or may be HEAD.</param>
    /// <returns>False when there is no room even for that.</returns>
    internal static bool TryWriteFinal(
        ByteBuffer output, int status, ReadOnlySpan<byte> reason, ServerContext context, bool hasBody = true)
    {
        if (!output.TryReserve(Room) && !output.TryReserveLast(Room)) return false;
        Span<byte> body = stackalloc byte[BodyBytesMax];
        var length = hasBody ? Compose(body, status, reason) : 0;
        var writer = new HeadWriter(output.Writable);
        writer.WriteStatusLine(status);
        writer.Write(context.DateLine());
        if (hasBody) writer.Write("Content-Type: text/plain\r\n"u8);
        writer.WriteHeader("Content-Length"u8, length);
        writer.Write("Connection: close\r\n\r\n"u8);
        writer.Write(body[..length]);
        output.Commit(writer.Length);
        return true;
    }

    /// <summary>Writes a status and its phrase as a line of text, with a reason if there is one.</summary>
    /// <returns>Bytes written.</returns>
    internal static int Compose(Span<byte> body, int status, ReadOnlySpan<byte> reason)
    {
        var writer = new HeadWriter(body);
        writer.WriteNumber(status);
        writer.WriteByte((byte)' ');
        writer.Write(StatusText.Of(status));
        if (!reason.IsEmpty)
        {
            writer.Write(": "u8);
            writer.Write(reason);
        }
        writer.WriteByte((byte)'\n');
        return writer.Length;
    }
}
