using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Sessions;

/// <summary>Serves HTTP/1.1 on one downstream connection until either side ends it.</summary>
/// <remarks>
/// Runs wholly on the connection's reactor. Owns the exchange; the handler borrows it until its task completes. Between
/// requests it holds neither exchange nor buffers. Answers to pipelined requests gather in the output and leave
/// together, when the next request is not there yet or has to wait for somebody.
/// </remarks>
internal sealed partial class H1Server : Session
{
    /// <summary>How long bytes are read and dropped after the last answer, so that it gets to be read.</summary>
    private const int LingerMs = 2_000;

    /// <summary>Receives of that kind before other connections get their turn.</summary>
    private const int LingerTurnMax = 16;

    /// <summary>Pipelined requests that are answered before other connections get their turn.</summary>
    private const int TurnRequestsMax = 64;

    /// <summary>Output that is sent even though another pipelined request is there.</summary>
    private const int OutputBytesMax = 32 * 1024;

    private readonly ServerContext _context;
    private readonly Counters _counters;
    private Connection _connection = null!;
    private H1Exchange? _exchange;
    private int _scanned;
    private long _requests;
    private bool _isIdle;
    private bool _isHeadTimed;
    private bool _isOver;
    private bool _isBroken;
    private bool _isOrphaned;

    internal H1Server(ServerContext context)
    {
        _context = context;
        _counters = context.Reactor.Counters;
    }

    /// <summary>Serves the connection; completes when it is closed, or another has taken it over.</summary>
    internal async LoopTask RunAsync(Connection connection)
    {
        Open(connection);
        var turn = 0;
        while (true)
        {
            if (_left != Left.Answer)
            {
                // 1. Read one request head. It must fit the input buffer.
                var status = NextHead();
                if (status == ParseStatus.NeedMore)
                {
                    if (!connection.Output.IsEmpty && Broke(await FlushAsync())) break;
                    turn = 0;
                    if (!TryWait()) break;
                    // Where bytes are not there yet, usual requests are served without this method.
                    var fill = connection.FillAsync();
                    if (fill.IsCompleted) Take(fill.GetAwaiter().GetResult());
                    else await UntilUnusual(fill);
                    if (_left != Left.Fill) continue;
                    if (_received.Error == IoError.NoBuffers) await StarveAsync();
                    else if (_received.Error == IoError.TimedOut && _exchange is not null) RefuseLate();
                    break;
                }

                // 2. Refuse what has no clear meaning. The framing was decided with the head, before anything else may
                // read.
                if (status == ParseStatus.Rejected)
                {
                    RefuseHead();
                    break;
                }
                Begin(_exchange!);
            }

            // 3. Answer.
            try
            {
                if (_left == Left.Answer) await TakeAnswer();
                else if (MayAnswer(out var handler)) await handler.HandleAsync(_exchange!);
                else if (!await TryFlushAndHandleAsync(handler, _exchange!)) break;
                if (_exchange!.IsAtWork)
                    throw new InvalidOperationException("the handler did not await what it has begun");
            }
            catch (Exception exception)
            {
                await FailAsync(_exchange!, exception);
            }

            // 4. Leave the connection clean for the next request, or close it.
            // The exchange is the field again: a local variable would be stored at each wait.
            if (!Finish(_exchange!)) break;
            if (!_exchange!.RequestBody.IsEnded && !await SkipBodyAsync(_exchange!)) break;
            Recycle();
            if (connection.Output.Length >= OutputBytesMax && Broke(await FlushAsync())) break;
            if (++turn == TurnRequestsMax)
            {
                turn = 0;
                await connection.Reactor.Loop.YieldAsync();
            }
        }
        await CloseAsync();
    }

    /// <summary>
    /// Closes a connection that waits for another request; others close after their exchange. The first is waited for:
    /// its client has come before the end, may have sent it by now, and has no reason to take an end for an answer.
    /// </summary>
    internal override void CloseIfIdle()
    {
        if (_isIdle && _requests > 0) _connection.CancelFill();
    }

    /// <inheritdoc/>
    internal override void Abort() => _connection.Abort();

    private void Open(Connection connection)
    {
        _connection = connection;
        _requests = 0;
        _isOver = _isBroken = _isOrphaned = false;
        _left = Left.Nothing;
        _context.Add(this);
        _counters.Accepted++;
        _counters.Active++;
        _context.Opened?.Invoke(connection);
        // The first head's time begins with the connection.
        _isHeadTimed = true;
        connection.SetTimeout(_context.Settings.HeadTimeoutMs);
    }

    private ParseStatus ReadHead()
    {
        if (_exchange is not { } exchange)
        {
            _exchange = exchange = _context.FreeExchanges.TryTake() ?? new H1Exchange(_context);
            exchange.Reset(_connection);
            _scanned = 0;
        }
        return RequestParser.Parse(_connection.Input.Unread, ref _scanned, exchange.Request, _context.Settings.Limits);
    }

