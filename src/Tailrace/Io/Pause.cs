using System.Runtime.CompilerServices;

namespace Tailrace.Io;

/// <summary>A time that one method at a time waits, on its own loop and without allocation.</summary>
internal sealed class Pause(EventLoop loop) : TimerEntry, ILoopAwaiter, ICriticalNotifyCompletion
{
    private LoopContinuation? _waiter;

    /// <summary>Always false: the method waits.</summary>
    public bool IsCompleted => false;

    /// <summary>To be awaited: goes on after so many milliseconds, or a tick of the timers later.</summary>
    internal Pause For(int milliseconds)
    {
        loop.Timers.Set(this, loop.Now + milliseconds);
        return this;
    }

    /// <summary>For <c>await</c>.</summary>
    public Pause GetAwaiter() => this;

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
        var waiter = _waiter!;
        _waiter = null;
        waiter.Resume();
    }
}
