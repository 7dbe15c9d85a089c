using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>HTTP/1.1 towards one upstream connection: one request at a time, its answer, then the next.</summary>
/// <remarks>
/// Belongs to one reactor; held by the pool while idle and leased to one exchange at a time. While idle a receive stays
/// armed, so that the origin's close is heard of at once.
/// </remarks>
internal sealed class H1Client
{
    private int _scanned;

    internal H1Client(SocketConnection connection, HttpLimits limits)
    {
        Connection = connection;
        Limits = limits;
        Head = new ResponseHead(limits.HeaderCountMax);
    }

    /// <summary>The upstream connection.</summary>
    internal SocketConnection Connection { get; }

    /// <summary>Limits of the upstream's answers.</summary>
    internal HttpLimits Limits { get; }

    /// <summary>The head of the answer that is being read.</summary>
    internal ResponseHead Head { get; }

    /// <summary>The bytes of that head: they are consumed by <see cref="BeginBody"/>.</summary>
    internal ReadOnlySpan<byte> HeadBytes => Connection.Input.Unread;

    /// <summary>Reads the answer's body.</summary>
    internal BodyReader Body { get; } = new();

    /// <summary>Writes the request's body.</summary>
    internal BodyWriter RequestBody { get; } = new();

    /// <summary>Whether any byte of the answer has come.</summary>
    internal bool HasReceived => _scanned > 0 || !Connection.Input.IsEmpty;

    /// <summary>
    /// Writes a request's head into the connection's output and prepares for its body and its answer.
    /// </summary>
    /// <returns>False when the head has no room in the buffers.</returns>
    internal bool TryBegin(Exchange exchange, RequestEdits edits, ReadOnlySpan<byte> destination)
    {
        _scanned = 0;
        RequestBody.Begin(Connection, exchange.Request.Body);
        return H1RequestWriter.TryWrite(
            Connection.Output, exchange.Request, exchange.RequestBytes, edits, exchange.Downstream.RemoteText,
            destination);
    }

    /// <summary>Looks for the answer's head in what has been received.</summary>
    internal ParseStatus ReadHead(Method requestMethod)
    {
        if (Connection.Input.IsEmpty) return ParseStatus.NeedMore;
        return ResponseParser.Parse(Connection.Input.Unread, ref _scanned, Head, requestMethod, Limits);
    }

    /// <summary>Leaves an interim answer behind.</summary>
    internal void SkipInterim()
    {
        Connection.Input.Consume(Head.Length);
        _scanned = 0;
    }

    /// <summary>Consumes the head and prepares to read the body.</summary>
    internal void BeginBody()
    {
        Connection.Input.Consume(Head.Length);
        Body.Begin(Connection.Input, Head.Body, Head.ContentLength, Limits);
    }

    /// <summary>Whether the connection is clean for another request.</summary>
    internal bool IsReusable => Head.KeepAlive && Body.IsEnded && Body.Kind != BodyKind.UntilClose
        && Connection.Input.IsEmpty && Connection.Output.IsEmpty;
}
