using System.Runtime.CompilerServices;
using Tailrace.Io;

namespace Tailrace.Simulation;

/// <summary>Something that one method awaits until somebody says so or time has passed.</summary>
internal sealed class SimPause(EventLoop loop) : TimerEntry, ILoopAwaiter, ICriticalNotifyCompletion
{
    private LoopContinuation? _waiter;

    /// <summary>Always false: the method waits.</summary>
    public bool IsCompleted => false;

    /// <summary>Waits so many milliseconds, or until <see cref="End"/>.</summary>
    internal SimPause For(int milliseconds)
    {
        loop.Timers.Set(this, loop.Now + milliseconds);
        return this;
    }

    /// <summary>Ends the wait, if there is one.</summary>
    internal void End()
    {
        loop.Timers.Remove(this);
        OnDeadline();
    }

    /// <summary>For <c>await</c>.</summary>
    public SimPause GetAwaiter() => this;

    /// <summary>For the compiler.</summary>
    public void GetResult() { }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => _waiter = new ActionContinuation(continuation);

    void ILoopAwaiter.OnCompleted(LoopContinuation continuation) => _waiter = continuation;

    /// <inheritdoc/>
    protected internal override void OnDeadline()
    {
        var waiter = _waiter;
        _waiter = null;
        waiter?.Resume();
    }
}
