using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Http.Rules;
using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>An exchange over HTTP/1.1: the answer is text in the connection's output.</summary>
/// <remarks>
/// Taken from the context's free list when a request's first byte comes, given back when it is answered.
/// </remarks>
internal sealed class H1Exchange : Exchange
{
    /// <summary>Body bytes of a request that a server reads and drops to keep the connection.</summary>
    private const long DrainBytesMax = 64 * 1024;

    /// <summary>How much output gathers before it is sent.</summary>
    private const int SendBytes = 16 * 1024;

    /// <summary>Room for what a head has at least.</summary>
    private const int HeadRoom = 256;

    /// <summary>Pieces of an answer that there is no room for: the smallest block holds one, with a head.</summary>
    private const int PoorPieceBytes = 2048;

    private readonly ServerContext _context;
    private readonly BodyWriter _responseBody = new();
    private Connection _connection = null!;
    private H1Framing _framing;
    private bool _headOpen;
    private bool _isContinued;

    internal H1Exchange(ServerContext context)
    {
        _context = context;
        Request = new RequestHead(context.Settings.Limits.HeaderCountMax);
    }

    /// <inheritdoc/>
    public override RequestHead Request { get; }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> RequestBytes => _connection.Input.Kept;

    /// <inheritdoc/>
    public override BodyReader RequestBody { get; } = new();

    /// <inheritdoc/>
    public override BodyWriter ResponseBody => _responseBody;

    /// <inheritdoc/>
    public override Connection Downstream => _connection;

    /// <inheritdoc/>
    public override ServerSettings Settings => _context.Settings;

    /// <summary>Whether the connection may serve another request after this one.</summary>
    internal bool KeepAlive { get; set; }

