using System.Diagnostics;
using System.Runtime.CompilerServices;
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
/// A tunnel waits nearly all the time, often thousands of them. So it is no async method, whose frames would wait with
/// it: one object keeps what both directions need, is resumed by whatever they wait for, and has a
/// <see cref="TunnelPump"/> go on; the owner is told of the end.
/// </para>
/// <para>
/// Each direction receives no more before the other side has taken what there is, so a tunnel holds at most one block
/// for each direction, and none while it waits for bytes. Bytes that are in an input already go first; so does what is
/// in an output.
/// </para>
/// <para>
/// The end of a stream is passed on as the end of that direction alone (RFC 9293 section 3.6); that of the second one,
/// by the close of both connections. A reset ends both directions. What the broken side sent before is delivered first,
/// for as long as the other side takes some of it (<see cref="LastBytes"/>): the broken side is closed as soon as
/// nothing is left to be received from it, and the other one when all has come there, by a reset.
/// </para>
/// </remarks>
internal partial class Tunnel : TimerEntry
{
    /// <summary>For how long nothing has moved in a tunnel that may be cut like one that ends.</summary>
    private const int QuietMs = 10_000;

    /// <summary>
    /// How often in the time of its silence is looked for what only shows by being asked for: a send that goes on in
    /// parts, and what the system of a slow reader takes. So much later, at most, such a silence ends it.
    /// </summary>
    private const int LooksInSilence = 8;

    /// <summary>How long after bulk its direction counts as one that reads: its pieces have pauses.</summary>
    private const int BulkPauseMs = 100;

    /// <summary>How far it has come: it passes these in order, and may leave out any but the first and last.</summary>
    private enum Phase : byte
    {
        /// <summary>It has not begun, or nothing can move any more: it may begin (<see cref="Begin"/>).</summary>
        Over,

        /// <summary>Bytes go both ways, or one way when the other stream has ended.</summary>
        Open,

        /// <summary>A side is broken, and what it has sent goes to the other one (<see cref="Deliver"/>).</summary>
        Delivering,

        /// <summary>What waits is cancelled, and both directions end (<see cref="Cancel"/>).</summary>
        Stopping,

        /// <summary>
        /// Both have ended, but the system still has something for the side that is not broken
        /// (<see cref="BeginParting"/>).
        /// </summary>
        Parting,
    }

    private TunnelFlow _upload;
    private TunnelFlow _download;
    private ITunnelOwner _owner = null!;
    private int _idleTimeoutMs;
    private long _activeAt;
    private long _expiresAt;
    private Phase _phase;
    private bool _isCut;
    private bool _isQueued;
    private StreamState _told;
    private TunnelEnd _end;
    private TunnelSide _by;
    private IoError _error;

    /// <summary>Told of each change of its state; null unless every detail is wanted.</summary>
    internal Action<StreamState>? Changed { get; set; }

    /// <summary>Whether it has begun and not ended.</summary>
    internal bool IsRunning => _phase != Phase.Over;

    /// <summary>Where it stands; between two pieces of bulk it is reading.</summary>
    internal StreamState State
    {
        get
        {
            var state = StateNow;
            if (state != StreamState.Connected || Loop.Now - _activeAt >= BulkPauseMs) return state;
            return _upload.IsBulk || _download.IsBulk ? StreamState.Reading : state;
        }
    }

    /// <summary>Where it stands at this very moment.</summary>
    private StreamState StateNow
    {
        get
        {
            if (_phase == Phase.Over) return StreamState.Closed;
            if (_phase != Phase.Open || _by != TunnelSide.None) return StreamState.Closing;
            if (_upload.Wait == TunnelWait.Room || _download.Wait == TunnelWait.Room) return StreamState.Writing;
            var hasMore = _upload.Wait == TunnelWait.Turn || _download.Wait == TunnelWait.Turn;
            return hasMore ? StreamState.Reading : StreamState.Connected;
        }
    }

