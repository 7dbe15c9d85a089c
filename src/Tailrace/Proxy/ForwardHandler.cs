using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Forwards an exchange to one of a cluster's destinations: the story of a proxied request.</summary>
/// <remarks>One for each route and worker; runs on the worker's reactor.</remarks>
public sealed class ForwardHandler : Handler
{
    /// <summary>How long an upstream may leave a client waiting for "100 Continue".</summary>
    private const int ContinueMs = 1_000;

    private readonly Cluster _cluster;
    private readonly UpstreamPool _pool;
    private readonly Lessor _lessor;
    private readonly Refusals _refusals;
    private readonly Retries? _retries;
    private readonly Hedging? _hedging;
    private readonly ConcurrencyLimit? _limit;
    private readonly bool _isResilient;
    private readonly bool _remembers;
    private readonly ClusterSettings _settings;
    private readonly RequestEdits _edits;
    private readonly ResponseEdits _responseEdits;

    /// <summary>Creates the handler of one route on one worker.</summary>
    public ForwardHandler(Cluster cluster, RequestEdits edits, ResponseEdits responseEdits)
    {
        _cluster = cluster;
        _pool = cluster.Pool;
        _lessor = new Lessor(cluster);
        _refusals = new Refusals(cluster);
        _retries = cluster.Retries;
        _hedging = cluster.Hedging;
        _limit = cluster.Limit;
        _isResilient = _retries is not null || _hedging is not null || _limit is not null;
        _remembers = _isResilient || cluster.Breaker is not null || cluster.Queue is not null;
        _settings = cluster.Settings;
        _edits = edits;
        _responseEdits = responseEdits;
    }

    /// <inheritdoc/>
    public override LoopTask HandleAsync(Exchange exchange)
    {
        if (_responseEdits.Fields is { } fields) exchange.ResponseFields = fields;
        var forwarding = Forwarding.Of(exchange);
        return _remembers
            ? RememberAndBegin(exchange, forwarding)
            : Begin(exchange, forwarding, _lessor.TryLeaseFirst(exchange, forwarding.Attempts));
    }

    /// <summary>The same where attempts are remembered, and one of them may be a trial.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private LoopTask RememberAndBegin(Exchange exchange, Forwarding forwarding)
    {
        var attempts = forwarding.Attempts;
        _cluster.Begin(attempts, exchange);
        try
        {
            return Begin(exchange, forwarding, _lessor.TryLease(exchange, attempts));
        }
        catch
        {
            End(attempts);
            throw;
        }
    }

    /// <summary>Sends the request where that can be done at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private LoopTask Begin(Exchange exchange, Forwarding forwarding, UpstreamConnection? upstream)
    {
        var attempts = forwarding.Attempts;
        if (upstream is null || exchange.Request.Body != BodyKind.None)
            return forwarding.Follow(this, ForwardAsync(exchange, Remember(exchange, attempts), upstream));
        if (!TrySendShort(exchange, upstream) && !TrySend(exchange, attempts, upstream))
            return forwarding.Follow(this, LoopTask.Completed);
        return upstream.Sending.IsNothing && upstream.IsRequestSent && exchange.Downstream.Output.IsEmpty
            && upstream.Connection.WatchFill(forwarding)
            ? forwarding.Wait(this)
            : forwarding.Follow(this, ForwardAsync(exchange, Remember(exchange, attempts), upstream, isSent: true));
    }

    /// <summary>
    /// Goes on where a <see cref="Forwarding"/> has waited for the answer to what it has sent to its upstream.
    /// </summary>
    internal LoopTask OnArrival(Exchange exchange, Attempts attempts, UpstreamConnection upstream)
    {
        var failure = UpstreamFailure.NeedMore;
        if (!upstream.Connection.TryTakeFill()
            || (failure = ReadHead(exchange, upstream)) != UpstreamFailure.None
            || _isResilient)
            return ForwardAsync(exchange, Remember(exchange, attempts), upstream, isSent: true, failure);
        var latencyMs = _cluster.Reactor.Loop.Now - upstream.StartedAt;
        if (attempts.IsTrial) _cluster.Judge(attempts, upstream, failure);
        if (!TryRelayWhole(exchange, upstream)
            && (failure = RelayParts(exchange, upstream)) != UpstreamFailure.None)
            return FinishAsync(exchange, upstream, failure, latencyMs);
        exchange.Downstream.AbortWith(null);
        End(exchange, upstream, UpstreamFailure.None, latencyMs);
        return LoopTask.Completed;
    }

