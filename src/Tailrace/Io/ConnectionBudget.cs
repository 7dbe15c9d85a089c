using System.Collections.Concurrent;

namespace Tailrace.Io;

/// <summary>How many connections a listener may still have, over all workers.</summary>
/// <remarks>
/// <para>Workers share it: one count goes up at accept and one at close, and nothing is touched for a request. Nothing
/// is locked. No more are ever taken than the limit says.</para>
/// <para>Whoever finds none left waits, and one of those that wait is called when one is given back. Who is called and
/// does not take one, for want of a client, passes the call on (<see cref="PassOn"/>): so as long as one is left,
/// nobody waits in vain.</para>
/// </remarks>
public sealed class ConnectionBudget
{
    private readonly int _limit;
    private readonly ConcurrentQueue<Waiter> _waiters = new();
    private long _opened;
    private long _closed;
    private long _refused;

    /// <summary>Creates a full budget.</summary>
    /// <param name="limit">Connections; 0 means no limit.</param>
    public ConnectionBudget(int limit) => _limit = limit;

    /// <summary>Connections that are taken. Any thread; a moment old.</summary>
    public int Taken => (int)Math.Max(0, Volatile.Read(ref _opened) - Volatile.Read(ref _closed));

    /// <summary>Connections that were ever taken.</summary>
    public long Total => Volatile.Read(ref _opened);

    /// <summary>Those of them that were closed before they were served.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Whether none is left. Any thread; a moment old.</summary>
    public bool IsExhausted => _limit != 0 && Taken >= _limit;

    /// <summary>Takes one. Any thread.</summary>
    /// <returns>False when none is left.</returns>
    public bool TryTake()
    {
        if (_limit == 0)
        {
            Interlocked.Increment(ref _opened);
            return true;
        }
        while (true)
        {
            // What is closed meanwhile is not counted yet, so this errs towards too many.
            var opened = Volatile.Read(ref _opened);
            if (opened - Volatile.Read(ref _closed) >= _limit) return false;
            if (Interlocked.CompareExchange(ref _opened, opened + 1, opened) == opened) return true;
        }
    }

    /// <summary>Gives one back. Any thread.</summary>
    public void Return()
    {
        Interlocked.Increment(ref _closed);
        CallOne();
    }

    /// <summary>Gives one back that is not served. Any thread.</summary>
    public void Refuse()
    {
        Interlocked.Increment(ref _refused);
        Return();
    }

    /// <summary>Has somebody called once, on their own loop, when one is given back. Any thread.</summary>
    /// <returns>
    /// False when there is one left already. The call may come all the same: who gets it then passes it on.
    /// </returns>
    internal bool TryWait(Waiter waiter)
    {
        if (Interlocked.Exchange(ref waiter.IsWaiting, 1) == 0) _waiters.Enqueue(waiter);
        // Whoever gives one back counts first and then looks for those that wait: one of the two sees the other.
        Interlocked.MemoryBarrier();
        return IsExhausted;
    }

    /// <summary>
    /// Calls another that waits, if one is left: for who was called, or may have been, and takes none. Any thread.
    /// </summary>
    internal void PassOn()
    {
        if (!_waiters.IsEmpty && !IsExhausted) CallOne();
    }

    /// <summary>Waits no more, and passes on what it may have been called for. Any thread.</summary>
    internal void Leave(Waiter waiter)
    {
        waiter.IsGone = true;
        // Whoever calls has counted before they look whether it is gone: one of the two sees the other.
        Interlocked.MemoryBarrier();
        PassOn();
    }

    private void CallOne()
    {
        while (_waiters.TryDequeue(out var waiter))
        {
            Volatile.Write(ref waiter.IsWaiting, 0);
            if (waiter.IsGone || waiter.Loop.IsDown) continue;
            waiter.Loop.Post(waiter);
            return;
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
