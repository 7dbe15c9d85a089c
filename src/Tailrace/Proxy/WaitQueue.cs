using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Proxy;

/// <summary>Requests of one cluster that wait on one worker until a destination has room.</summary>
/// <remarks>
/// First in, first out; bounded in length and in time. One is let go for each request that ends, and a newcomer does
/// not pass those that could have taken what it takes. Used on its reactor's thread only; waiting allocates nothing
/// once as many have waited.
/// </remarks>
internal sealed class WaitQueue(Reactor reactor, int lengthMax, int timeoutMs)
{
    private readonly EventLoop _loop = reactor.Loop;
    private readonly FreeList<Waiter> _free = new(1024);
    private Waiter? _first;
    private Waiter? _last;
    private int _count;
    private int _called;
    private int _retrying;

    /// <summary>Requests that wait, or have been let go and have not yet gone.</summary>
    internal int Count => _count + _called;

    /// <summary>Whether some of them could take whatever has room, so that a newcomer would pass them.</summary>
    /// <remarks>
    /// One that has tried some could not: what has room while it waits is where it has failed, or could not connect to,
    /// and it waits for the others.
    /// </remarks>
    internal bool HoldsNewcomers => _called > 0 || _count > _retrying;

    /// <summary>When a request that comes now will have waited long enough.</summary>
    internal long Deadline => _loop.Now + timeoutMs;

    /// <summary>Waits for room.</summary>
    /// <param name="deadline">Until when.</param>
    /// <param name="isCalled">Whether this request had its turn already and found no room: it is first again.</param>
    /// <param name="isRetry">Whether it has tried some destinations in vain, and waits for the others.</param>
    /// <param name="client">Who waits: one that leaves gives up its place.</param>
    /// <returns>
    /// Called: try now. Timed out: the queue is full, or the time is over. Lost: the client is gone.
    /// </returns>
    internal LoopTask<PauseEnd> WaitAsync(long deadline, bool isCalled, bool isRetry, Connection? client) =>
        (_count >= lengthMax && !isCalled) || deadline <= _loop.Now
            ? new LoopTask<PauseEnd>(PauseEnd.TimedOut)
            : EnterAsync(deadline, isCalled, isRetry, client);

    /// <summary>Lets the first go on.</summary>
    internal void CallOne()
    {
        _first?.End(PauseEnd.Called);
    }

    /// <summary>Lets all go on: who may be chosen has changed.</summary>
    internal void CallAll()
    {
        while (_first is not null) CallOne();
    }

    private async LoopTask<PauseEnd> EnterAsync(long deadline, bool isCalled, bool isRetry, Connection? client)
    {
        if (!isCalled) reactor.Counters.UpstreamWaits++;
        var waiter = _free.TryTake() ?? new Waiter(this);
        waiter.IsRetry = isRetry;
        Link(waiter, isCalled);
        // What it could not use may be for one who has tried nothing yet.
        if (isCalled && isRetry) CallNewcomer();
        var end = await waiter.Until(deadline, client);
        _free.Return(waiter);
        if (end == PauseEnd.Called) _called--;
        return end;
    }

    private void CallNewcomer()
    {
        var next = _first;
        while (next is { IsRetry: true }) next = next.Behind;
        next?.End(PauseEnd.Called);
    }

    private void Link(Waiter waiter, bool atFront)
    {
        _count++;
        if (waiter.IsRetry) _retrying++;
        var before = waiter.Before = atFront ? null : _last;
        var behind = waiter.Behind = atFront ? _first : null;
        if (before is null) _first = waiter;
        else before.Behind = waiter;
        if (behind is null) _last = waiter;
        else behind.Before = waiter;
    }

    private void Unlink(Waiter waiter)
    {
        _count--;
        if (waiter.IsRetry) _retrying--;
        if (waiter.Before is { } before) before.Behind = waiter.Behind;
        else _first = waiter.Behind;
        if (waiter.Behind is { } behind) behind.Before = waiter.Before;
        else _last = waiter.Before;
        waiter.Before = waiter.Behind = null;
    }

    /// <summary>One that waits, and what it awaits.</summary>
    private sealed class Waiter(WaitQueue queue) : Pause(queue._loop)
    {
        internal bool IsRetry { get; set; }

        internal Waiter? Before { get; set; }

        internal Waiter? Behind { get; set; }

        internal override void End(PauseEnd end)
        {
            queue.Unlink(this);
            if (end == PauseEnd.Called) queue._called++;
            base.End(end);
        }
    }
}
