using System.Runtime.CompilerServices;

namespace Tailrace.Io;

/// <summary>How a <see cref="Pause"/> came to its end.</summary>
internal enum PauseEnd : byte
{
    /// <summary>Its time was over.</summary>
    TimedOut,

    /// <summary>Somebody ended it.</summary>
    Called,

    /// <summary>The connection that it was for has been reset or closed, or the loop cannot go on.</summary>
    Lost,
}

/// <summary>
/// A time that one method at a time waits, on its own loop and without allocation, for the sake of a connection: when
/// that is lost there is nothing to wait for.
/// </summary>
internal class Pause : TimerEntry, ILoopAwaiter, ICriticalNotifyCompletion
{
    private readonly EventLoop _loop;
    private readonly LossWatcher _watcher;
    private Connection? _connection;
    private LoopContinuation? _continuation;
    private PauseEnd _end;

    internal Pause(EventLoop loop)
    {
        _loop = loop;
        _watcher = new LossWatcher(this);
    }

    /// <summary>Always false: the method waits.</summary>
    public bool IsCompleted => false;

    /// <summary>To be awaited: until a time, in the loop's milliseconds, or earlier.</summary>
    internal Pause Until(long deadline, Connection? connection)
    {
        _loop.Timers.Set(this, deadline);
        _connection = connection;
        connection?.WatchLoss(_watcher);
        return this;
    }

    /// <summary>For <c>await</c>.</summary>
    public Pause GetAwaiter() => this;

    /// <summary>For the compiler.</summary>
    public PauseEnd GetResult() => _end;

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => _continuation = new ActionContinuation(continuation);

    void ILoopAwaiter.OnCompleted(LoopContinuation continuation) => _continuation = continuation;

    /// <summary>Ends it; the method goes on at the end of this turn.</summary>
    internal virtual void End(PauseEnd end)
    {
        _loop.Timers.Remove(this);
        _connection?.WatchLoss(null);
        _connection = null;
        _end = end;
        var continuation = _continuation!;
        _continuation = null;
        _loop.Queue(continuation);
    }

    /// <inheritdoc/>
    protected internal override void OnDeadline() => End(PauseEnd.TimedOut);

    /// <inheritdoc/>
    internal override void OnAbandoned() => End(PauseEnd.Lost);

    private sealed class LossWatcher(Pause pause) : LoopContinuation
    {
        /// <summary>News of a loss may come when the pause has just ended.</summary>
        internal override void Resume()
        {
            if (pause._connection is not null) pause.End(PauseEnd.Lost);
        }
    }
}
