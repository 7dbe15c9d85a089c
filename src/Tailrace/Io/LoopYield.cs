using System.Runtime.CompilerServices;

namespace Tailrace.Io;

/// <summary>The awaitable of <see cref="EventLoop.YieldAsync"/>.</summary>
public readonly struct LoopYield : ICriticalNotifyCompletion, ILoopAwaiter
{
    private readonly EventLoop _loop;

    internal LoopYield(EventLoop loop) => _loop = loop;

    /// <summary>For <c>await</c>.</summary>
    public LoopYield GetAwaiter() => this;

    /// <summary>Always false: the method is queued.</summary>
    public bool IsCompleted => false;

    /// <summary>For the compiler.</summary>
    public void GetResult() { }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => _loop.Queue(new ActionContinuation(continuation));

    void ILoopAwaiter.OnCompleted(LoopContinuation continuation) => _loop.Queue(continuation);
}
