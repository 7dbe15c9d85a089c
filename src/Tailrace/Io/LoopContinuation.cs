namespace Tailrace.Io;

/// <summary>Something that a loop runs later on its own thread: a suspended method, a watcher, a posted call.</summary>
public abstract class LoopContinuation
{
    /// <summary>
    /// Runs it. Called by the loop, at the top of a turn and never from inside another call of the loop; and by whoever
    /// begins what it is to go on with.
    /// </summary>
    internal abstract void Resume();
}

/// <summary>A delegate as a continuation; for code off the hot path.</summary>
internal sealed class ActionContinuation(Action action) : LoopContinuation
{
    internal override void Resume() => action();
}

/// <summary>An awaiter that hands its continuation over as an object: no delegate, no captured context.</summary>
internal interface ILoopAwaiter
{
    /// <summary>Called once, when the awaited thing has not completed.</summary>
    void OnCompleted(LoopContinuation continuation);
}
