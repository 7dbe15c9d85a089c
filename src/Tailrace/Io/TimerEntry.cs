namespace Tailrace.Io;

/// <summary>Something with a deadline on one loop's wheel.</summary>
/// <remarks>
/// Setting a later deadline is one store: the wheel looks at the entry when its old slot comes round and queues it
/// again. Owned by the loop's thread.
/// </remarks>
public abstract class TimerEntry
{
    internal TimerEntry? Next;
    internal TimerEntry? Previous;
    internal int Slot = -1;

    /// <summary>The earliest deadline that its slot still serves, in the loop's milliseconds.</summary>
    internal long QueuedFor;

    /// <summary>When it expires, in the loop's milliseconds; <see cref="long.MaxValue"/> when it does not.</summary>
    public long Deadline { get; internal set; } = long.MaxValue;

    /// <summary>Called once, by the loop, when the deadline has passed. The entry may set a new one.</summary>
    protected internal abstract void OnDeadline();
}
