using Tailrace.Io;

namespace Tailrace.Proxy;

/// <content>What becomes of it when a side is broken: the other one gets what that has sent, while it takes some.
/// </content>
internal partial class Tunnel
{
    /// <summary>How long what a broken side has sent is waited for where nobody can say whether it moves.</summary>
    private const int BlindPatienceMs = 1_000;

    /// <summary>
    /// When the system is asked whether it has arrived: first, and then in twice the time, up to the longest.
    /// </summary>
    private const int AskFirstMs = 20;
    private const int AskLastMs = 320;

    private Losses? _losses;

    /// <summary>After a reset: the side that was not.</summary>
    private Connection Survivor => _by == TunnelSide.Downstream ? Upstream : Downstream;

    /// <summary>What tells the tunnel that a side is lost.</summary>
    internal LoopContinuation LossWatcherOf(TunnelSide side)
    {
        var watchers = _losses ??= new Losses(this);
        return side == TunnelSide.Downstream ? watchers.Downstream : watchers.Upstream;
    }

    private void OnLost(TunnelSide side)
    {
        // News of an earlier use may come late.
        if (!IsRunning) return;
        if (_phase == Phase.Parting)
        {
            if (Survivor.IsBroken || Survivor.IsClosed) Finish();
            return;
        }
        var pump = PumpFrom(side);
        if (!pump.Source.IsLossWatched) OnLost(pump);
    }

    /// <summary>A side has been reset, or closed here, while nothing was received from it.</summary>
    private void OnLost(in TunnelPump pump)
    {
        if (pump.Source.IsClosed)
        {
            Cancel(TunnelEnd.Aborted, TunnelSide.None, IoError.Aborted);
        }
        else if (!pump.Source.IsBroken)
        {
            // Its other side has closed it, in order: what it has sent, and what is on its way to it, goes on.
        }
        else if (pump.IsOver)
        {
            // All that it sent is delivered, and nothing gets there.
            Cancel(TunnelEnd.Reset, pump.From, IoError.Reset);
        }
        else if (pump.IsSending)
        {
            Deliver(pump.From, IoError.Reset);
        }
        // Otherwise the next receive tells.
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

    /// <summary>Closes the broken side. The other one's reset would throw away what is still under way to it.</summary>
    private void BeginParting()
    {
        _phase = Phase.Parting;
        (_by == TunnelSide.Downstream ? Downstream : Upstream).Abort();
        Survivor.WatchLoss(LossWatcherOf(OtherThan(_by)));
        BeginRest();
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

        /// <summary>In how long it is asked next whether all has come.</summary>
        internal int AskMs { get; set; }

        /// <summary>What both sides' systems had not taken when it was last looked at.</summary>
        internal long Owed { get; set; }

        /// <summary>The tunnel is over; another one may follow.</summary>
        internal void Clear() => (PatientUntil, Owed) = (0, 0);
    }

    private sealed class LossWatcher(Tunnel tunnel, TunnelSide side) : LoopContinuation
    {
        internal override void Resume() => tunnel.OnLost(side);
    }
}
