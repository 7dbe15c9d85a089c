using System.Collections.Concurrent;

namespace Tailrace.Hosting;

/// <summary>Who may log a failure now: each kind once a second, whichever worker sees it.</summary>
/// <remarks>
/// Shared by the workers of a process; nothing is locked where a kind is known. It remembers a bounded number of kinds.
/// Those that have been quiet for longest make room; while none is quiet, all that are new take turns with each other.
/// </remarks>
internal sealed class FailureTurns
{
    /// <summary>The most kinds that are told apart.</summary>
    internal const int KindsMax = 256;

    private const long IntervalMs = 1_000;
    private const long QuietMs = 10_000;

    private readonly ConcurrentDictionary<(string Message, string Subject), Turn> _turns = [];
    private readonly Turn _others = new();
    private readonly Turn _sweep = new();

    /// <summary>Whether it is told now. Any thread.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="subject">To whom.</param>
    /// <param name="now">The time in milliseconds, of a clock that all share.</param>
    /// <param name="suppressed">How often it was not told since the last time.</param>
    internal bool TryTake(string message, string subject, long now, out long suppressed) =>
        TurnOf((message, subject), now).TryTake(now, out suppressed);

    private Turn TurnOf((string Message, string Subject) kind, long now)
    {
        if (_turns.TryGetValue(kind, out var turn)) return turn;
        // Counting takes locks: only for a kind that is new, and when all places are taken, once a second.
        if (_others.IsOver(now) && _turns.Count >= KindsMax && _sweep.TryTake(now, out _)) Sweep(now);
        return _others.IsOver(now) && _turns.Count < KindsMax ? _turns.GetOrAdd(kind, new Turn()) : _others;
    }

    private void Sweep(long now)
    {
        foreach (var (kind, turn) in _turns)
        {
            if (turn.IsOver(now - QuietMs)) _turns.TryRemove(kind, out _);
        }
    }

    /// <summary>When one kind may be told next.</summary>
    private sealed class Turn
    {
        private long _nextAt;
        private long _suppressed;

        internal bool IsOver(long now) => Volatile.Read(ref _nextAt) <= now;

        internal bool TryTake(long now, out long suppressed)
        {
            suppressed = 0;
            var nextAt = Volatile.Read(ref _nextAt);
            if (now < nextAt || Interlocked.CompareExchange(ref _nextAt, now + IntervalMs, nextAt) != nextAt)
            {
                Interlocked.Increment(ref _suppressed);
                return false;
            }
            suppressed = Interlocked.Exchange(ref _suppressed, 0);
            return true;
        }
    }
}
