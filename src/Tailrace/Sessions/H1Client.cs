using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Sessions;

/// <summary>HTTP/1.1 towards one upstream connection: one request at a time, its answer, then the next.</summary>
/// <remarks>
/// Belongs to one reactor; held by the pool while idle and leased to one exchange at a time. While idle a receive stays
/// armed, so that the origin's close is heard of at once.
/// </remarks>
internal sealed class H1Client
{
    private int _scanned;

    /// <summary>What the interim answers to this request have taken so far.</summary>
    private int _interimBytes;

    /// <summary>Whether an interim answer has said that no other request may follow it.</summary>
    private bool _isDoubtful;

    internal H1Client(HttpLimits limits)
    {
        Limits = limits;
        Head = new ResponseHead(limits.HeaderCountMax);
    }

    /// <summary>The upstream connection.</summary>
    internal SocketConnection Connection { get; private set; } = null!;

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

    /// <summary>Whether any byte of an answer has come, be it an interim one.</summary>
    internal bool HasReceived { get; private set; }

    /// <summary>Begins with a connection on which nothing has been said.</summary>
    internal H1Client On(SocketConnection connection)
    {
        Connection = connection;
        return this;
    }

    /// <summary>
    /// Writes a request's head into the connection's output and prepares for its body and its answer.
    /// </summary>
    /// <returns>False when the head has no room in the buffers.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryBegin(Exchange exchange, RequestEdits edits, ReadOnlySpan<byte> destination)
    {
        Restart();
        RequestBody.Begin(Connection, exchange.Request.Body);
        return TryWrite(Connection.Output, exchange, edits, destination);
    }

    /// <summary>Sends a request at once, if it has no body and nothing about it is unusual.</summary>
    /// <returns>False when <see cref="TryBegin(Exchange, RequestEdits, ReadOnlySpan{byte})"/> has to be used.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TrySendShort(Exchange exchange, RequestEdits edits)
    {
        var head = exchange.Request;
        if (exchange.IsPathRewritten || !H1RequestWriter.IsWhole(head, edits)) return false;
        var room = Connection.BeginShort(H1RequestWriter.RoomForWhole(head));
        var length = room.IsEmpty ? 0 : H1RequestWriter.WriteWhole(
            room, head, exchange.RequestBytes, edits.Via, exchange.Downstream.RemoteText);
        if (length == 0) return false;
        Connection.EndShort(length);
        Restart();
        return true;
    }

    /// <summary>The same for a message that was written before, its body included.</summary>
    internal bool TryBegin(ReadOnlySpan<byte> message)
    {
        Restart();
        RequestBody.Begin(Connection, BodyKind.None);
        return Connection.Output.TryAppend(message);
    }

    /// <summary>Writes the head that an upstream gets of an exchange's request.</summary>
    /// <returns>False when it has no room in the buffers.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryWrite(
        ByteBuffer output, Exchange exchange, RequestEdits edits, ReadOnlySpan<byte> destination)
    {
        return H1RequestWriter.TryWrite(
            output, exchange.Request, exchange.RequestBytes, edits, exchange.Downstream.RemoteText, destination,
            exchange.RewrittenPath);
    }

    /// <summary>The same for a request of our own; its body, if any, is as long as is said here.</summary>
    internal bool TryBegin(
        Method method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> host, ReadOnlySpan<byte> fields,
        long contentLength)
    {
        Restart();
        RequestBody.Begin(Connection, contentLength < 0 ? BodyKind.None : BodyKind.Length);
        return H1RequestWriter.TryWrite(Connection.Output, method, target, host, fields, contentLength);
    }

    /// <summary>Looks for the answer's head in what has been received.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ParseStatus ReadHead(Method requestMethod)
    {
        if (Connection.Input.IsEmpty) return ParseStatus.NeedMore;
        HasReceived = true;
        return ResponseParser.Parse(Connection.Input.Unread, ref _scanned, Head, requestMethod, Limits);
    }

    /// <summary>
    /// Counts an interim answer. False when it is too much: all of them together are to be no longer than one head, or
    /// an origin could go on for ever.
    /// </summary>
    internal bool TryCountInterim() => (_interimBytes += Head.Length) <= Limits.HeadBytesMax;

    /// <summary>Leaves an interim answer behind.</summary>
    internal void SkipInterim()
    {
        _isDoubtful |= !Head.KeepAlive;
        Connection.Input.Consume(Head.Length);
        _scanned = 0;
    }

    /// <summary>Consumes the head and prepares to read the body.</summary>
    /// <param name="keepsHead">Whether the head's bytes stay readable as <see cref="ByteBuffer.Kept"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void BeginBody(bool keepsHead = false)
    {
        if (keepsHead) Connection.Input.Keep(Head.Length);
        else Connection.Input.Consume(Head.Length);
        Body.Begin(Connection.Input, Head.Body, Head.ContentLength, Limits);
    }

    /// <summary>
    /// The bytes of the answer, if it is there whole, is short, and says how long it is; else empty.
    /// </summary>
    internal ReadOnlySpan<byte> Whole
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            var bytes = Connection.Input.Unread;
            return Head.Body == BodyKind.Length
                && Head.ContentLength <= Math.Min(BodyWriter.CopyMax, bytes.Length - Head.Length)
                    ? bytes[..(Head.Length + (int)Head.ContentLength)]
                    : default;
        }
    }

    /// <summary>Consumes <see cref="Whole"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void TakeWhole()
    {
        Connection.Input.Consume(Head.Length + (int)Head.ContentLength);
        Body.BeginTaken(Head.ContentLength);
    }

    /// <summary>Another request begins: nothing of its answer is there yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Restart()
    {
        _scanned = _interimBytes = 0;
        _isDoubtful = HasReceived = false;
    }

    /// <summary>Whether the connection is clean for another request.</summary>
    internal bool IsReusable
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Head.KeepAlive && !_isDoubtful && Body.IsEnded && Body.Kind != BodyKind.UntilClose
            && Connection.Input.IsEmpty && Connection.Output.IsEmpty;
    }
}
