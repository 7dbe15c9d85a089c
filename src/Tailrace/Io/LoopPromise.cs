using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Tailrace.Io;

/// <summary>
/// What a suspended <see cref="LoopTask"/> refers to: its completion, its failure, and who awaits it.
/// </summary>
/// <remarks>Used on one thread. Ends exactly once, then belongs to its free list again.</remarks>
internal abstract class LoopPromise : LoopContinuation
{
    private LoopContinuation? _continuation;
    private ExceptionDispatchInfo? _failure;
    private bool _detached;

    internal bool IsCompleted { get; private set; }

    internal void OnCompleted(LoopContinuation continuation)
    {
        Debug.Assert(_continuation is null, "a loop task is awaited once");
        _continuation = continuation;
    }

    internal void Complete()
    {
        Debug.Assert(!IsCompleted);
        IsCompleted = true;
        if (_detached)
        {
            EndDetached();
            return;
        }
        var continuation = _continuation;
        _continuation = null;
        continuation?.Resume();
    }

    internal void Fail(Exception exception)
    {
        _failure = ExceptionDispatchInfo.Capture(exception);
        Complete();
    }

    internal void Detach()
    {
        _detached = true;
        if (IsCompleted) EndDetached();
    }

    /// <summary>Takes the outcome and recycles the promise.</summary>
    internal void End()
    {
        Debug.Assert(IsCompleted);
        var failure = _failure;
        Reset();
        Recycle();
        failure?.Throw();
    }

    /// <summary>Gives the object back to its free list.</summary>
    protected abstract void Recycle();

    private void EndDetached()
    {
        var failure = _failure;
        Reset();
        Recycle();
        if (failure is null) return;
        if (EventLoop.Current is { } loop) loop.OnUnhandled(failure.SourceException);
        else failure.Throw();
    }

    private void Reset()
    {
        IsCompleted = false;
        _detached = false;
        _failure = null;
        _continuation = null;
    }
}

/// <summary>A promise with a result.</summary>
internal abstract class LoopPromise<T> : LoopPromise
{
    internal T Result { get; set; } = default!;

    internal T EndWithResult()
    {
        var result = Result;
        Result = default!;
        End();
        return result;
    }
}

/// <summary>A promise that failed before its method ever suspended.</summary>
internal sealed class FailedPromise<T> : LoopPromise<T>
{
    internal override void Resume() => throw new UnreachableException();

    protected override void Recycle() { }
}

/// <summary>
/// The box of one suspended async method: its state machine, reused through a free list of its own type.
/// </summary>
internal sealed class LoopBox<TStateMachine, T> : LoopPromise<T>
    where TStateMachine : IAsyncStateMachine
{
    private const int RetainedMax = 1 << 14;

    [ThreadStatic]
    private static LoopBox<TStateMachine, T>? t_free;

    [ThreadStatic]
    private static int t_freeCount;

    private LoopBox<TStateMachine, T>? _next;
    private Action? _post;
    private EventLoop? _loop;

    internal TStateMachine StateMachine = default!;

    internal static LoopBox<TStateMachine, T> Rent()
    {
        var box = t_free;
        if (box is null) return new LoopBox<TStateMachine, T>();
        t_free = box._next;
        t_freeCount--;
        box._next = null;
        return box;
    }

    internal override void Resume() => StateMachine.MoveNext();

    /// <summary>What a foreign awaiter calls, from any thread: the method goes on where it was suspended.</summary>
    internal Action Post
    {
        get
        {
            // Read each time: the box may serve another loop of the same thread next.
            _loop = EventLoop.Current;
            return _post ??= ResumeOnLoop;
        }
    }

    private void ResumeOnLoop()
    {
        if (_loop is { } loop) loop.Post(this);
        else Resume();
    }

    protected override void Recycle()
    {
        StateMachine = default!;
        if (t_freeCount == RetainedMax) return;
        _next = t_free;
        t_free = this;
        t_freeCount++;
    }
}
