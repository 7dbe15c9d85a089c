using System.Diagnostics;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>How many messages a busy loop waits for before it wakes.</summary>
/// <remarks>
/// <para>To wake for each message is right while there is time to spare: nobody waits longer than needed. But each
/// wake-up has its price. So a thread that has been busy for more than three quarters of the last few milliseconds
/// waits for several messages at once: for a sixth of those that may be under way, which leaves clients and origins
/// enough to work on meanwhile, and for no more than have come in <see cref="UsualMicroseconds"/> so far.</para>
/// <para>With few connections a sixth is less than two, and every message is taken as it comes.</para>
/// <para>What does not come is waited for a whole window. To end a wait sooner the kernel would have to set a timer
/// each time, and take it back: where a hypervisor looks at both, that costs more than all that a wait spares. Behind
/// its next tick one is free. So a wait that was in vain must be rare. It leaves a window in which the thread was not
/// busy; then every message is taken as it comes for a while, which is the longer, the sooner that happens again.</para>
/// </remarks>
internal sealed class UringPace(long now)
{
    /// <summary>How long more than one message is waited for.</summary>
    internal const uint Microseconds = WindowMs * 1000;

    /// <summary>Busy windows without waiting, after a wait that may have been in vain.</summary>
    internal const int RestMin = 8;

    /// <summary>The most of them: a minute of work.</summary>
    internal const int RestMax = 1 << 14;

    /// <summary>Windows that have to have waited, for the next rest to be a short one again.</summary>
    internal const int LongRun = 64;

    private const int WindowMs = 4;
    private const int MessagesMax = 64;
    private const int UsualMicroseconds = 200;

    // A message under way belongs to two streams: its connection's, and the one that is to answer it.
    private const int StreamsPerMessage = 12;

    private long _next = now + WindowMs;
    private long _processorTime;
    private long _time;
    private int _active;
    private int _received;
    private bool _isBusy;
    private int _rest;
    private int _nextRest = RestMin;
    private int _run;

    /// <summary>The messages that are waited for.</summary>
    internal uint Messages { get; private set; } = 1;

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
        if (!_isBusy && Messages > 1) Rest();
        Messages = _isBusy && !IsResting() ? Several(elapsed) : 1;
        if (Messages > 1) _run++;
        (_active, _received) = (0, 0);
        Window++;
    }

    private uint Several(long elapsed)
    {
        var usual = _received * (UsualMicroseconds * 1000L) / Math.Max(elapsed, 1);
        return (uint)Math.Clamp(Math.Min(_active / StreamsPerMessage, usual), 1, MessagesMax);
    }

    private void Rest()
    {
        _rest = _nextRest = _run < LongRun ? Math.Min(2 * _nextRest, RestMax) : RestMin;
        _run = 0;
    }

    private bool IsResting() => _rest > 0 && _rest-- > 0;
}