    /// <summary>Whether request and answer have ended, and the connection is ready for others.</summary>
    internal bool IsWhole
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsComplete && KeepAlive && !IsAborted && RequestBody.IsEnded;
    }

    /// <summary>
    /// When the first bytes of the request came, in stopwatch ticks; 0 when nobody asks, or they have come just now.
    /// </summary>
    internal long StartedAt { get; set; }

    /// <summary>Begins with a connection whose request is about to be parsed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Reset(Connection connection)
    {
        if (_connection != connection) _connection = connection;
        _headOpen = _isContinued = false;
        KeepAlive = true;
        StartedAt = 0;
        _responseBody.Clear();
        ResetState();
    }

    /// <inheritdoc/>
    public override void Begin(int status, long contentLength = -1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 999);
        if (HasBegun) throw new InvalidOperationException("the answer has begun already");
        Status = status;
        var noBody = BodyFraming.HasNoBody(Request.Method, status);
        Frame(noBody ? BodyKind.None : KindFor(contentLength), status is 204 or 304 ? -1 : contentLength);
        var output = _connection.Output;
        if (!output.TryReserve(HeadRoom))
        {
            Abort();
            return;
        }
        var writer = new HeadWriter(output.Writable);
        writer.WriteStatusLine(status);
        writer.Write(_context.DateLine());
        output.Commit(writer.Length);
        _headOpen = true;
    }

    /// <inheritdoc/>
    internal override bool TryRespond(PreparedReply reply)
    {
        if (HasBegun) throw new InvalidOperationException("the answer has begun already");
        if (ResponseFields is { } edits) return TryRespondEdited(reply, edits);
        DropBuffered();
        var isHead = Request.Method == Method.Head;
        var room = RoomForAnswer(isHead ? reply.Room - reply.BodyLength : reply.Room, out var isShort);
        if (room.IsEmpty) return false;
        Status = reply.Status;
        KeepAlive = MayKeepAlive();
        var writer = new HeadWriter(room);
        writer.WriteShort(reply.Head);
        writer.Write(_context.DateLine());
        if (!KeepAlive) writer.Write("Connection: close\r\n"u8);
        else if (Request.MinorVersion == 0) writer.Write("Connection: keep-alive\r\n"u8);
        if (isHead) writer.WriteCrlf();
        else writer.WriteShort(reply.End);
        EndAnswer(writer.Length, isShort);
        _responseBody.BeginWritten(isHead ? 0 : reply.BodyLength);
        Complete();
        return true;
    }

    /// <inheritdoc/>
    internal override async LoopTask RespondInPiecesAsync(PreparedReply reply)
    {
        // What earlier answers left takes room too.
        var flushed = await FlushAsync();
        if (flushed.IsError) Abort();
        if (IsAborted || !ErrorReply.TryFit(this)) return;
        BeginEdited(reply);
        for (var sent = 0; sent < reply.BodyLength; sent += PoorPieceBytes)
        {
            var length = Math.Min(PoorPieceBytes, reply.BodyLength - sent);
            if ((await WriteAsync(reply.Body.Slice(sent, length))).IsError) return;
            if (!(await FlushAsync()).IsError) continue;
            Abort();
            return;
        }
        End();
    }

    /// <summary>
    /// Room for an answer that is there whole: where it leaves by itself, when it is short and no other goes with it;
    /// else in the output.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<byte> RoomForAnswer(int bytes, out bool isShort)
    {
        var room = _connection.Input.IsEmpty ? _connection.BeginShort(bytes) : default;
        isShort = !room.IsEmpty;
        if (!isShort && _connection.Output.TryReserve(bytes)) room = _connection.Output.Writable;
        return room;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndAnswer(int length, bool isShort)
    {
        if (isShort) _connection.EndShort(length);
        else _connection.Output.Commit(length);
    }

    /// <inheritdoc/>
    public override void Header(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!_headOpen && !IsAborted) throw new InvalidOperationException("the head of the answer is not open");
        if (!HttpSyntax.IsToken(name) || !HttpSyntax.IsFieldValue(value))
            throw new ArgumentException("not a valid field name or value");
        var id = KnownHeaders.Find(name);
        if (id is KnownHeader.ContentLength or KnownHeader.TransferEncoding or KnownHeader.Connection)
            throw new ArgumentException("framing fields are written by the server", nameof(name));
        if (ResponseFields is { } edits && edits.Drops(name)) return;
        var output = _connection.Output;
        if (IsAborted || !output.TryReserve(name.Length + value.Length + 4))
        {
            Abort();
            return;
        }
        var writer = new HeadWriter(output.Writable);
        writer.WriteHeader(name, value);
        output.Commit(writer.Length);
    }

    /// <inheritdoc/>
    public override IoTask WriteAsync(ReadOnlySpan<byte> piece)
    {
        CheckPiece(piece.Length);
        CloseHead();
        // Bytes beyond the length that was said would be read as the next answer.
        var isTooLong = _framing.Body == BodyKind.Length && _responseBody.Written + piece.Length > _framing.Length;
        if (IsAborted || IsComplete || isTooLong || !_responseBody.TryAppend(piece))
        {
            Abort();
            return new IoTask(IoResult.Failure(IoError.NoBuffers));
        }
        return _connection.Output.Length >= SendBytes ? FlushAsync() : new IoTask(IoResult.Success(piece.Length));
    }

    /// <inheritdoc/>
    public override IoTask FlushAsync()
    {
        if (_headOpen) CloseHead();
        if (IsAborted) return new IoTask(IoResult.Failure(IoError.Aborted));
        var flush = _connection.FlushAsync();
        if (!flush.IsCompleted) _connection.SetTimeout(Settings.WriteTimeoutMs);
        return flush;
    }

    /// <inheritdoc/>
    public override void End(ReadOnlySpan<byte> piece = default, ReadOnlySpan<byte> trailers = default)
    {
        CheckPiece(piece.Length);
        CloseHead();
        if (IsAborted || IsComplete || !_responseBody.TryAppend(piece) || !_responseBody.TryEnd(trailers))
        {
            Abort();
            return;
        }
        // A body that is not as long as was said would shift every answer behind it.
        if (_framing is { Body: BodyKind.Length } && _responseBody.Written != _framing.Length) Abort();
        else Complete();
    }

    /// <inheritdoc/>
    public override async LoopTask<IoResult> ReadAsync(Memory<byte> destination)
    {
        while (true)
        {
            switch (RequestBody.Take(destination.Span, out var count))
            {
                case BodyStep.Data or BodyStep.End:
                    return IoResult.Success(count);
                case BodyStep.Rejected:
                    Abort();
                    return IoResult.Failure(IoError.Other);
                default:
                    var received = await FillBodyAsync();
                    if (!received.IsError) continue;
                    Abort();
                    return received;
            }
        }
    }

    /// <summary>
    /// Receives more of the request's body, saying "100 Continue" first where the client waits for it.
    /// </summary>
    internal async LoopTask<IoResult> FillBodyAsync()
    {
        if (IsContinueAwaited)
        {
            Continue();
            var flushed = await _connection.FlushAsync();
            if (flushed.IsError) return flushed;
        }
        _connection.SetTimeout(Settings.BodyTimeoutMs);
        var received = await _connection.FillAsync();
        return received is { IsError: false, Bytes: 0 } ? IoResult.Failure(IoError.Reset) : received;
    }

    /// <inheritdoc/>
    internal override bool TryConnected()
    {
        if (!_connection.Output.TryAppend("HTTP/1.1 200 Connection established\r\n\r\n"u8))
        {
            Abort();
            return false;
        }
        Status = 200;
        KeepAlive = false;
        Complete();
        return true;
    }

    private bool IsContinueAwaited =>
        Request.ExpectContinue && !_isContinued && !HasBegun && RequestBody.Received == 0;

    /// <inheritdoc/>
    internal override void Continue()
    {
        if (IsContinueAwaited) _isContinued = _connection.Output.TryAppend("HTTP/1.1 100 Continue\r\n\r\n"u8);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected override void DropBuffered()
    {
        if (RequestBody is { Kind: BodyKind.Chunked, IsEnded: false }) DropChunks();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void DropChunks()
    {
        while (RequestBody.Next(out var count) == BodyStep.Data) _connection.Input.Consume(count);
        if (RequestBody.IsEnded) RequestBody.TakeTrailers();
    }

    /// <inheritdoc/>
    public override void CloseAfterwards()
    {
        KeepAlive = false;
        // The client is told as long as the head is open.
        if (_headOpen) _framing = _framing with { KeepAlive = false };
    }

    /// <inheritdoc/>
    internal override bool TryForward(ResponseHead head, ReadOnlySpan<byte> bytes, ResponseEdits edits)
    {
        if (!TryWriteHead(head, bytes, edits)) return false;
        Status = head.Status;
        return true;
    }

    private bool TryWriteHead(ResponseHead head, ReadOnlySpan<byte> bytes, ResponseEdits edits)
    {
        if (head.Status == 101)
        {
            // Whatever follows is not HTTP, and ends with the connection.
            KeepAlive = false;
            return H1ResponseWriter.TryForwardSwitch(_connection.Output, head, bytes);
        }
        // A handler may relay what was fetched by GET to a HEAD, or the other way round: what was asked here counts.
        var noBody = BodyFraming.HasNoBody(Request.Method, head.Status);
        if (noBody) Frame(BodyKind.None, head.Status == 204 ? -1 : head.ContentLength);
        else if (head.Body == BodyKind.None) Frame(BodyKind.Length, 0);
        else Frame(KindFor(head.ContentLength), head.ContentLength);
        var output = _connection.Output;
        var date = head.Headers.Has(KnownHeader.Date) ? default : _context.DateLine();
        var added = AddedFields.IsEmpty ? default : AddedFields.Span;
        if (edits.Fields is null) return H1ResponseWriter.TryForward(output, head, bytes, _framing, edits, date, added);
        return H1ResponseWriter.TryForward(output, head, bytes, _framing, edits, date, added, Values);
    }

    /// <inheritdoc/>
    internal override bool TryForwardWhole(ResponseHead head, ReadOnlySpan<byte> message, ResponseEdits edits)
    {
        if (edits.Fields is not null || edits.Via || !AddedFields.IsEmpty || Request.MinorVersion == 0
            || BodyFraming.HasNoBody(Request.Method, head.Status) || !H1ResponseWriter.IsPlain(head)
            || !MayKeepAlive())
            return false;
        var room = RoomForAnswer(H1ResponseWriter.RoomForWhole(message), out var isShort);
        var length = H1ResponseWriter.ForwardWhole(room, head, message, _context.DateAndLength());
        if (length == 0) return false;
        EndAnswer(length, isShort);
        Status = head.Status;
        _responseBody.BeginWritten(head.ContentLength);
        Complete();
        return true;
    }

    /// <inheritdoc/>
    internal override bool TryForwardInterim(ResponseHead head, ReadOnlySpan<byte> bytes)
    {
        _isContinued |= head.Status == 100;
        return Request.MinorVersion == 0 || H1ResponseWriter.TryForwardInterim(_connection.Output, head, bytes);
    }

    private BodyKind KindFor(long length)
    {
        if (length >= 0) return BodyKind.Length;
        if (Request.MinorVersion == 1) return BodyKind.Chunked;
        KeepAlive = false;
        return BodyKind.UntilClose;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Frame(BodyKind kind, long length)
    {
        KeepAlive = MayKeepAlive();
        _framing = new H1Framing(kind, length, KeepAlive, Request.MinorVersion);
        _responseBody.Begin(_connection, kind);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayKeepAlive() => KeepAlive && Request.KeepAlive && !_context.IsDraining
        && (RequestBody.IsEnded || CanDrain());

    /// <summary>Whether what is left of the request's body is worth reading only to reach the next request.</summary>
    private bool CanDrain()
    {
        // A client that still waits for "100 Continue" may never send the body it announced.
        if (Request.ExpectContinue && RequestBody.Received == 0) return false;
        return RequestBody.Remaining is >= 0 and <= DrainBytesMax;
    }

    private void CloseHead()
    {
        if (!_headOpen)
        {
            if (!HasBegun) throw new InvalidOperationException("the answer has not begun");
            return;
        }
        _headOpen = false;
        if (ResponseFields is { } edits) WriteEdits(edits);
        var output = _connection.Output;
        if (!output.TryReserve(128))
        {
            Abort();
            return;
        }
        var writer = new HeadWriter(output.Writable);
        _framing.Write(ref writer);
        writer.WriteCrlf();
        output.Commit(writer.Length);
    }

    private bool TryRespondEdited(PreparedReply reply, FieldEdits edits)
    {
        if (!_connection.Output.TryReserve(reply.Room + edits.LengthIn(Values) + HeadRoom)) return false;
        BeginEdited(reply);
        End(reply.Body);
        return true;
    }

    private void BeginEdited(PreparedReply reply)
    {
        DropBuffered();
        Begin(reply.Status, reply.BodyLength);
        if (!IsAborted && !reply.ContentType.IsEmpty) Header("Content-Type"u8, reply.ContentType);
    }

    private void WriteEdits(FieldEdits edits)
    {
        var values = Values;
        var output = _connection.Output;
        if (!output.TryReserve(edits.LengthIn(values)))
        {
            Abort();
            return;
        }
        var writer = new HeadWriter(output.Writable);
        FieldEditWriter.Write(ref writer, edits, values);
        output.Commit(writer.Length);
    }

    private static void CheckPiece(int length)
    {
        if (length > PieceBytesMax) throw new ArgumentException($"a piece has at most {PieceBytesMax} bytes");
    }
}
