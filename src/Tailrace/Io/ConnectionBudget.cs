using System.Collections.Concurrent;

namespace Tailrace.Io;

/// <summary>How many connections a listener may still have, over all workers.</summary>
/// <remarks>
/// Workers share it: touched once at accept and once at close, never for a request. Whoever finds none
/// left waits, and is called when one is given back; nothing is locked.
/// </remarks>
public sealed class ConnectionBudget
{
    private readonly int _limit;
    private readonly ConcurrentQueue<Waiter> _waiters = new();
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
    public void Return()
    {
        if (Interlocked.Decrement(ref _taken) < _limit && !_waiters.IsEmpty) CallAll();
    }

    /// <summary>Gives one back that is not served. Any thread.</summary>
    public void Refuse()
    {
        Interlocked.Increment(ref _refused);
        Return();
    }

    /// <summary>Has somebody called once, on their own loop, when one is given back. Any thread.</summary>
    /// <returns>False when there is one left already: nobody may call then.</returns>
    internal bool TryWait(Waiter waiter)
    {
        if (Interlocked.Exchange(ref waiter.IsWaiting, 1) == 0) _waiters.Enqueue(waiter);
        // Whoever gives one back counts first and then looks for those that wait: one of the two sees the other.
        Interlocked.MemoryBarrier();
        return IsExhausted;
    }

    /// <summary>All of them: who is called alone may have nobody to accept while another has.</summary>
    private void CallAll()
    {
        for (var count = _waiters.Count; count > 0 && _waiters.TryDequeue(out var waiter); count--)
        {
            Volatile.Write(ref waiter.IsWaiting, 0);
            if (!waiter.IsGone) waiter.Loop.Post(waiter);
        }
    }

    /// <summary>One that waits; its continuation is what is called, on its own loop.</summary>
    internal abstract class Waiter(EventLoop loop) : LoopContinuation
    {
        /// <summary>Whether it is in the queue.</summary>
        internal int IsWaiting;

        /// <summary>Whether it is not to be called any more.</summary>
        internal volatile bool IsGone;

        /// <summary>Where it lives.</summary>
        internal EventLoop Loop { get; } = loop;
    }
}
