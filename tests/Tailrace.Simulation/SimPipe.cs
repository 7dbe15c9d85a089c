namespace Tailrace.Simulation;

/// <summary>One direction of a simulated stream: segments under way, in order, and how it ends.</summary>
internal sealed class SimPipe
{
    private readonly Queue<Segment> _segments = new();
    private int _offset;
    private long _lastArrival;

    /// <summary>Bytes under way or arrived, and not yet read.</summary>
    internal int Held { get; private set; }

    /// <summary>When the end arrives; <see cref="long.MaxValue"/> while nobody has ended it.</summary>
    internal long EndsAt { get; private set; } = long.MaxValue;

    /// <summary>When a reset arrives.</summary>
    internal long ResetsAt { get; private set; } = long.MaxValue;

    /// <summary>Whether the sending side has ended it.</summary>
    internal bool IsEnded => EndsAt != long.MaxValue;

    /// <summary>Whether it was reset, arrived or not.</summary>
    internal bool IsReset => ResetsAt != long.MaxValue;

    /// <summary>The reading side has closed: what is sent goes nowhere.</summary>
    internal bool IsAbandoned { get; private set; }

    /// <summary>
    /// Sends bytes that arrive at <paramref name="instant"/>, or later if earlier ones are still under way.
    /// </summary>
    internal void Write(ReadOnlySpan<byte> bytes, long instant)
    {
        _lastArrival = Math.Max(_lastArrival, instant);
        _segments.Enqueue(new Segment(_lastArrival, bytes.ToArray()));
        Held += bytes.Length;
    }

    /// <summary>Ends the direction behind what was sent; one that was reset has no end any more.</summary>
    internal void End(long instant)
    {
        if (!IsEnded && !IsReset) EndsAt = _lastArrival = Math.Max(_lastArrival, instant);
    }

    /// <summary>Resets the direction.</summary>
    /// <param name="now">The time.</param>
    /// <param name="instant">When the reset arrives.</param>
    /// <param name="overtakes">
    /// Whether bytes that are under way are lost. Those that have arrived can be read, as on Linux.
    /// </param>
    internal void Reset(long now, long instant, bool overtakes)
    {
        if (IsReset) return;
        ResetsAt = overtakes ? instant : Math.Max(_lastArrival, instant);
        if (!overtakes) return;
        // An end that is still to come goes with the bytes before it.
        EndsAt = long.MaxValue;
        Held -= UnderWay(now);
        for (var i = _segments.Count; i > 0; i--)
        {
            var segment = _segments.Dequeue();
            if (segment.Instant <= now) _segments.Enqueue(segment);
        }
    }

    /// <summary>
    /// Bytes, and the end as one of them, that have not arrived, or for which the reader's system has no room.
    /// </summary>
    internal int Owed(long now, int receiverBytes)
    {
        if (IsReset) return 0;
        return Math.Max(UnderWay(now), Held - receiverBytes) + (IsEnded && EndsAt > now ? 1 : 0);
    }

    private int UnderWay(long now)
    {
        var bytes = 0;
        foreach (var segment in _segments)
        {
            if (segment.Instant > now) bytes += segment.Bytes.Length;
        }
        return bytes;
    }

    /// <summary>
    /// The reading side has closed. What it has not read makes no room any more: who waits for some waits for a reset.
    /// </summary>
    internal void Abandon() => IsAbandoned = true;

    /// <summary>Whether a receive finds something at <paramref name="now"/>: bytes, the end or a reset.</summary>
    internal bool IsReadable(long now) =>
        (_segments.TryPeek(out var first) && first.Instant <= now) || EndsAt <= now || ResetsAt <= now;

    /// <summary>Takes bytes that have arrived.</summary>
    /// <returns>How many; 0 when none have.</returns>
    internal int Read(Span<byte> target, long now)
    {
        var count = 0;
        while (count < target.Length && _segments.TryPeek(out var first) && first.Instant <= now)
        {
            var part = Math.Min(target.Length - count, first.Bytes.Length - _offset);
            first.Bytes.AsSpan(_offset, part).CopyTo(target[count..]);
            count += part;
            _offset += part;
            if (_offset < first.Bytes.Length) continue;
            _segments.Dequeue();
            _offset = 0;
        }
        Held -= count;
        return count;
    }

    private readonly record struct Segment(long Instant, byte[] Bytes);
}
