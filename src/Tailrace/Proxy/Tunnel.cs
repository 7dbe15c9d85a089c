using System.Diagnostics;
using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Proxy;

/// <summary>
/// Carries bytes both ways between two connections until both directions have ended, or one is broken.
/// </summary>
/// <remarks>
/// <para>
/// Used on its connections' reactor; one use at a time, and it may be used again. The connections stay their owner's,
/// who closes them afterwards, by a reset where <see cref="TunnelResult.MustReset"/> says so. While it runs nobody
/// else reads, writes or times them.
/// </para>
/// <para>
/// Each direction receives no more before the other side has taken what there is, so a tunnel holds at most one block
/// for each direction, and none while it waits for bytes. Bytes that are in an input already go first; so does what is
/// in an output.
/// </para>
/// <para>
/// The end of a stream is passed on as the end of that direction alone (RFC 9293 section 3.6). A reset ends both
/// directions; what the broken side sent before is delivered first, as long as its reader takes it.
/// </para>
/// </remarks>
internal sealed class Tunnel : TimerEntry
{
    /// <summary>Pieces moved without a wait before other connections get their turn.</summary>
    private const int TurnPiecesMax = 16;

    /// <summary>How long what a broken side has sent may still take to be delivered.</summary>
    private const int GraceMs = 1_000;

    private Connection _downstream = null!;
    private Connection _upstream = null!;
    private EventLoop _loop = null!;
    private TunnelLimits _limits;
    private long _activeAt;
    private long _expiresAt;
    private int _running;
    private bool _hasFailed;
    private bool _isStopped;
    private bool _isCut;
    private TunnelSide _sending;
    private TunnelEnd _end;
    private TunnelSide _by;
    private IoError _error;

    /// <summary>Told of each change of its state; null unless every detail is wanted.</summary>
    internal Action<StreamState>? Changed { get; set; }

    /// <summary>Whether it has begun and not ended.</summary>
    internal bool IsRunning => _running > 0;

    /// <summary>Where it stands.</summary>
    internal StreamState State
    {
        get
        {
            if (_running == 0) return StreamState.Closed;
            if (_hasFailed || _by != TunnelSide.None) return StreamState.Closing;
            return _sending == TunnelSide.None ? StreamState.Connected : StreamState.Writing;
        }
    }

    /// <summary>Bytes delivered to the upstream so far.</summary>
    internal long BytesUp { get; private set; }

    /// <summary>Bytes delivered to the downstream so far.</summary>
    internal long BytesDown { get; private set; }

    private Counters Counters => _downstream.Reactor.Counters;

    /// <summary>Runs until nothing can move any more.</summary>
    internal async LoopTask<TunnelResult> RunAsync(Connection downstream, Connection upstream, TunnelLimits limits)
    {
        Begin(downstream, upstream, limits);
        var upload = PumpAsync(downstream, upstream, TunnelSide.Downstream);
        var download = PumpAsync(upstream, downstream, TunnelSide.Upstream);
        await upload;
        await download;
        return Finish();
    }

    /// <summary>Ends it at once; what waits is cancelled. Does nothing to one that is over.</summary>
    internal void Stop(TunnelEnd end = TunnelEnd.Aborted)
    {
        if (_running == 0) return;
        Fail(end, TunnelSide.None, IoError.None);
        Cancel();
    }

    /// <summary>A deadline passed: its own, or the one until which it would be idle.</summary>
    protected internal override void OnDeadline()
    {
        var now = _loop.Now;
        // A send that goes slowly has not completed, but it is no silence.
        var hasMoved = TakeTraffic();
        if (now >= _expiresAt)
        {
            Stop(TunnelEnd.Expired);
            return;
        }
        if (_limits.IdleTimeoutMs > 0 && now - _activeAt >= _limits.IdleTimeoutMs)
        {
            if (!hasMoved)
            {
                Stop(TunnelEnd.Idle);
                return;
            }
            _activeAt = now;
        }
        SetDeadline();
    }

    private void Begin(Connection downstream, Connection upstream, TunnelLimits limits)
    {
        Debug.Assert(_running == 0, "a tunnel has one use at a time");
        _downstream = downstream;
        _upstream = upstream;
        _loop = downstream.Reactor.Loop;
        _limits = limits;
        _activeAt = _loop.Now;
        _expiresAt = limits.LifetimeMs > 0 ? _activeAt + limits.LifetimeMs : long.MaxValue;
        _running = 2;
        _hasFailed = _isStopped = _isCut = false;
        _sending = TunnelSide.None;
        _end = TunnelEnd.Closed;
        _by = TunnelSide.None;
        _error = IoError.None;
        BytesUp = BytesDown = 0;
        downstream.AbortWith(null);
        upstream.AbortWith(null);
        // Its own deadline looks at both directions together.
        downstream.SetTimeout(0);
        upstream.SetTimeout(0);
        TakeTraffic();
        SetDeadline();
        Changed?.Invoke(StreamState.Connected);
    }

    private TunnelResult Finish()
    {
        _loop.Timers.Remove(this);
        _downstream.AbortWith(null);
        _upstream.AbortWith(null);
        // What was counted here is not to be counted again.
        TakeTraffic();
        var mustReset = _isCut || _end is TunnelEnd.Reset or TunnelEnd.NoBuffers;
        _downstream = _upstream = null!;
        return new TunnelResult(_end, _by, _error, mustReset, BytesUp, BytesDown);
    }

