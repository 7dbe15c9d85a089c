namespace Tailrace.Io;

/// <summary>How busy workers are: the share of the time that each has been on a processor lately.</summary>
/// <remarks>
/// It is looked up when a connection is accepted, a tenth of a second apart at least, so that no worker has to count:
/// a share is that since the look-up before. One for each listener and worker; used on that worker's thread.
/// </remarks>
/// <param name="workers">How many there are.</param>
/// <param name="processorTimeOf">
/// Nanoseconds of processor time that a worker's thread has had, by its index; always 0 where nobody knows.
/// </param>
internal sealed class WorkGauge(int workers, Func<int, long> processorTimeOf)
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
            var used = processorTimeOf(worker);
            _shares[worker] = isFirst ? 0 : (used - _used[worker]) / elapsed;
            _used[worker] = used;
        }
        _since = now;
    }

    /// <summary>
    /// Whether one worker works most of the time, and another not half as much. Two that share their processors with
    /// others hardly ever do.
    /// </summary>
    internal bool IsFarBusier(int one, int other) => _shares[one] > 0.5 && _shares[other] < _shares[one] / 2;
}
