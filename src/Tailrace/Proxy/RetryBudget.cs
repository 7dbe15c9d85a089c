namespace Tailrace.Proxy;

/// <summary>What one worker may send to a cluster in addition to the requests of clients.</summary>
/// <remarks>
/// Over the last ten seconds no more than a share of their requests and so many per second: where everything fails,
/// trying again must not be what keeps it down. Counted in seconds, exactly; used on its reactor's thread only.
/// </remarks>
/// <param name="percent">Of the requests.</param>
/// <param name="perSecond">And in each second.</param>
/// <param name="now">The loop's time.</param>
internal sealed class RetryBudget(int percent, int perSecond, long now)
{
    /// <summary>The time over which requests and what was added to them are compared.</summary>
    internal const int Seconds = 10;

    private readonly int[] _requests = new int[Seconds];
    private readonly int[] _extras = new int[Seconds];
    private long _second = now / 1000;
    private long _requestsSum;
    private long _extrasSum;

    /// <summary>Counts a request of a client.</summary>
    internal void Count(long now)
    {
        Advance(now);
        _requests[_second % Seconds]++;
        _requestsSum++;
    }

    /// <summary>Whether one more may be sent.</summary>
    internal bool HasRoom(long now)
    {
        Advance(now);
        return (_extrasSum + 1) * 100 <= _requestsSum * percent + perSecond * Seconds * 100L;
    }

    /// <summary>Takes one, if there is one left.</summary>
    internal bool TryTake(long now)
    {
        if (!HasRoom(now)) return false;
        _extras[_second % Seconds]++;
        _extrasSum++;
        return true;
    }

    private void Advance(long now)
    {
        var second = now / 1000;
        if (second == _second) return;
        for (var steps = Math.Min(second - _second, Seconds); steps > 0; steps--)
        {
            var oldest = (second - steps + 1) % Seconds;
            _requestsSum -= _requests[oldest];
            _extrasSum -= _extras[oldest];
            _requests[oldest] = _extras[oldest] = 0;
        }
        _second = second;
    }
}
