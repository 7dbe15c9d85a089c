namespace Tailrace.Io;

/// <summary>Something with a deadline on one loop's wheel.</summary>
/// <remarks>
/// It is a continuation as well: some wait for other things beside their deadline. Those that do not are resumed as if
/// it had come.
/// <para>
/// Setting a later deadline is one store: the wheel looks at the entry when its old slot comes round and queues it
/// again. Owned by the loop's thread.
/// </para>
/// </remarks>
public abstract class TimerEntry : LoopContinuation
{
    internal TimerEntry? Next;
    internal TimerEntry? Previous;

    /// <summary>
    /// The earliest deadline that its slot of the wheel serves; or one of the wheel's marks where it is in none.
    /// </summary>
    internal long ServedFrom = TimerWheel.NotQueued;

    /// <summary>When it expires, in the loop's milliseconds; <see cref="long.MaxValue"/> when it does not.</summary>
    public long Deadline { get; internal set; } = long.MaxValue;

    /// <summary>Called once, by the loop, when the deadline has passed. The entry may set a new one.</summary>
    protected internal abstract void OnDeadline();

    /// <summary>
    /// Called instead when the loop cannot go on, and no time passes on it any more: what waits for its time alone, and
    /// for nothing that the loop could fail, ends.
    /// </summary>
    internal virtual void OnAbandoned()
    {
    }

    internal override void Resume() => OnDeadline();
}
