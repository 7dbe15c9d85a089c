using Tailrace.Telemetry;

namespace Tailrace.Io;

/// <summary>Decides which worker serves a connection that this one accepted, and hands it over.</summary>
/// <remarks>
/// <para>In turn: one worker accepts for all, and each gets as many as the others.</para>
/// <para>By load: each worker accepts what the kernel's hash gives it, which with few connections is far from even
/// (<c>SO_REUSEPORT</c>, socket(7)). One that has clearly more than a sibling gives the new ones away. So does one that
/// is far busier, since connections differ in what they ask for, until the sibling has twice as many; and it gets none
/// meanwhile. A connection that is served stays where it is.</para>
/// <para>Either way, one that does not come to take what it was given gets no more until it does.</para>
/// <para>One for each listener and worker; used on that worker's thread. Of others it reads one count and one clock,
/// which may be a moment old.</para>
/// </remarks>
internal sealed class ConnectionSpread
{
    /// <summary>Siblings that a connection may go to: the next in turn, of which the one with fewest gets it.</summary>
    private const int CandidatesMax = 3;

    /// <summary>What a sibling with little to do may have beyond twice as many.</summary>
    private const int Some = 8;

    private readonly int _self;
    private readonly bool _isInTurn;
    private readonly Counters[] _loads;
    private readonly HandoverRing?[] _rings;
    private readonly Func<int, HandoverRing> _makeRing;
    private readonly WorkGauge _work;
    private int _next;

    /// <summary>Creates the spread of one worker.</summary>
    /// <param name="self">The worker's index.</param>
    /// <param name="isInTurn">Whether all get as many; else those that have fewer get some.</param>
    /// <param name="loads">What each worker counts.</param>
    /// <param name="makeRing">Makes the way to a worker, when it is first given something: most never are.</param>
    /// <param name="work">How busy the workers are.</param>
    internal ConnectionSpread(
        int self, bool isInTurn, Counters[] loads, Func<int, HandoverRing> makeRing, WorkGauge work)
    {
        _self = _next = self;
        _isInTurn = isInTurn;
        _loads = loads;
        _rings = new HandoverRing[loads.Length];
        _makeRing = makeRing;
        _work = work;
    }

    /// <summary>Connections that were given away.</summary>
    internal long Given { get; private set; }

    /// <summary>Gives an accepted stream to another worker, if it is another's.</summary>
    /// <returns>False when this worker serves it.</returns>
    internal bool TryGive(EventLoop loop, IoHandle stream)
    {
        var target = Choose(loop.Now);
        if (target == _self) return false;
        var ring = RingTo(target);
        if (ring.IsOver || ring.Count == HandoverRing.Capacity) return false;
        ring.TryAdd(loop.Detach(stream), loop.Now);
        Given++;
        return true;
    }

    /// <summary>Takes back a stream that was given to a worker which is over.</summary>
    internal bool TryTakeBack(out DetachedStream stream)
    {
        foreach (var ring in _rings)
        {
            if (ring is not null && ring.TryTakeBack(out stream)) return true;
        }
        stream = default;
        return false;
    }

    /// <summary>The way to another worker.</summary>
    internal HandoverRing RingTo(int target) => _rings[target] ??= _makeRing(target);

    /// <summary>Whose the next connection is.</summary>
    internal int Choose(long now)
    {
        if (_isInTurn) return TakeTurn(now);
        _work.Update(now);
        var chosen = _self;
        for (var left = Math.Min(CandidatesMax, _rings.Length - 1); left > 0; left--)
        {
            var target = TakeTurn();
            if (target == _self) target = TakeTurn();
            if (!Takes(target, now) || !Deserves(target)) continue;
            if (chosen == _self || LoadOf(target) < LoadOf(chosen)) chosen = target;
        }
        return chosen;
    }

    /// <summary>The next that takes what it is given; this one at the latest.</summary>
    private int TakeTurn(long now)
    {
        var turn = TakeTurn();
        while (turn != _self && !Takes(turn, now)) turn = TakeTurn();
        return turn;
    }

    private int TakeTurn()
    {
        var turn = _next;
        _next = turn + 1 == _rings.Length ? 0 : turn + 1;
        return turn;
    }

    private bool Takes(int target, long now) => _rings[target]?.IsTaken(now) ?? true;

    /// <summary>A sixteenth more, and two, is clearly more: less is not worth the way.</summary>
    private bool Deserves(int target)
    {
        if (_work.IsFarBusier(target, _self)) return false;
        var (mine, theirs) = (LoadOf(_self), LoadOf(target));
        if (_work.IsFarBusier(_self, target) && theirs < 2 * mine + Some) return true;
        return mine >= theirs + theirs / 16 + 2;
    }

    /// <summary>The connections of a worker, with those that are on their way to it from here.</summary>
    private long LoadOf(int worker) => Volatile.Read(ref _loads[worker].Active) + (_rings[worker]?.Count ?? 0);
}
