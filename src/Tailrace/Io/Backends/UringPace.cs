using System.Diagnostics;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>How many messages a busy loop waits for before it wakes.</summary>
/// <remarks>
/// <para>To wake for each message is right while there is time to spare: nobody waits longer than needed. But each
/// wake-up has its price. So a thread that has been busy for more than three quarters of the last few milliseconds
/// waits for several messages at once: for a sixth of those that may be under way, which leaves clients and origins
/// enough to work on meanwhile, and for no more than come in <see cref="UsualMicroseconds"/> at the rate of those
/// milliseconds.</para>
/// <para>With few connections a sixth is less than two, and every message is taken as it comes. So it is while other
/// threads call the loop, whose calls come as one message, however many there are.</para>
/// <para>What does not come is waited for <see cref="MicrosecondsMax"/>, and holds up what has come. To end a wait
/// sooner the processor's timer would be set each time, and set back: where a hypervisor looks at both, that costs
/// more than all that a wait spares. Behind the next tick of the kernel nothing has to be set. So a long wait must be
/// rare: after it every message is taken as it comes for a while, which is the longer, the sooner that happens again.
/// </para>
/// </remarks>
internal sealed class UringPace(long now)
{
    /// <summary>How long more than one message is waited for: a tick of the kernel, where it has 250 in a second.
    /// </summary>
    internal const uint MicrosecondsMax = 4000;

    /// <summary>From here on a wait was long.</summary>
    internal const int LongMicroseconds = 500;

    /// <summary>What an entry may take for each operation that it submits, which is no wait: twice a send.</summary>
    internal const int SubmissionMicroseconds = 8;

    /// <summary>Busy windows without waiting, after a wait that was long.</summary>
    internal const int RestMin = 8;

    /// <summary>The most of them: a minute of work and more.</summary>
    internal const int RestMax = 1 << 14;

    /// <summary>Windows since a rest in which it may have waited, for the next to be a short one again.</summary>
    internal const int LongRun = 16;

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
    private int _lastRest = RestMin / 2;
    private int _run;
    private bool _wasWoken;

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
        Messages = _isBusy && !Rests() && !_wasWoken ? Several(elapsed) : 1;
        if (Messages > 1) _run++;
        (_active, _received, _wasWoken) = (0, 0, false);
        Window++;
    }

    /// <summary>Another thread has called the loop.</summary>
    internal void WasWoken() => _wasWoken = true;

    /// <summary><see cref="Messages"/> have been waited for.</summary>
    /// <param name="nanoseconds">What the entry took.</param>
    /// <param name="submitted">The operations that it submitted.</param>
    /// <param name="came">The completions that came.</param>
    internal void Waited(long nanoseconds, uint submitted, uint came)
    {
        if (nanoseconds / 1000 < LongMicroseconds + submitted * SubmissionMicroseconds) return;
        // Nobody was held up when nothing came. More than was asked for came to a thread that had no processor.
        if (came == 0 || came > Messages) return;
        Messages = 1;
        _rest = _lastRest = _run < LongRun ? Math.Min(2 * _lastRest, RestMax) : RestMin;
        _run = 0;
    }

    private uint Several(long elapsed)
    {
        var usual = _received * (UsualMicroseconds * 1000L) / Math.Max(elapsed, 1);
        return (uint)Math.Clamp(Math.Min(_active / StreamsPerMessage, usual), 1, MessagesMax);
    }

    /// <summary>Whether a busy window belongs to a rest.</summary>
    private bool Rests()
    {
        if (_rest == 0) return false;
        _rest--;
        return true;
    }
}