    /// <summary>Carries one direction to its end.</summary>
    private async LoopTask PumpAsync(Connection source, Connection target, TunnelSide from)
    {
        var pieces = 0;
        var gauge = new BulkGauge(_loop, isBulk: false);
        while (!_isStopped)
        {
            if (source.Input.IsEmpty && target.Output.IsEmpty)
            {
                source.Input.Release();
                target.Output.Release();
                var fill = gauge.IsBulk(int.MaxValue) && target.SendsUnseen
                    ? source.FillUnseenAsync(int.MaxValue)
                    : source.FillAsync();
                if (!fill.IsCompleted) pieces = 0;
                var received = await fill;
                _activeAt = _loop.Now;
                if (received.IsError || received.Bytes == 0)
                {
                    if (received.IsError) OnReadFailed(source, from, received.Error);
                    else OnEnd(source, target, from);
                    break;
                }
                gauge.Received(received.Bytes, source.Unseen > 0);
                Changed?.Invoke(StreamState.Reading);
            }
            var unseen = source.Unseen;
            var length = source.Input.Length;
            var flush = unseen > 0 ? target.FlushUnseenAsync(source) : target.FlushAsync(source.Input, length);
            if (!flush.IsCompleted) OnWait(from);
            var sent = await flush;
            _sending &= ~from;
            _activeAt = _loop.Now;
            Count(from, unseen > 0 ? target.Flushed : length - source.Input.Length);
            if (sent.IsError)
            {
                OnSendFailed(from, sent.Error);
                break;
            }
            if (++pieces < TurnPiecesMax) continue;
            pieces = 0;
            await _loop.YieldAsync();
        }
        _isCut |= source.DropUnseen() > 0 || !source.Input.IsEmpty;
        source.Input.Release();
        target.Output.Release();
        _running--;
    }

    private void OnWait(TunnelSide from)
    {
        _sending |= from;
        Changed?.Invoke(StreamState.Writing);
    }

    private void Count(TunnelSide from, int bytes)
    {
        if (from == TunnelSide.Downstream)
        {
            BytesUp += bytes;
            Counters.BytesReceived += bytes;
        }
        else
        {
            BytesDown += bytes;
            Counters.BytesSent += bytes;
        }
    }

    /// <summary>The stream of one side has ended: so does the other's, in this direction.</summary>
    private void OnEnd(Connection source, Connection target, TunnelSide from)
    {
        // After a failure the reset tells both sides; an end before it would tell them something else.
        if (_hasFailed) return;
        if (_by == TunnelSide.None) _by = from;
        Changed?.Invoke(StreamState.Closing);
        target.ShutdownSend();
        // Nobody receives from the source any more, and its reset is to be heard of all the same.
        if (_running == 2) source.AbortWith(target, atOnce: true);
    }

    /// <summary>
    /// Nothing more comes from a side that is broken, and nothing gets there. All that it sent has been delivered.
    /// </summary>
    private void OnReadFailed(Connection source, TunnelSide from, IoError error)
    {
        switch (error)
        {
            case IoError.NoBuffers:
                Fail(TunnelEnd.NoBuffers, TunnelSide.None, error);
                break;
            case IoError.Aborted when !source.IsClosed:
                // The other side had ended its stream and was reset after that.
                Fail(TunnelEnd.Reset, OtherThan(from), IoError.Reset);
                break;
            case IoError.Aborted or IoError.Cancelled:
                Fail(TunnelEnd.Aborted, TunnelSide.None, error);
                break;
            default:
                Fail(TunnelEnd.Reset, from, error);
                break;
        }
        Cancel();
    }

    /// <summary>
    /// A side takes nothing any more. What it has sent before may still lie in the kernel; the other direction goes on
    /// until it meets the failure too.
    /// </summary>
    private void OnSendFailed(TunnelSide from, IoError error)
    {
        // Bytes that are no longer in the input may not have gone.
        _isCut = true;
        if (error is IoError.Aborted or IoError.Cancelled) Fail(TunnelEnd.Aborted, TunnelSide.None, error);
        else Fail(TunnelEnd.Reset, OtherThan(from), error);
        _expiresAt = Math.Min(_expiresAt, _loop.Now + GraceMs);
        SetDeadline();
    }

    /// <summary>Remembers what ended the tunnel; what follows from it is not asked for.</summary>
    private void Fail(TunnelEnd end, TunnelSide by, IoError error)
    {
        if (_hasFailed) return;
        _hasFailed = true;
        Changed?.Invoke(StreamState.Closing);
        _end = end;
        _by = by;
        _error = error;
    }

    private void Cancel()
    {
        _isStopped = true;
        _downstream.CancelFill();
        _downstream.CancelFlush();
        _upstream.CancelFill();
        _upstream.CancelFlush();
    }

    private void SetDeadline()
    {
        var idleAt = _limits.IdleTimeoutMs > 0 ? _activeAt + _limits.IdleTimeoutMs : long.MaxValue;
        var deadline = Math.Min(idleAt, _expiresAt);
        if (deadline != long.MaxValue) _loop.Timers.Set(this, deadline);
    }

    private bool TakeTraffic()
    {
        var (fromDownstream, toDownstream) = _downstream.TakeTraffic();
        var (fromUpstream, toUpstream) = _upstream.TakeTraffic();
        return fromDownstream + toDownstream + fromUpstream + toUpstream > 0;
    }

    private static TunnelSide OtherThan(TunnelSide side) =>
        side == TunnelSide.Downstream ? TunnelSide.Upstream : TunnelSide.Downstream;
}