    /// <summary>Bytes delivered to the upstream so far.</summary>
    internal long BytesUp => _upload.Bytes;

    /// <summary>Bytes delivered to the downstream so far.</summary>
    internal long BytesDown => _download.Bytes;

    /// <summary>Whether what waits has been cancelled.</summary>
    internal bool IsStopping => _phase == Phase.Stopping;

    /// <summary>The client's side.</summary>
    internal Connection Downstream { get; private protected set; } = null!;

    /// <summary>The origin's side.</summary>
    internal Connection Upstream { get; private set; } = null!;

    private EventLoop Loop
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Downstream.Reactor.Loop;
    }

    private TunnelPump Upload => new(this, ref _upload, TunnelSide.Downstream);

    private TunnelPump Download => new(this, ref _download, TunnelSide.Upstream);

    private TunnelPump PumpFrom(TunnelSide side) => side == TunnelSide.Downstream ? Upload : Download;

    private Counters Counters
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Downstream.Reactor.Counters;
    }

    /// <summary>Begins. It may have ended before this returns.</summary>
    /// <param name="downstream">The client's side.</param>
    /// <param name="upstream">The origin's side.</param>
    /// <param name="limits">How long it may stay open.</param>
    /// <param name="owner">Told when nothing can move any more.</param>
    internal void Begin(Connection downstream, Connection upstream, TunnelLimits limits, ITunnelOwner owner)
    {
        Debug.Assert(!IsRunning, "a tunnel has one use at a time");
        _upload = _download = default;
        Downstream = downstream;
        Upstream = upstream;
        _owner = owner;
        _idleTimeoutMs = limits.IdleTimeoutMs;
        _activeAt = Loop.Now;
        _expiresAt = limits.LifetimeMs > 0 ? _activeAt + limits.LifetimeMs : long.MaxValue;
        _phase = Phase.Open;
        _isCut = false;
        _end = TunnelEnd.Closed;
        _by = TunnelSide.None;
        _error = IoError.None;
        downstream.AbortWith(null);
        upstream.AbortWith(null);
        downstream.ForgetText();
        // Its own deadline looks at both directions together.
        downstream.SetTimeout(0);
        upstream.SetTimeout(0);
        TakeTraffic();
        SetDeadline();
        _told = StreamState.Connected;
        Changed?.Invoke(_told);
        Upload.Resume();
        Download.Resume();
    }

    /// <summary>Something has happened that a direction waits for.</summary>
    internal override void Resume()
    {
        // A wait that is over resumes it at once, so there is never more than one.
        var upload = Upload;
        if (upload.IsReady)
        {
            upload.Resume();
            return;
        }
        var download = Download;
        if (download.IsReady)
        {
            download.Resume();
            return;
        }
        // Others had their turn.
        _isQueued = false;
        var isDownloadNext = download.IsNext;
        if (upload.IsNext) upload.Resume();
        if (isDownloadNext) download.Resume();
    }

    /// <summary>A pump goes on when others have had their turn.</summary>
    internal void LetOthersGo()
    {
        if (_isQueued) return;
        _isQueued = true;
        Loop.Queue(this);
    }

    /// <summary>Ends it at once; what waits is cancelled. Does nothing to one that is over.</summary>
    internal void Stop(TunnelEnd end = TunnelEnd.Aborted)
    {
        if (!IsRunning) return;
        _expiresAt = Loop.Now;
        if (_phase == Phase.Parting)
        {
            Loop.Timers.Set(this, _expiresAt);
            return;
        }
        // Whoever receives could take it for the end of what there is.
        _isCut |= end != TunnelEnd.Idle && BytesUp + BytesDown > 0 && Loop.Now - _activeAt < QuietMs;
        Cancel(end, TunnelSide.None, IoError.None);
    }

    /// <summary>
    /// A deadline passed: its own, or the one until which it would be idle. One that stops needs none, and is over in
    /// this turn.
    /// </summary>
    protected internal override void OnDeadline()
    {
        switch (_phase)
        {
            case Phase.Open:
                LookForSilence();
                break;
            case Phase.Delivering when IsPatient():
                WaitForRest();
                break;
            case Phase.Delivering:
                Stop();
                break;
            case Phase.Parting:
                GoOnParting();
                break;
        }
    }

    private void LookForSilence()
    {
        var now = Loop.Now;
        if (now >= _expiresAt)
        {
            Stop(TunnelEnd.Expired);
            return;
        }
        if (HasMovedUntold()) _activeAt = now;
        if (_idleTimeoutMs > 0 && now - _activeAt >= _idleTimeoutMs)
        {
            Stop(TunnelEnd.Idle);
            return;
        }
        SetDeadline();
    }

    /// <inheritdoc/>
    internal override void OnAbandoned()
    {
        if (_phase == Phase.Parting) Finish();
    }

    /// <summary>A pump has received something.</summary>
    internal void OnActivity() => _activeAt = Loop.Now;

    /// <summary>A pump has delivered something.</summary>
    internal void OnDelivered(TunnelSide from, int bytes)
    {
        OnActivity();
        if (from == TunnelSide.Downstream) Counters.BytesReceived += bytes;
        else Counters.BytesSent += bytes;
    }

    /// <summary>The stream of one side has ended: so does the other's, in this direction.</summary>
    internal void OnEnd(in TunnelPump pump)
    {
        // After a failure the reset tells both sides; an end before it would tell them something else.
        if (_phase != Phase.Open)
        {
            // All that the broken side has sent is delivered, and nothing gets there.
            if (pump.From == _by) Cancel(TunnelEnd.Reset, pump.From, _error);
            return;
        }
        if (_by == TunnelSide.None) _by = pump.From;
        Tell();
        // When the other direction has ended before, both connections are closed next, which says as much.
        if (PumpFrom(OtherThan(pump.From)).IsOver) return;
        pump.Target.ShutdownSend();
        // Nobody receives from the source any more, and its reset is to be heard of all the same.
        pump.WatchSource();
    }

    /// <summary>
    /// Nothing more comes from a side that is broken, and nothing gets there. All that it sent has been delivered.
    /// </summary>
    internal void OnReadFailed(in TunnelPump pump, IoError error)
    {
        if (error.IsShortage()) Cancel(TunnelEnd.NoBuffers, TunnelSide.None, error);
        else if (error is IoError.Aborted or IoError.Cancelled) Cancel(TunnelEnd.Aborted, TunnelSide.None, error);
        else Cancel(TunnelEnd.Reset, pump.From, error);
    }

    /// <summary>
    /// A side takes nothing any more. What it has sent before may still lie in the kernel; the other direction goes on
    /// until it meets the failure too.
    /// </summary>
    internal void OnSendFailed(in TunnelPump pump, IoError error)
    {
        // Bytes that are no longer in the input may not have gone.
        _isCut = true;
        if (error is IoError.Aborted or IoError.Cancelled) Cancel(TunnelEnd.Aborted, TunnelSide.None, error);
        else Deliver(OtherThan(pump.From), error);
    }

    /// <summary>A bug: nobody knows what has been delivered.</summary>
    internal void OnException(EventLoop loop, Exception exception)
    {
        loop.OnUnhandled(exception);
        _isCut = true;
        Stop();
    }

    /// <summary>A pump has come to its end; with the second the tunnel is over.</summary>
    /// <param name="isCut">Whether something that its source has sent is lost.</param>
    internal void OnPumped(bool isCut)
    {
        _isCut |= isCut;
        if (!Upload.IsOver || !Download.IsOver) return;
        Debug.Assert(IsRunning, "each of two pumps ends once");
        if (_end == TunnelEnd.Reset && Loop.Now < _expiresAt && Survivor is { IsBroken: false, Owed: > 0 })
            BeginParting();
        else Finish();
    }

    /// <summary>Nothing moves any more, or may.</summary>
    private void Finish()
    {
        _phase = Phase.Over;
        Loop.Timers.Remove(this);
        Downstream.WatchLoss(null);
        Upstream.WatchLoss(null);
        _losses?.Clear();
        // What was counted here is not to be counted again.
        TakeTraffic();
        var mustReset = _isCut || _end is TunnelEnd.Reset or TunnelEnd.NoBuffers;
        var (owner, downstream, upstream) = (_owner, Downstream, Upstream);
        // Its connections are others' as soon as they are closed.
        Downstream = Upstream = null!;
        _owner = null!;
        owner.OnEnded(downstream, upstream, new TunnelResult(_end, _by, _error, mustReset, BytesUp, BytesDown));
    }

    /// <summary>A side is broken: what it has sent before is delivered, as long as some of it goes.</summary>
    private void Deliver(TunnelSide broken, IoError error)
    {
        if (_phase != Phase.Open) return;
        Advance(Phase.Delivering, TunnelEnd.Reset, broken, error);
        BeginRest();
    }

    /// <summary>Nothing more is delivered: what waits is cancelled, and with that both directions end.</summary>
    private void Cancel(TunnelEnd end, TunnelSide by, IoError error)
    {
        Advance(Phase.Stopping, end, by, error);
        Downstream.CancelFill();
        Downstream.CancelFlush();
        Upstream.CancelFill();
        Upstream.CancelFlush();
    }

    /// <summary>Remembers what ended the tunnel; what follows from it is not asked for.</summary>
    private void Advance(Phase phase, TunnelEnd end, TunnelSide by, IoError error)
    {
        if (_phase == Phase.Open) (_end, _by, _error) = (end, by, error);
        _phase = phase;
        Tell();
    }

    /// <summary>Tells of the state, where that is wanted and it is another one than was told last.</summary>
    /// <param name="hasReceived">Whether bytes have come just now.</param>
    internal void Tell(bool hasReceived = false)
    {
        if (Changed is { } changed) Tell(changed, hasReceived);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Tell(Action<StreamState> changed, bool hasReceived)
    {
        var state = StateNow;
        if (hasReceived && state == StreamState.Connected) state = StreamState.Reading;
        if (state == _told) return;
        _told = state;
        changed(state);
    }

    private void SetDeadline()
    {
        var deadline = _expiresAt;
        if (_idleTimeoutMs > 0)
        {
            var lookAt = Loop.Now + Math.Max(1, _idleTimeoutMs / LooksInSilence);
            deadline = Math.Min(deadline, Math.Min(lookAt, _activeAt + _idleTimeoutMs));
        }
        if (deadline != long.MaxValue) Loop.Timers.Set(this, deadline);
    }

    /// <summary>
    /// Whether something has moved since the last look of which no pump has heard, and nobody knows when.
    /// </summary>
    private bool HasMovedUntold()
    {
        var hasTraffic = TakeTraffic();
        var before = _losses?.Owed ?? 0;
        // Nothing is asked where there is nothing that could be owed.
        var owed = hasTraffic || before > 0 ? OwedBy(Downstream) + OwedBy(Upstream) : 0;
        if (owed != before) (_losses ??= new Losses(this)).Owed = owed;
        if (!hasTraffic) return owed < before;
        // What has gone at once was told as it went.
        return owed > 0 || _upload.Wait == TunnelWait.Room || _download.Wait == TunnelWait.Room;
    }

    /// <summary>What a side's system has not taken; nothing where that is not to be known.</summary>
    private static long OwedBy(Connection side) => side.Owed is var owed and not int.MaxValue ? owed : 0;

    private bool TakeTraffic()
    {
        var (fromDownstream, toDownstream) = Downstream.TakeTraffic();
        var (fromUpstream, toUpstream) = Upstream.TakeTraffic();
        return fromDownstream + toDownstream + fromUpstream + toUpstream > 0;
    }

    private static TunnelSide OtherThan(TunnelSide side) =>
        side == TunnelSide.Downstream ? TunnelSide.Upstream : TunnelSide.Downstream;
}
