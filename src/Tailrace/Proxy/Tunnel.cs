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
internal class Tunnel : TimerEntry
{
    /// <summary>For how long nothing has moved in a tunnel that may be cut like one that ends.</summary>
    private const int QuietMs = 10_000;

    /// <summary>How long what a broken side has sent is waited for where nobody can say whether it moves.</summary>
    private const int BlindPatienceMs = 1_000;

    /// <summary>
    /// When the system is asked whether it has arrived: first, and then in twice the time, up to the longest.
    /// </summary>
    private const int AskFirstMs = 20;
    private const int AskLastMs = 320;

    /// <summary>
    /// How often in the time of its silence is looked for what only shows by being asked for: a send that goes on in
    /// parts, and what the system of a slow reader takes. So much later, at most, such a silence ends it.
    /// </summary>
    private const int LooksInSilence = 8;

    /// <summary>How long after bulk its direction counts as one that reads: its pieces have pauses.</summary>
    private const int BulkPauseMs = 100;

    private TunnelFlow _upload;
    private TunnelFlow _download;
    private ITunnelOwner _owner = null!;
    private Losses? _losses;
    private int _idleTimeoutMs;
    private long _activeAt;
    private long _expiresAt;
    private byte _running;
    private bool _hasFailed;
    private bool _isCut;
    private bool _isQueued;
    private StreamState _told;
    private TunnelEnd _end;
    private TunnelSide _by;
    private IoError _error;

    /// <summary>Told of each change of its state; null unless every detail is wanted.</summary>
    internal Action<StreamState>? Changed { get; set; }

    /// <summary>Whether it has begun and not ended.</summary>
    internal bool IsRunning => _running > 0;

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
            if (_running == 0) return StreamState.Closed;
            if (_hasFailed || _by != TunnelSide.None) return StreamState.Closing;
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
    internal bool IsStopped { get; private set; }

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

