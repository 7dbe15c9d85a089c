namespace Tailrace.Simulation;

/// <summary>Virtual time: it moves when the world says so, and never back.</summary>
/// <remarks>
/// It keeps the instants at which something will have become possible, so that idle time can be skipped.
/// </remarks>
internal sealed class SimClock
{
    private readonly PriorityQueue<long, long> _instants = new();

    /// <summary>Milliseconds since some beginning.</summary>
    internal long Now { get; private set; } = 1_000_000;

    /// <summary>Announces that something happens so many milliseconds from now.</summary>
    /// <returns>The instant.</returns>
    internal long After(int milliseconds)
    {
        var instant = Now + milliseconds;
        if (milliseconds > 0) _instants.Enqueue(instant, instant);
        return instant;
    }

    /// <summary>The next announced instant; <see cref="long.MaxValue"/> when there is none.</summary>
    internal long Next
    {
        get
        {
            while (_instants.TryPeek(out var instant, out _))
            {
                if (instant > Now) return instant;
                _instants.Dequeue();
            }
            return long.MaxValue;
        }
    }

    /// <summary>Moves to a later instant.</summary>
    internal void MoveTo(long instant) => Now = Math.Max(Now, instant);
}
