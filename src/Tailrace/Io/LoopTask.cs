using System.Runtime.CompilerServices;

namespace Tailrace.Io;

/// <summary>
/// The result of an async method that runs on one loop's thread: straight-line code without allocation.
/// </summary>
/// <remarks>
/// A method that completes without suspending costs nothing. One that suspends moves its state into a box from a
/// per-thread free list of the method's own type; the box goes back when the result is taken. Continuations run inline,
/// on the loop's thread; awaiting a foreign task (<see cref="Task"/>, <see cref="ValueTask"/>) resumes through the
/// loop's mailbox, so a method never leaves its thread. No execution context is captured. Await it exactly once, or
/// <see cref="Detach"/> it.
/// </remarks>
[AsyncMethodBuilder(typeof(LoopTaskBuilder))]
public readonly struct LoopTask
{
    private readonly LoopPromise? _promise;

    internal LoopTask(LoopPromise? promise) => _promise = promise;

    /// <summary>A task that has completed.</summary>
    public static LoopTask Completed => default;

    /// <summary>Whether it has completed or failed.</summary>
    public bool IsCompleted => _promise is null || _promise.IsCompleted;

    /// <summary>Whether it completed without suspending, so that there is nothing to await.</summary>
    internal bool IsNothing => _promise is null;

    /// <summary>Runs <paramref name="watcher"/> when it has completed, which it has not yet.</summary>
    internal void Watch(LoopContinuation watcher) => _promise!.OnCompleted(watcher);

    /// <summary>Lets it run on by itself; a failure is raised on the loop's error handler.</summary>
    public void Detach() => _promise?.Detach();

    /// <summary>For <c>await</c>.</summary>
    public Awaiter GetAwaiter() => new(_promise);

    /// <summary>For the compiler.</summary>
    public readonly struct Awaiter : ICriticalNotifyCompletion, ILoopAwaiter
    {
        private readonly LoopPromise? _promise;

        internal Awaiter(LoopPromise? promise) => _promise = promise;

        /// <summary>Whether it has completed or failed.</summary>
        public bool IsCompleted => _promise is null || _promise.IsCompleted;

        /// <summary>Ends the task; raises its exception if it failed.</summary>
        public void GetResult() => _promise?.End();

        /// <inheritdoc/>
        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        /// <inheritdoc/>
        public void UnsafeOnCompleted(Action continuation) =>
            _promise!.OnCompleted(new ActionContinuation(continuation));

        void ILoopAwaiter.OnCompleted(LoopContinuation continuation) => _promise!.OnCompleted(continuation);
    }
}

/// <summary>A <see cref="LoopTask"/> with a result.</summary>
[AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
public readonly struct LoopTask<T>
{
    private readonly LoopPromise<T>? _promise;
    private readonly T _result;

    internal LoopTask(LoopPromise<T> promise)
    {
        _promise = promise;
        _result = default!;
    }

    /// <summary>A task that has completed with <paramref name="result"/>.</summary>
    public LoopTask(T result)
    {
        _promise = null;
        _result = result;
    }

    /// <summary>Whether it has completed or failed.</summary>
    public bool IsCompleted => _promise is null || _promise.IsCompleted;

    /// <summary>For <c>await</c>.</summary>
    public Awaiter GetAwaiter() => new(this);

    /// <summary>For the compiler.</summary>
    public readonly struct Awaiter : ICriticalNotifyCompletion, ILoopAwaiter
    {
        private readonly LoopTask<T> _task;

        internal Awaiter(LoopTask<T> task) => _task = task;

        /// <summary>Whether it has completed or failed.</summary>
        public bool IsCompleted => _task.IsCompleted;

        /// <summary>Ends the task and gives its result; raises its exception if it failed.</summary>
        public T GetResult() => _task._promise is { } promise ? promise.EndWithResult() : _task._result;

        /// <inheritdoc/>
        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        /// <inheritdoc/>
        public void UnsafeOnCompleted(Action continuation) =>
            _task._promise!.OnCompleted(new ActionContinuation(continuation));

        void ILoopAwaiter.OnCompleted(LoopContinuation continuation) => _task._promise!.OnCompleted(continuation);
    }
}
