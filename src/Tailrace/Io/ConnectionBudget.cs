namespace Tailrace.Io;

/// <summary>How many connections a listener may still have, over all workers.</summary>
/// <remarks>The one thing that workers share: touched once at accept and once at close, never for a request.</remarks>
public sealed class ConnectionBudget
{
    private readonly int _limit;
    private int _taken;
    private long _total;
    private long _refused;

    /// <summary>Creates a full budget.</summary>
    /// <param name="limit">Connections; 0 means no limit.</param>
    public ConnectionBudget(int limit) => _limit = limit;

    /// <summary>Connections that are taken.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Connections that were ever taken.</summary>
    public long Total => Volatile.Read(ref _total);

    /// <summary>Those of them that were closed before they were served.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>
    /// Whether none is left. Workers that ask at the same moment may overshoot by one each. Any thread.
    /// </summary>
    public bool IsExhausted => _limit != 0 && Taken >= _limit;

    /// <summary>Takes one. Any thread.</summary>
    public void Take()
    {
        Interlocked.Increment(ref _taken);
        Interlocked.Increment(ref _total);
    }

    /// <summary>Gives one back. Any thread.</summary>
    public void Return() => Interlocked.Decrement(ref _taken);

    /// <summary>Gives one back that is not served. Any thread.</summary>
    public void Refuse()
    {
        Interlocked.Increment(ref _refused);
        Return();
    }
}
