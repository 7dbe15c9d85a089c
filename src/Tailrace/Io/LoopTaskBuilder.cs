using System.Runtime.CompilerServices;

namespace Tailrace.Io;

/// <summary>Builds <see cref="LoopTask"/>; used by the compiler only.</summary>
public struct LoopTaskBuilder
{
    private LoopTaskBuilder<Nothing> _builder;

    /// <summary>For the compiler.</summary>
    public static LoopTaskBuilder Create() => default;

    /// <summary>For the compiler.</summary>
    public readonly LoopTask Task => new(_builder.Promise);

    /// <summary>For the compiler.</summary>
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    /// <summary>For the compiler; unused, because the state machine is boxed by its own type.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine) { }

    /// <summary>For the compiler.</summary>
    public readonly void SetResult() => _builder.Promise?.Complete();

    /// <summary>For the compiler.</summary>
    public void SetException(Exception exception) => _builder.SetException(exception);

    /// <summary>For the compiler.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        _builder.AwaitOnCompleted(ref awaiter, ref stateMachine);

    /// <summary>For the compiler.</summary>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        _builder.AwaitUnsafeOnCompleted(ref awaiter, ref stateMachine);

    private readonly struct Nothing;
}

/// <summary>Builds <see cref="LoopTask{T}"/>; used by the compiler only.</summary>
public struct LoopTaskBuilder<T>
{
    private T _result;

    internal LoopPromise<T>? Promise { get; private set; }

    /// <summary>For the compiler.</summary>
    public static LoopTaskBuilder<T> Create() => default;

    /// <summary>For the compiler.</summary>
    public readonly LoopTask<T> Task => Promise is { } promise ? new(promise) : new(_result);

    /// <summary>For the compiler.</summary>
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    /// <summary>For the compiler; unused, because the state machine is boxed by its own type.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine) { }

    /// <summary>For the compiler.</summary>
    public void SetResult(T result)
    {
        if (Promise is not { } promise)
        {
            _result = result;
            return;
        }
        promise.Result = result;
        promise.Complete();
    }

    /// <summary>For the compiler.</summary>
    public void SetException(Exception exception) => (Promise ??= new FailedPromise<T>()).Fail(exception);

    /// <summary>For the compiler.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine
    {
        var box = Box(ref stateMachine);
        if (awaiter is ILoopAwaiter) ((ILoopAwaiter)awaiter).OnCompleted(box);
        else awaiter.OnCompleted(box.Post);
    }

    /// <summary>For the compiler.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine
    {
        // For a struct awaiter the compiler of the runtime resolves the test and removes the boxing, when it optimizes:
        // it does from the first call on.
        var box = Box(ref stateMachine);
        if (awaiter is ILoopAwaiter) ((ILoopAwaiter)awaiter).OnCompleted(box);
        else awaiter.UnsafeOnCompleted(box.Post);
    }

    private LoopBox<TStateMachine, T> Box<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        if (Promise is { } promise) return Unsafe.As<LoopBox<TStateMachine, T>>(promise);
        var box = LoopBox<TStateMachine, T>.Rent();
        // The builder lies inside the state machine: set the promise first, so that the copy has it.
        Promise = box;
        box.StateMachine = stateMachine;
        return box;
    }
}
