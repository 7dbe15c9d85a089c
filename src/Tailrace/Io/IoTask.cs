using System.Runtime.CompilerServices;

namespace Tailrace.Io;

/// <summary>
/// The awaitable of an operation: a result that is there already, or the operation that will have it.
/// </summary>
/// <remarks>Await it at most once, on the loop's thread. Allocates nothing.</remarks>
public readonly struct IoTask
{
    private readonly IoOperation? _operation;
    private readonly IoResult _result;

    internal IoTask(IoOperation operation)
    {
        _operation = operation;
        _result = default;
    }

    internal IoTask(IoResult result)
    {
        _operation = null;
        _result = result;
    }

    /// <summary>Whether the result is there.</summary>
    public bool IsCompleted => _operation is null || _operation.IsCompleted;

    /// <summary>For <c>await</c>.</summary>
    public Awaiter GetAwaiter() => new(this);

    /// <summary>Runs <paramref name="watcher"/> when the result is there, which it is not yet.</summary>
    internal void Watch(LoopContinuation watcher) => _operation!.Watch(watcher);

    /// <summary>For the compiler.</summary>
    public readonly struct Awaiter : ICriticalNotifyCompletion, ILoopAwaiter
    {
        private readonly IoTask _task;

        internal Awaiter(IoTask task) => _task = task;

        /// <summary>Whether the result is there.</summary>
        public bool IsCompleted => _task.IsCompleted;

        /// <summary>Takes the result.</summary>
        public IoResult GetResult() => _task._operation is { } operation ? operation.TakeResult() : _task._result;

        /// <inheritdoc/>
        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        /// <inheritdoc/>
        public void UnsafeOnCompleted(Action continuation) =>
            _task._operation!.Watch(new ActionContinuation(continuation));

        void ILoopAwaiter.OnCompleted(LoopContinuation continuation) => _task._operation!.Watch(continuation);
    }
}
