using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>One request at two destinations, until the first byte of an answer comes from either.</summary>
/// <remarks>
/// <para>Borrowed from its <see cref="Hedging"/>; used again when both sides have ended. Each side is a method of its
/// own, and the exchange awaits the race. Whoever loses is cancelled in the same turn and closes its connection itself:
/// no byte of it is read, so nothing can be mixed. From the end of the race on it does not touch the exchange.</para>
/// <para>A side that fails does not end the race while the other one runs. When both fail, the first failure, that of
/// the request's own destination, is what comes of it.</para>
/// </remarks>
internal sealed class HedgeRace(Hedging hedging) : ILoopAwaiter, ICriticalNotifyCompletion
{
    private readonly Cluster _cluster = hedging.Cluster;
    private readonly UpstreamPool _pool = hedging.Cluster.Pool;
    private LoopContinuation? _waiter;
    private Exchange _exchange = null!;
    private Attempts _attempts = null!;
    private UpstreamConnection _first = null!;
    private UpstreamConnection? _second;
    private RaceResult _result;
    private IoResult? _firstFailure;
    private int _running;
    private bool _isTaken;

    /// <summary>Whether it has ended.</summary>
    public bool IsCompleted { get; private set; }

    private long Now => _cluster.Reactor.Loop.Now;

    /// <summary>For <c>await</c>.</summary>
    public HedgeRace GetAwaiter() => this;

    /// <summary>What came of it.</summary>
    public RaceResult GetResult()
    {
        var result = _result;
        _isTaken = true;
        if (_running == 0) Recycle();
        return result;
    }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => _waiter = new ActionContinuation(continuation);

    void ILoopAwaiter.OnCompleted(LoopContinuation continuation) => _waiter = continuation;

    /// <summary>Begins: a connection waits for its answer, and another destination gets the request too.</summary>
    internal void Start(
        Exchange exchange, Attempts attempts, UpstreamConnection first, Destination other, RequestEdits edits)
    {
        Debug.Assert(_running == 0 && !IsCompleted);
        _exchange = exchange;
        _attempts = attempts;
        _first = first;
        _running = 2;
        WaitAsync(first).Detach();
        if (IsCompleted) _running--;
        else AskAsync(other, edits).Detach();
    }

    private async LoopTask WaitAsync(UpstreamConnection first)
    {
        var received = await first.Connection.FillAsync();
        _running--;
        if (IsCompleted) Lost(first);
        else if (received is { IsError: false, Bytes: > 0 } || received.Error == IoError.Aborted) End(first, received);
        else FirstFailed(received);
    }

    private async LoopTask AskAsync(Destination other, RequestEdits edits)
    {
        var second = _pool.TryRent(other);
        if (second is null)
        {
            var startedAt = Now;
            var opened = await _pool.OpenAsync(other);
            second = opened.Upstream;
            if (second is null && Lessor.IsFault(opened.Error))
                _cluster.Record(other, isFailure: true, latencyMs: 0, startedAt);
        }
        // A connection that comes too late has said nothing yet: the next request may have it.
        if (second is not null && IsCompleted)
        {
            _pool.Keep(second);
            second = null;
        }
        var received = second is null ? IoResult.Failure(IoError.Cancelled) : await AskAsync(second, edits);
        _running--;
        if (IsCompleted)
        {
            Lost(second);
            return;
        }
        if (received is { IsError: false, Bytes: > 0 })
        {
            End(second!, received);
            return;
        }
        if (second is not null)
        {
            // What is left is the first, for which the exchange may go on waiting though its try was late.
            if (_firstFailure is not null) _exchange.Downstream.AbortWith(_first.Connection);
            Failed(second, received);
        }
        _attempts.RuleOut(other.Index);
        _second = null;
        // A client that left meanwhile was told of to this side alone.
        if (_firstFailure is { } failure) End(_first, received.Error == IoError.Aborted ? received : failure);
    }

    /// <summary>Sends the request and waits for the first bytes of its answer.</summary>
    private async LoopTask<IoResult> AskAsync(UpstreamConnection second, RequestEdits edits)
    {
        var connection = second.Connection;
        _second = second;
        second.StartedAt = Now;
        second.Upload = default;
        second.IsRequestSent = false;
        second.HedgeMs = 0;
        second.FirstByteMs = _first.FirstByteMs;
        second.IsHedge = true;
        second.IsJudged = false;
        if (!second.Client.TryBegin(_exchange, edits, second.Destination.NameText))
            return IoResult.Failure(IoError.NoBuffers);
        if (_firstFailure is not null) _exchange.Downstream.AbortWith(connection);
        var flush = connection.FlushAsync();
        connection.SetTimeout(second.FirstByteMs);
        var sent = await flush;
        second.IsRequestSent = !sent.IsError;
        if (sent.IsError || IsCompleted) return sent.IsError ? sent : IoResult.Failure(IoError.Cancelled);
        return await connection.FillAsync();
    }

    /// <summary>The request's own destination will not answer: what is left is the other.</summary>
    private void FirstFailed(IoResult received)
    {
        _firstFailure = received;
        if (_running == 0) End(_first, received);
        else if (_second is { } second) _exchange.Downstream.AbortWith(second.Connection);
    }

    private void End(UpstreamConnection winner, IoResult received)
    {
        IsCompleted = true;
        _result = new RaceResult(winner, received);
        if (winner == _first)
        {
            _second?.Connection.CancelFill();
            _second?.Connection.CancelFlush();
        }
        else if (_firstFailure is { } failure)
        {
            Failed(_first, failure);
            _attempts.RuleOut(_first.Destination.Index);
        }
        else
        {
            hedging.Record(Now - _first.StartedAt);
            _first.Connection.CancelFill();
        }
        var waiter = _waiter;
        _waiter = null;
        waiter?.Resume();
    }

    private void Failed(UpstreamConnection upstream, IoResult received)
    {
        // An idle connection may be closed at any time, and what the client or this side did is not its fault.
        var isFault = received.Error is IoError.TimedOut or IoError.Lost
            || (!upstream.IsReused && (received.Error is IoError.None or IoError.Reset or IoError.BrokenPipe));
        if (isFault)
            _cluster.Record(upstream.Destination, isFailure: true, Now - upstream.StartedAt, upstream.StartedAt);
        _pool.Close(upstream);
    }

    private void Lost(UpstreamConnection? upstream)
    {
        if (upstream is not null) _pool.Close(upstream);
        if (_running == 0 && _isTaken) Recycle();
    }

    private void Recycle()
    {
        _exchange = null!;
        _attempts = null!;
        _first = null!;
        _second = null;
        _result = default;
        _firstFailure = null;
        _isTaken = IsCompleted = false;
        hedging.Return(this);
    }
}
