namespace Tailrace.Io.Backends;

/// <summary>How many messages a busy loop lets come together before it goes on, and for how long.</summary>
/// <remarks>
/// <para>An entry into the kernel has a cost of its own, and so has each time that a thread sleeps and is woken. With
/// many messages in each turn both are shared. So a loop that is busy waits for as many messages as it got used to,
/// but never for longer than its last turn has worked, nor than 0.2 ms: a loop that is idle for more than half of its
/// time goes on with the first message, and pays for nothing.</para>
/// <para>The number grows slowly while it is reached, and falls at once when it is not.</para>
/// </remarks>
internal sealed class UringPace
{
    /// <summary>The most messages that are waited for.</summary>
    internal const int TargetMax = 64;

    /// <summary>The longest wait for more than one message, in microseconds.</summary>
    internal const uint WaitMax = 200;

    /// <summary>
    /// How long the loop's own sends may keep it from what has come, in microseconds. Nearly all are done at once.
    /// </summary>
    internal const uint SendsMax = 500;

    private const int HitsToGrow = 4;
    private int _hits;

    /// <summary>Messages to wait for.</summary>
    internal int Target { get; private set; } = 1;

    /// <summary>For how many microseconds more than one completion is waited for.</summary>
    /// <param name="work">Microseconds of work in the last turn.</param>
    internal uint WaitAfter(long work) => Target == 1 ? SendsMax : (uint)Math.Clamp(work, 1, WaitMax);

    /// <summary>Takes account of a wait.</summary>
    /// <param name="messages">What has come.</param>
    /// <param name="work">Microseconds of work before it.</param>
    /// <param name="waited">Microseconds of the wait.</param>
    internal void Learn(int messages, long work, long waited)
    {
        if (messages < Target)
        {
            _hits = 0;
            Target = Math.Max(1, Math.Min(Target - 1, (Target + messages) / 2));
        }
        else if (waited > 2 * work)
        {
            _hits = 0;
            Target = Math.Max(1, Target - 1);
        }
        else if (++_hits >= HitsToGrow)
        {
            _hits = 0;
            Target = Math.Min(TargetMax, Target + 1 + Target / 8);
        }
    }
}
