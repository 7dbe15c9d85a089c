namespace Tailrace.Io;

/// <summary>Accepts connections from one listening socket and hands them on, on one reactor.</summary>
/// <remarks>
/// When no descriptor is left, or the cap of connections is reached, accepting pauses: clients wait in the kernel's
/// queue and nothing spins. It goes on by itself: after a while, or as soon as a connection is given back to the
/// budget. A client that was accepted just when another worker took the last place waits here instead, unserved: it is
/// the next that this worker serves, or is reset when the listener is closed. Used on its reactor's thread only.
/// </remarks>
public sealed class Listener : TimerEntry
{
    /// <summary>Accepts in a row before others get their turn: many bring a request with them.</summary>
    private const int BatchMax = 64;

    private const int PauseMs = 50;

    private readonly Reactor _reactor;
    private readonly Action<Connection> _serve;
    private readonly ConnectionBudget _budget;
    private readonly AcceptOperation _accept = new();
    private readonly Resumer _resume = new();
    private readonly RoomWaiter _room;
    private IoHandle? _handle;
    private bool _isPaused;
    private bool _isAccepting;

    /// <summary>Creates a listener; <see cref="Start"/> begins to accept.</summary>
    /// <param name="reactor">Where it lives.</param>
    /// <param name="handle">The listening socket, opened by the reactor's loop.</param>
    /// <param name="budget">Connections that all workers together may have of this listener.</param>
    /// <param name="serve">Gets each connection.</param>
    public Listener(Reactor reactor, IoHandle handle, ConnectionBudget budget, Action<Connection> serve)
    {
        _reactor = reactor;
        _handle = handle;
        _budget = budget;
        _serve = serve;
        _room = new RoomWaiter(reactor.Loop, budget, _resume);
    }

    /// <summary>Told when accepting pauses: no descriptor is left, or the cap is reached.</summary>
    public Action<IoError>? Paused { get; set; }

    /// <summary>Gives connections to other workers; null when there are none.</summary>
    internal ConnectionSpread? Spread { get; init; }

    /// <summary>Accepts until <see cref="Close"/>.</summary>
    public void Start() => RunAsync().Detach();

    /// <summary>Whether clients that there is room for wait to be accepted, or one is about to be served.</summary>
    internal bool HasWaiting => _handle is { } handle
        ? _isAccepting && !_budget.IsExhausted && _reactor.Loop.HasWaiting(handle)
        : _isAccepting;

    /// <summary>Has connections come that the system holds back.</summary>
    internal void StopDeferring()
    {
        if (_handle is { } handle) _reactor.Loop.StopDeferring(handle);
    }

    /// <summary>Says that it is about to be closed: it accepts on, but nobody begins to connect.</summary>
    internal void Retire()
    {
        if (_handle is { } handle) _reactor.Loop.Retire(handle);
    }

    /// <summary>Stops accepting and closes the socket.</summary>
    public void Close()
    {
        if (_handle is not { } handle) return;
        _handle = null;
        _budget.Leave(_room);
        _reactor.Loop.Timers.Remove(this);
        _reactor.Loop.Close(handle);
        _resume.TryFire();
        while (Spread is not null && Spread.TryTakeBack(out var stream))
            _serve(SocketConnection.Adopt(_reactor, _reactor.Loop.Attach(stream)));
    }

    /// <summary>A pause is over.</summary>
    protected internal override void OnDeadline() => _resume.TryFire();

    private async LoopTask RunAsync()
    {
        _isAccepting = true;
        await AcceptAsync();
        _isAccepting = false;
    }

    private async LoopTask AcceptAsync()
    {
        var batch = 0;
        while (_handle is { } handle)
        {
            if (_budget.IsExhausted)
            {
                await RoomAsync(handle);
                continue;
            }
            var accepting = _reactor.Loop.AcceptAsync(handle, _accept);
            // While no client is here, one may wait at another worker.
            if (!accepting.IsCompleted) _budget.PassOn();
            var result = await accepting;
            if (!result.IsError)
            {
                var stream = _accept.Opened!;
                while (!_budget.TryTake())
                {
                    if (_handle is null)
                    {
                        // As the kernel does with those in its queue.
                        _reactor.Loop.Close(stream, reset: true);
                        return;
                    }
                    await RoomAsync(handle);
                }
                _isPaused = false;
                // One that came while the listener was being closed stays here: others may take none any more.
                if (Spread is null || _handle is null || !Spread.TryGive(_reactor.Loop, stream))
                    _serve(SocketConnection.Adopt(_reactor, stream));
                if (++batch < BatchMax) continue;
                batch = 0;
                await _reactor.Loop.YieldAsync();
                continue;
            }
            // The listener is closed, or its loop has failed.
            if (_handle is null || result.Error == IoError.Aborted) return;
            _reactor.Counters.AcceptErrors++;
            // A client that left while it waited is no reason to pause.
            if (result.Error is IoError.GivenUp or IoError.Reset) continue;
            Pause(result.Error);
            _budget.PassOn();
            await PauseAsync();
        }
    }

    /// <summary>Pauses until there may be room, or the listener is closed.</summary>
    private async LoopTask RoomAsync(IoHandle handle)
    {
        Pause(IoError.None);
        _reactor.Loop.PauseAccepting(handle);
        if (_budget.TryWait(_room)) await _resume;
    }

    /// <summary>Says so once, however often it is tried again before it goes on.</summary>
    private void Pause(IoError error)
    {
        if (_isPaused) return;
        _isPaused = true;
        Paused?.Invoke(error);
    }

    private Resumer PauseAsync()
    {
        _reactor.Loop.Timers.Set(this, _reactor.Loop.Now + PauseMs);
        return _resume;
    }

    /// <summary>Goes on when there is room again.</summary>
    private sealed class RoomWaiter(EventLoop loop, ConnectionBudget budget, Resumer resume)
        : ConnectionBudget.Waiter(loop)
    {
        internal override void Resume()
        {
            // It may go on already, and have had no use for the room.
            if (!resume.TryFire()) budget.PassOn();
        }
    }

    /// <summary>An awaitable that the timer, or somebody who has room, completes.</summary>
    private sealed class Resumer : ILoopAwaiter, System.Runtime.CompilerServices.ICriticalNotifyCompletion
    {
        private LoopContinuation? _continuation;

        public bool IsCompleted => false;

        public Resumer GetAwaiter() => this;

        public void GetResult() { }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => _continuation = new ActionContinuation(continuation);

        void ILoopAwaiter.OnCompleted(LoopContinuation continuation) => _continuation = continuation;

        /// <returns>False when nobody awaits it.</returns>
        internal bool TryFire()
        {
            if (_continuation is not { } continuation) return false;
            _continuation = null;
            continuation.Resume();
            return true;
        }
    }
}
