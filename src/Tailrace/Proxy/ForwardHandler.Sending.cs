using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <content>Step 2: how the request goes to the destination.</content>
public sealed partial class ForwardHandler
{
    /// <summary>How long an upstream may leave a client waiting for "100 Continue".</summary>
    private const int ContinueMs = 1_000;

    /// <summary>Begins to send the request. False when it cannot be sent, and that has been answered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TrySend(Exchange exchange, Attempts attempts, UpstreamConnection upstream)
    {
        exchange.Lease = upstream;
        if (!TryBegin(exchange, attempts, upstream)) return false;
        var sending = Send(exchange, attempts, upstream);
        if (!sending.IsNothing) upstream.Sending = sending;
        // The deadline of a body takes the place of the one that has the client watched later.
        exchange.Downstream.AbortWith(upstream.Connection, atOnce: !sending.IsCompleted);
        return true;
    }

    /// <summary>The usual request: it has no body, and nothing has to be known of it but when it was sent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TrySendShort(Exchange exchange, UpstreamConnection upstream)
    {
        if (_isResilient || !upstream.Client.TrySendShort(exchange, _edits)) return false;
        exchange.Lease = upstream;
        Prepare(upstream);
        upstream.IsRequestSent = true;
        upstream.Connection.SetTimeout(_settings.FirstByteTimeoutMs);
        exchange.Downstream.AbortWith(upstream.Connection);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Prepare(UpstreamConnection upstream)
    {
        upstream.IsRequestSent = false;
        upstream.Upload = default;
        upstream.IsJudged = false;
        upstream.StartedAt = _cluster.Reactor.Loop.Now;
        upstream.FirstByteMs = _settings.FirstByteTimeoutMs;
        upstream.HedgeMs = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryBegin(Exchange exchange, Attempts attempts, UpstreamConnection upstream)
    {
        Prepare(upstream);
        if (upstream.Client.TryBegin(exchange, _edits, upstream.Destination.NameText))
        {
            if (_isResilient) PrepareForMore(exchange, attempts, upstream);
            return true;
        }
        exchange.Lease = null;
        _refusals.AnswerUnsent(exchange, upstream.Destination);
        // Nothing has been said on it, unless a PROXY header waits to be.
        if (upstream.Connection.Output.IsEmpty) _pool.Keep(upstream);
        else _pool.Close(upstream);
        return false;
    }

    /// <summary>What another try, another destination or the limit has to know of this one.</summary>
    private void PrepareForMore(Exchange exchange, Attempts attempts, UpstreamConnection upstream)
    {
        upstream.IsHedge = false;
        if (_limit is not null) upstream.StartedAtMicroseconds = _cluster.Reactor.Loop.Microseconds;
        if (_retries is not null)
        {
            attempts.HoldsBody = _retries.TryHoldBody(exchange, upstream.Connection.Output);
            upstream.FirstByteMs = _retries.TimeoutOf(exchange, attempts);
        }
        if (_hedging is not null) upstream.HedgeMs = _hedging.DelayOf(exchange, attempts, upstream);
    }

    /// <summary>
    /// Sends head and body. Completes at once unless the body is still coming or the upstream is slow.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private LoopTask Send(Exchange exchange, Attempts attempts, UpstreamConnection upstream)
    {
        var connection = upstream.Connection;
        if (exchange.Request.Body != BodyKind.None && !attempts.HoldsBody) return SendBody(exchange, upstream);
        var flush = connection.FlushAsync();
        // A request that is not taken at once is late already, and its sending has the same deadline.
        if (!flush.IsCompleted) upstream.HedgeMs = 0;
        connection.SetTimeout(upstream.HedgeMs > 0 ? upstream.HedgeMs : upstream.FirstByteMs);
        if (!flush.IsCompleted) return FinishSendAsync(flush, upstream);
        Sent(flush.GetAwaiter().GetResult(), upstream);
        return LoopTask.Completed;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private LoopTask SendBody(Exchange exchange, UpstreamConnection upstream)
    {
        if (_edits.AnswersContinue) exchange.Continue();
        var upload = UploadAsync(exchange, upstream);
        // An upstream that does not know expectations says nothing while the client waits for its word.
        var isAwaited = exchange.Request.ExpectContinue && exchange.RequestBody.Received == 0;
        if (isAwaited && !upload.IsCompleted && upstream.Connection.Output.IsEmpty)
            upstream.Connection.SetTimeout(ContinueMs);
        return upload;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async LoopTask UploadAsync(Exchange exchange, UpstreamConnection upstream)
    {
        var connection = upstream.Connection;
        var result = await BodyRelay.RunAsync(
            exchange.RequestBody, exchange.Downstream, exchange.Settings.BodyTimeoutMs,
            upstream.Client.RequestBody, connection, _settings.IdleTimeoutMs);
        upstream.Upload = result;
        if (result.End != RelayEnd.Complete)
        {
            // A client that fails never completes its request. An upstream that does not read may still have answered.
            if (upstream.IsUploadOver) connection.CancelFill();
            return;
        }
        var flush = connection.FlushAsync();
        if (!flush.IsCompleted) connection.SetTimeout(_settings.IdleTimeoutMs);
        Sent(await flush, upstream);
        // An answer that has begun already has a deadline of its own.
        if (exchange.HasBegun) return;
        connection.SetTimeout(upstream.FirstByteMs);
        // The deadline of the body has taken the place of the one that has the client watched.
        exchange.Downstream.AbortWith(connection);
        // What it took the client to send its request is not the time that the answer takes.
        upstream.StartedAt = _cluster.Reactor.Loop.Now;
        if (_limit is not null) upstream.StartedAtMicroseconds = _cluster.Reactor.Loop.Microseconds;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async LoopTask FinishSendAsync(IoTask flush, UpstreamConnection upstream) =>
        Sent(await flush, upstream);

    private static void Sent(IoResult sent, UpstreamConnection upstream)
    {
        upstream.IsRequestSent = !sent.IsError;
        if (!sent.IsError) return;
        upstream.Upload = new RelayResult(RelayEnd.WriteFailed, sent.Error);
        // An upstream that took nothing in time is not given the same time again to answer.
        if (sent.Error == IoError.TimedOut) upstream.Connection.CancelFill();
    }

    /// <summary>The rest of the sending, which is stopped when the answer has overtaken it.</summary>
    private static LoopTask FinishSending(Exchange exchange, UpstreamConnection upstream)
    {
        var sending = upstream.Sending;
        if (sending.IsNothing) return sending;
        upstream.Sending = default;
        if (sending.IsCompleted) return sending;
        upstream.StopSending(exchange);
        return sending;
    }
}
