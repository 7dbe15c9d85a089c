using System.Diagnostics;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>How many messages a busy loop waits for before it wakes.</summary>
/// <remarks>
/// <para>To wake for each message is right while there is time to spare: nobody waits longer than needed. But each
/// wake-up has its price. So a thread that has been busy for more than three quarters of the last few milliseconds
/// waits for several messages at once: for a sixth of those that may be under way, which leaves clients and origins
/// enough to work on meanwhile, and for <see cref="MicrosecondsMax"/> at most.</para>
/// <para>With few connections a sixth is less than two, and every message is taken as it comes.</para>
/// </remarks>
internal sealed class UringPace(long now)
{
    private const int WindowMs = 4;
    private const int MessagesMax = 64;
    private const int MicrosecondsMax = 200;
    private const int MicrosecondsMin = 20;

    // A message under way belongs to two streams: its connection's, and the one that is to answer it.
    private const int StreamsPerMessage = 12;

    private long _next = now + WindowMs;
    private long _processorTime;
    private long _time;
    private int _active;
    private int _received;
    private bool _isBusy;

    /// <summary>The messages that are waited for.</summary>
    internal uint Messages { get; private set; } = 1;

    /// <summary>How long more than one is waited for.</summary>
    internal uint Microseconds { get; private set; }

    /// <summary>The current window's number: a stream that has not been counted in it is counted once.</summary>
    internal ushort Window { get; private set; } = 1;

    /// <summary>Counts a message.</summary>
    /// <param name="window">The last window that its stream was counted in; becomes the current one.</param>
    internal void Count(ref ushort window)
    {
        _received++;
        if (window == Window) return;
        window = Window;
        _active++;
    }

    /// <summary>Judges the window, if it is over. The loop's thread, once a turn.</summary>
    internal void Update(long now)
    {
        if (now < _next) return;
        _next = now + WindowMs;
        var (time, processorTime) = (Stopwatch.GetTimestamp(), ProcessorClock.OfThread());
        Judge((long)Stopwatch.GetElapsedTime(_time, time).TotalNanoseconds, processorTime - _processorTime);
        (_time, _processorTime) = (time, processorTime);
    }

    /// <summary>Ends a window.</summary>
    /// <param name="elapsed">The nanoseconds that it took.</param>
    /// <param name="used">The nanoseconds of processor time that the thread had of them.</param>
    internal void Judge(long elapsed, long used)
    {
        // Once busy it stays so until it is clearly not: waiting itself makes it less busy.
        _isBusy = used > elapsed / 4 * (_isBusy ? 2 : 3);
        Messages = _isBusy ? (uint)Math.Clamp(_active / StreamsPerMessage, 1, MessagesMax) : 1;
        var expected = elapsed / 1000 * Messages / Math.Max(_received, 1);
        Microseconds = (uint)Math.Clamp(2 * expected, MicrosecondsMin, MicrosecondsMax);
        (_active, _received) = (0, 0);
        Window++;
    }
}
