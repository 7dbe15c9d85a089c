namespace Tailrace.Io;

/// <summary>So many a second, and so many at once after a quiet time. Immutable; serves all workers.</summary>
/// <remarks>
/// The state of a bucket is one number, which its owner keeps: the time at which it will be full again. Taking moves it
/// on by the time that one token takes to come back, as far as the size of the bucket allows. Times are in nanoseconds.
/// </remarks>
internal sealed class TokenBucket
{
    private const long Second = 1_000_000_000;

    private readonly long _interval;
    private readonly long _capacity;

    /// <summary>Creates a bucket that is full.</summary>
    /// <param name="rate">Tokens that come back in a second, at least 1.</param>
    /// <param name="burst">Tokens that it holds; 0: those of a second.</param>
    internal TokenBucket(int rate, int burst)
    {
        _interval = Second / rate;
        _capacity = _interval * (burst == 0 ? rate : burst);
    }

    /// <summary>The bucket for a rate, or null for 0: no limit.</summary>
    internal static TokenBucket? Of(int rate, int burst) => rate == 0 ? null : new TokenBucket(rate, burst);

    /// <summary>Takes a token, if there is one. Any thread.</summary>
    /// <param name="fullAt">When the bucket will be full again; 0 for one that is.</param>
    /// <param name="now">The time.</param>
    internal bool TryTake(ref long fullAt, long now)
    {
        while (true)
        {
            var before = Volatile.Read(ref fullAt);
            var after = Math.Max(before, now) + _interval;
            if (after - now > _capacity) return false;
            if (Interlocked.CompareExchange(ref fullAt, after, before) == before) return true;
        }
    }
}
