using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Forwards an exchange to one of a cluster's destinations: the story of a proxied request.</summary>
/// <remarks>
/// One for each route and worker; runs on the worker's reactor.
/// <para>
/// <see cref="ForwardAsync"/> has all the steps of the story, and can wait in each. What is usual takes the same steps
/// by shorter ways, which need no async method, and go on in it as soon as something is not usual:
/// </para>
/// <list type="table">
/// <item><term><see cref="HandleAsync"/></term><description>
/// steps 1 and 2: a request without a body, for which a connection is idle
/// </description></item>
/// <item><term><see cref="OnArrival"/></term><description>
/// steps 3 to 5, called by the <see cref="Forwarding"/> that has waited: an answer that has come whole
/// </description></item>
/// <item><term><see cref="FinishAsync"/></term><description>
/// the rest of step 4, and step 5: an answer whose body is long, or still to come
/// </description></item>
/// </list>
/// </remarks>
public sealed partial class ForwardHandler : Handler
{
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
            EndTrial(attempts);
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
        var isSent = TrySendShort(exchange, upstream);
        if (!isSent)
        {
            if (!TrySend(exchange, attempts, upstream)) return forwarding.Follow(this, LoopTask.Completed);
            isSent = upstream.Sending.IsNothing && upstream.IsRequestSent;
        }
        return isSent && exchange.Downstream.Output.IsEmpty
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

    /// <summary>Ends the trial that one of the attempts may have been; the request is through.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EndTrial(Attempts attempts)
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
                var fill = upstream.Connection.FillAsync();
                var (hasWaited, received) = (!fill.IsCompleted, await fill);
                if (received.Error == IoError.TimedOut && upstream.HedgeMs > 0)
                    (upstream, received) = await _hedging!.RaceAsync(exchange, attempts, upstream, _edits);
                if (HasCome(exchange, received, upstream, hasWaited)) continue;
                failure = FailureOf(received, upstream);
                break;
            }

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
            End(exchange, upstream, failure, latencyMs, isAgain);
            if (!isAgain)
            {
                if (failure != UpstreamFailure.None) Refuse(exchange, upstream, failure);
                return;
            }
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
        End(exchange, upstream, failure, latencyMs);
        if (failure != UpstreamFailure.None) Refuse(exchange, upstream, failure);
    }

    /// <summary>Says that there is no answer, or not the whole of it. Nothing of the exchange may be at work.</summary>
    internal void Refuse(Exchange exchange, UpstreamConnection upstream, UpstreamFailure failure) =>
        _refusals.Answer(exchange, upstream.Destination, failure);

    /// <summary>Ends the lease, and takes into account what came of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void End(
        Exchange exchange, UpstreamConnection upstream, UpstreamFailure failure, long latencyMs, bool isAgain = false)
    {
        _cluster.Record(exchange, upstream, failure, latencyMs);
        exchange.Lease = null;
        GiveBack(exchange, upstream, failure, isAgain);
    }

    /// <summary>
    /// Gives the connection back. An upstream that was asked for another protocol and stays with HTTP is not used
    /// again: there are origins that are half-way out of HTTP then (Node leaves what it cannot parse unanswered).
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
}
