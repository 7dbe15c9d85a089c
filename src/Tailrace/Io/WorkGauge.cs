namespace Tailrace.Io;

/// <summary>How busy workers are: the share of the time in which each has had work lately.</summary>
/// <remarks>
/// It is looked up when a connection is accepted, a tenth of a second apart at least, so that no worker has to count:
/// a share is that since the look-up before. Waiting for a processor is work too: one that others keep from it is not
/// idle. One for each listener and worker; used on that worker's thread.
/// </remarks>
/// <param name="workers">How many there are.</param>
/// <param name="workTimeOf">
/// Nanoseconds of work that a worker has had, by its index (<see cref="WorkClock"/>); always 0 where nobody knows.
/// </param>
internal sealed class WorkGauge(int workers, Func<int, long> workTimeOf)
{
    private const int WindowMs = 100;

    private readonly long[] _used = new long[workers];
    private readonly double[] _shares = new double[workers];
    private long _since = long.MinValue;

    /// <summary>Looks up what all workers have done, when it is time.</summary>
    /// <param name="now">The loop's clock in milliseconds.</param>
    internal void Update(long now)
    {
        var isFirst = _since == long.MinValue;
        if (!isFirst && now - _since < WindowMs) return;
        var elapsed = (now - _since) * 1e6;
        for (var worker = 0; worker < _used.Length; worker++)
        {
            var used = workTimeOf(worker);
            _shares[worker] = isFirst ? 0 : (used - _used[worker]) / elapsed;
            _used[worker] = used;
        }
        _since = now;
    }

    /// <summary>Whether one worker has work most of the time, and another not half as much.</summary>
    internal bool IsFarBusier(int one, int other) => _shares[one] > 0.5 && _shares[other] < _shares[one] / 2;
}