    /// <summary>After a reset: the side that was not.</summary>
    private Connection Survivor => _by == TunnelSide.Downstream ? Upstream : Downstream;

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
        Debug.Assert(_running == 0, "a tunnel has one use at a time");
        _upload = _download = default;
        Downstream = downstream;
        Upstream = upstream;
        _owner = owner;
        _idleTimeoutMs = limits.IdleTimeoutMs;
        _activeAt = Loop.Now;
        _expiresAt = limits.LifetimeMs > 0 ? _activeAt + limits.LifetimeMs : long.MaxValue;
        _running = 2;
        _hasFailed = _isCut = IsStopped = false;
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
        if (_running == 0) return;
        _expiresAt = Loop.Now;
        if (_losses is { IsParting: true })
        {
            Loop.Timers.Set(this, _expiresAt);
            return;
        }
        // Whoever receives could take it for the end of what there is.
        _isCut |= end != TunnelEnd.Idle && BytesUp + BytesDown > 0 && Loop.Now - _activeAt < QuietMs;
        Fail(end, TunnelSide.None, IoError.None);
        Cancel();
    }

    /// <summary>A deadline passed: its own, or the one until which it would be idle.</summary>
    protected internal override void OnDeadline()
    {
        if (_losses is { IsParting: true })
        {
            GoOnParting();
            return;
        }
        if (_losses is { PatientUntil: > 0 })
        {
            if (IsPatient()) WaitForRest();
            else Stop();
            return;
        }
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
        if (_losses is { IsParting: true }) Finish();
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
        if (_hasFailed)
        {
            // All that the broken side has sent is delivered, and nothing gets there.
            if (pump.From == _by) Cancel();
            return;
        }
        if (_by == TunnelSide.None) _by = pump.From;
        Tell();
        // When the other direction has ended before, both connections are closed next, which says as much.
        if (_running == 1) return;
        pump.Target.ShutdownSend();
        // Nobody receives from the source any more, and its reset is to be heard of all the same.
        pump.WatchSource();
    }

    /// <summary>What tells the tunnel that a side is lost.</summary>
    internal LoopContinuation LossWatcherOf(TunnelSide side)
    {
        var watchers = _losses ??= new Losses(this);
        return side == TunnelSide.Downstream ? watchers.Downstream : watchers.Upstream;
    }

    private void OnLost(TunnelSide side)
    {
        // News of an earlier use may come late.
        if (_running == 0) return;
        if (_losses is { IsParting: true })
        {
            if (Survivor.IsBroken || Survivor.IsClosed) Finish();
            return;
        }
        var pump = side == TunnelSide.Downstream ? Upload : Download;
        if (!pump.Source.IsLossWatched) OnLost(pump);
    }

    /// <summary>A side has been reset, or closed here, while nothing was received from it.</summary>
    private void OnLost(in TunnelPump pump)
    {
        if (pump.Source.IsClosed)
        {
            Fail(TunnelEnd.Aborted, TunnelSide.None, IoError.Aborted);
            Cancel();
        }
        else if (!pump.Source.IsBroken)
        {
            // Its other side has closed it, in order: what it has sent, and what is on its way to it, goes on.
        }
        else if (pump.IsOver)
        {
            // All that it sent is delivered, and nothing gets there.
            Fail(TunnelEnd.Reset, pump.From, IoError.Reset);
            Cancel();
        }
        else if (pump.IsSending)
        {
            Fail(TunnelEnd.Reset, pump.From, IoError.Reset);
            BeginRest();
        }
        // Otherwise the next receive tells.
    }

    /// <summary>
    /// Nothing more comes from a side that is broken, and nothing gets there. All that it sent has been delivered.
    /// </summary>
    internal void OnReadFailed(in TunnelPump pump, IoError error)
    {
        switch (error)
        {
            case var _ when error.IsShortage():
                Fail(TunnelEnd.NoBuffers, TunnelSide.None, error);
                break;
            case IoError.Aborted or IoError.Cancelled:
                Fail(TunnelEnd.Aborted, TunnelSide.None, error);
                break;
            default:
                Fail(TunnelEnd.Reset, pump.From, error);
                break;
        }
        Cancel();
    }

    /// <summary>
    /// A side takes nothing any more. What it has sent before may still lie in the kernel; the other direction goes on
    /// until it meets the failure too.
    /// </summary>
    internal void OnSendFailed(in TunnelPump pump, IoError error)
    {
        // Bytes that are no longer in the input may not have gone.
        _isCut = true;
        if (error is IoError.Aborted or IoError.Cancelled)
        {
            Fail(TunnelEnd.Aborted, TunnelSide.None, error);
            Cancel();
            return;
        }
        Fail(TunnelEnd.Reset, OtherThan(pump.From), error);
        BeginRest();
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
        Debug.Assert(_running > 0, "each of two pumps ends once");
        if (--_running > 0) return;
        if (_end == TunnelEnd.Reset && Loop.Now < _expiresAt && Survivor is { IsBroken: false, Owed: > 0 })
            BeginParting();
        else Finish();
    }

    /// <summary>Closes the broken side. The other one's reset would throw away what is still under way to it.</summary>
    private void BeginParting()
    {
        _running = 1;
        (_by == TunnelSide.Downstream ? Downstream : Upstream).Abort();
        Survivor.WatchLoss(LossWatcherOf(OtherThan(_by)));
        BeginRest();
        _losses!.IsParting = true;
        AskLater();
    }

    private void GoOnParting()
    {
        if (Survivor is { IsBroken: false, Owed: > 0 } && IsPatient()) AskLater();
        else Finish();
    }

    private void AskLater()
    {
        Loop.Timers.Set(this, Math.Min(_expiresAt, Loop.Now + _losses!.AskMs));
        _losses.AskMs = Math.Min(2 * _losses.AskMs, AskLastMs);
    }

    /// <summary>Nothing moves any more, or may.</summary>
    private void Finish()
    {
        _running = 0;
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

    /// <summary>Remembers what ended the tunnel; what follows from it is not asked for.</summary>
    private void Fail(TunnelEnd end, TunnelSide by, IoError error)
    {
        if (_hasFailed) return;
        _hasFailed = true;
        _end = end;
        _by = by;
        _error = error;
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

    private void Cancel()
    {
        IsStopped = true;
        Downstream.CancelFill();
        Downstream.CancelFlush();
        Upstream.CancelFill();
        Upstream.CancelFlush();
    }

    /// <summary>A side is broken: what it has sent has some time to arrive, and more while some of it does.</summary>
    private void BeginRest()
    {
        var losses = _losses ??= new Losses(this);
        if (losses.PatientUntil > 0) return;
        // What has gone before tells nothing of what goes now.
        TakeTraffic();
        losses.Rest = new LastBytes(Survivor.Owed, Loop.Now);
        losses.PatientUntil = Loop.Now + PatienceMs;
        losses.AskMs = AskFirstMs;
        WaitForRest();
    }

    private void WaitForRest() => Loop.Timers.Set(this, Math.Min(_expiresAt, _losses!.PatientUntil));

    /// <summary>Whether the rest is waited for: the time for some of it is not over, or has brought some.</summary>
    private bool IsPatient()
    {
        var (losses, now) = (_losses!, Loop.Now);
        if (now >= _expiresAt) return false;
        if (now < losses.PatientUntil) return true;
        losses.PatientUntil = now + PatienceMs;
        return losses.Rest.GoesOn(Survivor.Owed, now, TakeTraffic());
    }

    /// <summary>How long some of the rest may take: as at the end of any stream, if silence may last so long.</summary>
    private int PatienceMs
    {
        get
        {
            var patienceMs = Survivor.Owed == int.MaxValue ? BlindPatienceMs : LastBytes.PatienceMs;
            return _idleTimeoutMs > 0 ? Math.Min(_idleTimeoutMs, patienceMs) : patienceMs;
        }
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

    /// <summary>
    /// What the loss of a side needs, and a slow reader. Made when it is first needed: most tunnels never wait for
    /// room, and end in order.
    /// </summary>
    private sealed class Losses(Tunnel tunnel)
    {
        internal LoopContinuation Downstream { get; } = new LossWatcher(tunnel, TunnelSide.Downstream);

        internal LoopContinuation Upstream { get; } = new LossWatcher(tunnel, TunnelSide.Upstream);

        /// <summary>How long what a broken side has sent is waited for.</summary>
        internal LastBytes Rest;

        /// <summary>When that is looked at; 0 while no side is broken.</summary>
        internal long PatientUntil { get; set; }

        /// <summary>Whether that is all there is to be done.</summary>
        internal bool IsParting { get; set; }

        /// <summary>In how long it is asked next whether all has come.</summary>
        internal int AskMs { get; set; }

        /// <summary>What both sides' systems had not taken when it was last looked at.</summary>
        internal long Owed { get; set; }

        /// <summary>The tunnel is over; another one may follow.</summary>
        internal void Clear() => (PatientUntil, IsParting, Owed) = (0, false, 0);
    }

    private sealed class LossWatcher(Tunnel tunnel, TunnelSide side) : LoopContinuation
    {
        internal override void Resume() => tunnel.OnLost(side);
    }
}