    /// <summary>
    /// Attempts that can be gone on with: of a usual request no more is noted than its destination, until then.
    /// </summary>
    private Attempts Remember(Exchange exchange, Attempts attempts)
    {
        if (_remembers) return attempts;
        var destination = attempts.Destination;
        _cluster.Begin(attempts, exchange);
        attempts.Destination = destination;
        return attempts;
    }

    /// <summary>Ends what <see cref="HandleAsync"/> has begun.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void End(Attempts attempts)
    {
        if (!attempts.IsTrial) return;
        // The next request with them may be another cluster's.
        attempts.IsTrial = false;
        _cluster.Breaker!.EndTrial();
    }

    /// <summary>The whole story, once for each attempt.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="attempts">What has been tried for it.</param>
    /// <param name="upstream">The idle connection that was there for it, if one was.</param>
    /// <param name="isSent">Whether the request is on its way already.</param>
    /// <param name="failure">What has come of the wait for its answer then.</param>
    /// <remarks>Not inlined: where an async method begins is its state, and that is to be no part of the usual way.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async LoopTask ForwardAsync(
        Exchange exchange, Attempts attempts, UpstreamConnection? upstream, bool isSent = false,
        UpstreamFailure failure = UpstreamFailure.NeedMore)
    {
        while (true)
        {
            if (!isSent || upstream is null)
            {
                // 1. Choose a destination, and lease a connection to it: an idle one, or else a new one.
                upstream ??= await _lessor.LeaseAsync(exchange, attempts);
                if (upstream is null)
                {
                    _refusals.AnswerUnchosen(exchange, attempts);
                    return;
                }

                // 2. Send the request. What is there of its body goes with the head; the rest goes on by itself.
                if (!TrySend(exchange, attempts, upstream)) return;
                failure = ReadHead(exchange, upstream);
            }

            // 3. Wait for the head of the answer, passing interim answers on.
            for (; failure == UpstreamFailure.NeedMore; failure = ReadHead(exchange, upstream))
            {
                if (!exchange.Downstream.Output.IsEmpty)
                {
                    var flushed = await exchange.FlushAsync();
                    if (exchange.Lease != upstream) return;
                    if (flushed.IsError)
                    {
                        failure = UpstreamFailure.ClientGone;
                        break;
                    }
                    // A deadline that passed meanwhile found nobody waiting; that of the sending is the upload's own.
                    if (upstream.IsRequestSent)
                        upstream.Connection.SetTimeout(upstream.FirstByteLeftMs(_cluster.Reactor.Loop.Now));
                }
                // A request that failed on its way is not waited for.
                if (upstream.IsUploadOver)
                {
                    failure = FailureOf(default, upstream);
                    break;
                }
                var received = await upstream.Connection.FillAsync();
                if (received.Error == IoError.TimedOut && upstream.HedgeMs > 0)
                    (upstream, received) = await _hedging!.RaceAsync(exchange, attempts, upstream, _edits);
                if (HasCome(exchange, received, upstream)) continue;
                failure = FailureOf(received, upstream);
                break;
            }

            // A handler that did not await this has been given up, and the exchange may be another request's by now.
            if (exchange.Lease != upstream) return;

            // 4. Relay the answer, or say what went wrong, unless the request is to be sent again.
            var latencyMs = Measure(upstream, failure);
            if (attempts.IsTrial) _cluster.Judge(attempts, upstream, failure);
            var isAgain = IsAgain(exchange, attempts, upstream, failure);
            if (failure == UpstreamFailure.None && !isAgain
                && (failure = RelayBuffered(exchange, upstream)) == UpstreamFailure.NeedMore)
                failure = await RelayAsync(exchange, upstream);

            // 5. Give the connection back. Nothing of this exchange may still be at work.
            exchange.Downstream.AbortWith(null);
            await FinishSending(exchange, upstream);
            if (!End(exchange, upstream, failure, latencyMs, isAgain)) return;
            if (!isAgain && failure != UpstreamFailure.None) Refuse(exchange, upstream, failure);
            if (!isAgain) return;
            if (_retries is not null && !await _retries.PauseAsync(exchange, attempts)) return;
            isSent = false;
            upstream = _lessor.TryLease(exchange, attempts);
        }
    }

    /// <summary>
    /// An answer whose head has been forwarded, and whose body is long or still to come; or one without room.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async LoopTask FinishAsync(
        Exchange exchange, UpstreamConnection upstream, UpstreamFailure failure, long latencyMs)
    {
        if (failure == UpstreamFailure.NeedMore) failure = await RelayAsync(exchange, upstream);
        exchange.Downstream.AbortWith(null);
        await FinishSending(exchange, upstream);
        if (End(exchange, upstream, failure, latencyMs) && failure != UpstreamFailure.None)
            Refuse(exchange, upstream, failure);
    }

    /// <summary>Says that there is no answer, or not the whole of it. Nothing of the exchange may be at work.</summary>
    internal void Refuse(Exchange exchange, UpstreamConnection upstream, UpstreamFailure failure) =>
        _refusals.Answer(exchange, upstream.Destination, failure);

    /// <summary>Ends the lease, unless that was given up already, and takes into account what came of it.</summary>
    /// <returns>False when it was: the exchange may be another request's by now.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool End(
        Exchange exchange, UpstreamConnection upstream, UpstreamFailure failure, long latencyMs, bool isAgain = false)
    {
        if (exchange.Lease != upstream) return false;
        _cluster.Record(exchange, upstream, failure, latencyMs);
        exchange.Lease = null;
        GiveBack(exchange, upstream, failure, isAgain);
        return true;
    }

    /// <summary>Begins to send the request. False when it cannot be sent, and that has been answered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TrySend(Exchange exchange, Attempts attempts, UpstreamConnection upstream)
    {
        exchange.Lease = upstream;
        if (!TryBegin(exchange, attempts, upstream)) return false;
        var sending = Send(exchange, attempts, upstream);
        if (!sending.IsNothing) upstream.Sending = sending;
        exchange.Downstream.AbortWith(upstream.Connection);
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

    /// <summary>Whether the request is sent once more: its body, if any, has to be still there.</summary>
    private bool IsAgain(Exchange exchange, Attempts attempts, UpstreamConnection upstream, UpstreamFailure failure)
    {
        if (failure == UpstreamFailure.None && _retries is null) return false;
        var isReplayable = exchange.Request.Body == BodyKind.None || attempts.HoldsBody;
        if (attempts.MayReplay(exchange.Request.Method, isReplayable, upstream, failure)
            || (_retries is not null && _retries.MayRetry(exchange, attempts, upstream, failure)))
        {
            _cluster.Reactor.Counters.UpstreamRetries++;
            return true;
        }
        if (attempts.HoldsBody) Retries.ReleaseBody(exchange);
        return false;
    }

    /// <summary>How long the answer took to begin, in milliseconds.</summary>
    private long Measure(UpstreamConnection upstream, UpstreamFailure failure)
    {
        if (_limit is not null)
        {
            if (IsTelling(upstream, failure)) _limit.Record(upstream.StartedAtMicroseconds);
            if (failure == UpstreamFailure.None) _pool.BeginAnswer(upstream);
        }
        return _cluster.Reactor.Loop.Now - upstream.StartedAt;
    }

    /// <summary>Whether the time that went by says something about the cluster: to fail may take no time at all.
    /// </summary>
    private static bool IsTelling(UpstreamConnection upstream, UpstreamFailure failure) =>
        upstream.IsRequestSent && !upstream.IsHedge && (failure == UpstreamFailure.TimedOut
            || (failure == UpstreamFailure.None && upstream.Client.Head.Status < 500));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryBegin(Exchange exchange, Attempts attempts, UpstreamConnection upstream)
    {
        Prepare(upstream);
        if (upstream.Client.TryBegin(exchange, _edits, upstream.Destination.NameText))
        {
            if (_isResilient) Prepare(exchange, attempts, upstream);
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
    private void Prepare(Exchange exchange, Attempts attempts, UpstreamConnection upstream)
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
        exchange.Downstream.CancelFill();
        upstream.Connection.CancelFlush();
        return sending;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private UpstreamFailure ReadHead(Exchange exchange, UpstreamConnection upstream)
    {
        var client = upstream.Client;
        var status = client.ReadHead(exchange.Request.Method);
        return status == ParseStatus.Complete && client.Head.Status >= 200
            ? UpstreamFailure.None
            : JudgeHead(exchange, upstream, status);
    }

    /// <summary>What a head is that is not the final answer, with what follows an interim one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private UpstreamFailure JudgeHead(Exchange exchange, UpstreamConnection upstream, ParseStatus status)
    {
        var client = upstream.Client;
        for (; ; status = client.ReadHead(exchange.Request.Method))
        {
            switch (status)
            {
                case ParseStatus.NeedMore:
                    return UpstreamFailure.NeedMore;
                case ParseStatus.Rejected:
                    return UpstreamFailure.Invalid;
                case ParseStatus.Complete when client.Head.Status == 101:
                    return MaySwitch(exchange, upstream) ? UpstreamFailure.None : UpstreamFailure.Invalid;
                case ParseStatus.Complete when client.Head.IsInterim:
                    if (!client.TryCountInterim()) return UpstreamFailure.Flooded;
                    if (!exchange.TryForwardInterim(client.Head, client.HeadBytes)) return WhyNoRoom();
                    client.SkipInterim();
                    continue;
                default:
                    return UpstreamFailure.None;
            }
        }
    }

    /// <summary>A switch to what was asked for, after the whole request (RFC 9110 section 7.8).</summary>
    private bool MaySwitch(Exchange exchange, UpstreamConnection upstream) =>
        upstream.IsRequestSent && _edits.Upgrades.IsAnswer(
            exchange.Request, exchange.RequestBytes, upstream.Client.Head, upstream.Client.HeadBytes);

    /// <summary>
    /// Ends the lease. An upstream that was asked for another protocol and stays with HTTP is not used again: there are
    /// origins that are half-way out of HTTP then (Node leaves what it cannot parse unanswered).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void GiveBack(
        Exchange exchange, UpstreamConnection upstream, UpstreamFailure failure, bool isUnused)
    {
        if (failure != UpstreamFailure.None)
        {
            _pool.Close(upstream);
            return;
        }
        if (isUnused) Retries.Skip(upstream.Client);
        if (upstream.Client.Head.Status == 101) TakeOver(exchange, upstream);
        else if (exchange.Request.IsUpgrade && _edits.Upgrades.IsAsked(exchange.Request, exchange.RequestBytes))
            _pool.Close(upstream);
        else _pool.Return(upstream);
    }

    /// <summary>Both sides speak another protocol from here on: no pool sees the connection again.</summary>
    private void TakeOver(Exchange exchange, UpstreamConnection upstream)
    {
        if (exchange is not { IsAborted: false, Status: 101 })
        {
            _pool.Close(upstream);
            return;
        }
        exchange.Successor = new UpstreamTunnel(
            upstream.Connection, _pool, upstream.Destination, upstream.IsAnswering,
            exchange.Settings.TunnelIdleTimeoutMs);
        _pool.FreeUpstreams.Return(upstream);
    }

    /// <summary>Whether to go on reading; false when there is a failure to tell apart.</summary>
    private bool HasCome(Exchange exchange, IoResult received, UpstreamConnection upstream)
    {
        if (received is { IsError: false, Bytes: > 0 }) return true;
        if (received.Error != IoError.TimedOut) return false;
        if (upstream.IsRequestSent) return _retries is not null && _retries.GrantsMore(upstream);
        if (upstream.Upload.End != RelayEnd.Complete) return false;
        // The client is still sending, its own deadline watches over it; or it waits to be told to send.
        exchange.Continue();
        upstream.Connection.SetTimeout(upstream.FirstByteMs);
        return true;
    }

    /// <summary>The usual answer: there whole, short, and with nothing unusual about it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryRelayWhole(Exchange exchange, UpstreamConnection upstream)
    {
        var client = upstream.Client;
        if (!upstream.IsRequestSent || client.Whole is not { IsEmpty: false } whole
            || !exchange.TryForwardWhole(client.Head, whole, _responseEdits))
            return false;
        client.TakeWhole();
        return true;
    }

    /// <summary>The common case: the whole answer is there, and short.</summary>
    /// <returns>
    /// <see cref="UpstreamFailure.NeedMore"/> when <see cref="RelayAsync"/> has to go on, and
    /// that of <see cref="WhyNoRoom"/> when nothing has been written.
    /// </returns>
    internal UpstreamFailure RelayBuffered(Exchange exchange, UpstreamConnection upstream) =>
        TryRelayWhole(exchange, upstream) ? UpstreamFailure.None : RelayParts(exchange, upstream);

    /// <summary>The same for an answer with anything unusual about it: its head, then what is there of its body.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private UpstreamFailure RelayParts(Exchange exchange, UpstreamConnection upstream)
    {
        var client = upstream.Client;
        if (!upstream.IsRequestSent) exchange.CloseAfterwards();
        var isForwarded = exchange.TryForward(client.Head, client.HeadBytes, _responseEdits);
        client.BeginBody();
        if (!isForwarded) return WhyNoRoom();
        if (!BodyRelay.TryRunBuffered(client.Body, upstream.Connection.Input, exchange.ResponseBody))
            return UpstreamFailure.NeedMore;
        exchange.Complete();
        return UpstreamFailure.None;
    }

    /// <summary>Why a head that came has no room: asked at once, for others may give buffers back meanwhile.</summary>
    private UpstreamFailure WhyNoRoom() =>
        _cluster.Reactor.Buffers.IsExhausted ? UpstreamFailure.NoBuffers : UpstreamFailure.NoRoom;

    /// <summary>Any other answer: what is there, and then what comes, at the pace of the client.</summary>
    /// <returns>Why it was cut short, unless that was the client.</returns>
    internal async LoopTask<UpstreamFailure> RelayAsync(Exchange exchange, UpstreamConnection upstream)
    {
        var result = await BodyRelay.RunAsync(
            upstream.Client.Body, upstream.Connection, _settings.IdleTimeoutMs,
            exchange.ResponseBody, exchange.Downstream, exchange.Settings.WriteTimeoutMs);
        if (result.End == RelayEnd.Complete)
        {
            exchange.Complete();
            return UpstreamFailure.None;
        }
        // The answer has begun and cannot be completed: only a reset tells the client so in every framing.
        exchange.Abort();
        if (result.Error.IsShortage() || upstream.Upload.Error.IsShortage()) return UpstreamFailure.NoBuffers;
        if (result.End == RelayEnd.WriteFailed || result.Error == IoError.Aborted || upstream.HasUploadFailed)
            return UpstreamFailure.None;
        if (result.End == RelayEnd.Rejected) return UpstreamFailure.Invalid;
        return result.Error == IoError.TimedOut ? UpstreamFailure.TimedOut : UpstreamFailure.Closed;
    }

    private static UpstreamFailure FailureOf(IoResult received, UpstreamConnection upstream) =>
        upstream.Upload.End switch
        {
            RelayEnd.Rejected => UpstreamFailure.RequestRejected,
            _ when upstream.Upload.Error.IsShortage() => UpstreamFailure.NoBuffers,
            RelayEnd.ReadFailed when upstream.Upload.Error == IoError.TimedOut => UpstreamFailure.ClientTimedOut,
            RelayEnd.ReadFailed or RelayEnd.Truncated => UpstreamFailure.ClientGone,
            RelayEnd.WriteFailed when upstream.Upload.Error == IoError.TimedOut => UpstreamFailure.TimedOut,
            _ => received.Error switch
            {
                IoError.TimedOut => UpstreamFailure.TimedOut,
                IoError.Aborted => UpstreamFailure.ClientGone,
                IoError.NoBuffers or IoError.OutOfMemory => UpstreamFailure.NoBuffers,
                _ => UpstreamFailure.Closed,
            },
        };
}