    /// <summary>
    /// Prepares to receive: with nothing received yet, gives all memory back. False when it is time to close.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryWait()
    {
        if (_exchange is not { } begun) return TryIdle();
        _connection.Output.Release();
        if (!_isHeadTimed) _connection.SetTimeout(_context.Settings.HeadTimeoutMs);
        _isHeadTimed = true;
        Date(begun);
        return true;
    }

    /// <summary>The same where nothing has been received.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryIdle()
    {
        _connection.Output.Release();
        if (_context.IsDraining && _requests > 0) return false;
        _connection.Input.Release();
        _isIdle = true;
        if (!_isHeadTimed) _connection.SetTimeout(_context.Settings.KeepAliveTimeoutMs);
        return true;
    }

    /// <summary>Whether bytes came; else the connection is over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Arrived(IoResult received)
    {
        _isIdle = false;
        if (received is { IsError: false, Bytes: > 0 }) return true;
        _isOver = received.Error is not (IoError.TimedOut or IoError.NoBuffers);
        return false;
    }

    /// <summary>Answers a request of which more was to come.</summary>
    private void RefuseLate()
    {
        _counters.DownstreamTimeouts++;
        Refuse(408, "the head took too long"u8);
    }

    /// <summary>Answers a request for which no buffer is left, if it is one that is there and not the end.</summary>
    private async LoopTask StarveAsync()
    {
        if (_exchange is null)
        {
            _isOver = true;
            if (!_connection.Input.TryReserveLast(1)) return;
            var fill = _connection.FillAsync();
            if (!fill.IsCompleted) _connection.CancelFill();
            if (await fill is not { IsError: false, Bytes: > 0 }) return;
            _isOver = false;
        }
        _context.Starved?.Invoke();
        // Its method may not be known yet, and HEAD is answered without content.
        Refuse(503, default, hasBody: false);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Begin(H1Exchange exchange)
    {
        var request = exchange.Request;
        _connection.Input.Keep(request.Length);
        exchange.RequestBody.Begin(_connection.Input, request.Body, request.ContentLength, _context.Settings.Limits);
        _counters.Requests++;
        _requests++;
        if (_requests == _context.Settings.RequestsPerConnection) exchange.KeepAlive = false;
        Date(exchange);
    }

    /// <summary>Remembers when the request began, where the access log will say so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Date(H1Exchange exchange)
    {
        if (_context.AccessLog is not null && exchange.StartedAt == 0) exchange.StartedAt = Stopwatch.GetTimestamp();
    }

    /// <summary>Finds the handler. False when earlier answers are to leave before it is asked, because it may wait.
    /// </summary>
    private bool MayAnswer(out Handler handler)
    {
        handler = _context.Route(_exchange!.Request, _exchange.RequestBytes, _connection);
        return _connection.Output.IsEmpty || handler.IsImmediate;
    }

    /// <summary>
    /// Sends what earlier answers left before a handler that may wait is asked. False when that could not be sent.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async LoopTask<bool> TryFlushAndHandleAsync(Handler handler, H1Exchange exchange)
    {
        if (Broke(await FlushAsync())) return false;
        await handler.HandleAsync(exchange);
        return true;
    }

    private async LoopTask FailAsync(H1Exchange exchange, Exception exception)
    {
        _counters.UnhandledErrors++;
        _context.HandlerFailed?.Invoke(exception);
        if (exchange.IsAtWork) await StopAsync(exchange);
        if (exchange.Lease is { } lease) await lease.AbandonAsync(exchange);
        if (exchange.HasBegun) exchange.Abort();
        else if (!exchange.IsAborted) ErrorReply.Write(exchange, 500, "the handler failed");
    }

    /// <summary>
    /// Ends what a handler has begun and not waited for. What the client has got of it by now nobody can say: it gets a
    /// reset. And the handler may still know the exchange, which is used for no other request then.
    /// </summary>
    private async LoopTask StopAsync(H1Exchange exchange)
    {
        _isOrphaned = true;
        exchange.FailureReason = "the handler did not await what it has begun";
        exchange.Abort();
        _connection.Abort();
        await exchange.UntilAtRest();
    }

    /// <summary>Ends the answer. True when it was written whole and the connection goes on.</summary>
    private bool Finish(H1Exchange exchange)
    {
        if (!exchange.HasBegun && !exchange.IsAborted) ErrorReply.Write(exchange, 500, "the handler did not answer");
        if (!exchange.IsComplete) exchange.Abort();
        Account(exchange);
        return exchange is { IsAborted: false, KeepAlive: true };
    }

    /// <summary>Accounts for the exchange.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Account(H1Exchange exchange)
    {
        // An abort with a reason is somebody else's fault.
        if (exchange is { IsAborted: true, FailureReason: null }) _counters.DownstreamAborts++;
        else if (exchange.HasBegun) _counters.CountAnswer(exchange.Status);
        if (_context.AccessLog is { } log && exchange.Successor is null) AccessRecorder.Write(log, exchange);
        _context.Ended?.Invoke(exchange);
    }

    /// <summary>Reads and drops what is left of a request's body. False when the connection cannot go on.</summary>
    private async LoopTask<bool> SkipBodyAsync(H1Exchange exchange)
    {
        var body = exchange.RequestBody;
        while (true)
        {
            switch (body.Next(out var count))
            {
                case BodyStep.Data:
                    _connection.Input.Consume(count);
                    continue;
                case BodyStep.End:
                    body.TakeTrailers();
                    return true;
                case BodyStep.Rejected:
                    return false;
                default:
                    if (Broke(await FlushAsync()) || (await exchange.FillBodyAsync()).IsError) return false;
                    continue;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CountTraffic()
    {
        var (received, sent) = _connection.TakeTraffic();
        _counters.BytesReceived += received;
        _counters.BytesSent += sent;
    }

    /// <summary>Ends the exchange: its objects and its head's bytes are free again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Recycle()
    {
        CountTraffic();
        _connection.Input.DropKept();
        _context.FreeExchanges.Return(_exchange!);
        _exchange = null;
        _isHeadTimed = false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private IoTask FlushAsync()
    {
        var flush = _connection.FlushAsync();
        if (!flush.IsCompleted) _connection.SetTimeout(_context.Settings.WriteTimeoutMs);
        return flush;
    }

    /// <summary>
    /// Lets something else than HTTP go on with the connection. Of session and exchange nothing is kept.
    /// </summary>
    private void HandOver(H1Exchange exchange, Successor successor)
    {
        var (context, connection) = (_context, _connection);
        var record = context.AccessLog is null ? null : new TunnelRecord(exchange, connection);
        exchange.Successor = null;
        Recycle();
        _connection = null!;
        successor.Begin(this, context, connection, record);
        context.FreeSessions.Return(this);
    }

    /// <summary>Remembers a send that failed.</summary>
    private bool Broke(IoResult sent)
    {
        _isBroken |= sent.IsError;
        return sent.IsError;
    }

    private void RefuseHead()
    {
        _counters.Rejected++;
        var rejection = _exchange!.Request.Rejection;
        Refuse(Rejections.StatusOf(rejection), Rejections.Reason(rejection));
    }

    /// <summary>Answers a request that could not be read.</summary>
    private void Refuse(int status, ReadOnlySpan<byte> reason, bool hasBody = true)
    {
        hasBody &= _exchange is not { Request.Method: Method.Head };
        if (ErrorReply.TryWriteFinal(_connection.Output, status, reason, _context, hasBody))
            _counters.CountAnswer(status);
        if (_context.AccessLog is { } log)
            AccessRecorder.WriteRefusal(log, _connection, status, _exchange?.StartedAt ?? 0);
    }

    /// <summary>Sends what is written, lets the client read it, closes, and makes the session free again.</summary>
    private async LoopTask CloseAsync()
    {
        var connection = _connection;
        if (_exchange is { Successor: { } successor } last)
        {
            HandOver(last, successor);
            return;
        }
        var isAborted = _exchange is { IsAborted: true };
        if (!isAborted && !_isOver && !_isBroken && !connection.IsClosed)
        {
            // Closing with unread bytes makes a reset, and a reset destroys what the client has not read yet.
            if (!Broke(await FlushAsync()) && MayHaveUnread()) await LingerAsync();
        }
        CountTraffic();
        _context.Closed?.Invoke(connection);
        // An answer that was begun and not sent whole must not look like one that ended.
        connection.Close(reset: _isBroken || (isAborted && _exchange!.HasBegun));
        _context.Remove(this);
        if (_isOrphaned) _exchange!.Reset(null!);
        else if (_exchange is { } exchange) _context.FreeExchanges.Return(exchange);
        _exchange = null;
        _connection = null!;
        _counters.Active--;
        _context.FreeSessions.Return(this);
    }

    /// <summary>
    /// Whether the client may have sent more than was read: a body, or a request that it did not know to be one too
    /// many.
    /// </summary>
    private bool MayHaveUnread() =>
        !_connection.Input.IsEmpty || _context.IsDraining
        || _exchange is { HasBegun: false } or { RequestBody.IsEnded: false }
            or { KeepAlive: false, Request.KeepAlive: true };

    private async LoopTask LingerAsync()
    {
        var loop = _connection.Reactor.Loop;
        var until = loop.Now + LingerMs;
        _connection.ShutdownSend();
        // It may be one of the few blocks for a last word, which others wait for.
        _connection.Output.Release();
        _connection.Input.Clear();
        _connection.SetTimeout(LingerMs);
        for (var turn = 1; loop.Now < until; turn++)
        {
            var received = await _connection.FillAsync();
            if (received.IsError || received.Bytes == 0) return;
            _connection.Input.Clear();
            if (turn % LingerTurnMax == 0) await loop.YieldAsync();
        }
    }
}
