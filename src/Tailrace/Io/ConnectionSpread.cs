using Tailrace.Telemetry;

namespace Tailrace.Io;

/// <summary>Decides which worker serves a connection that this one accepted, and hands it over.</summary>
/// <remarks>
/// <para>In turn: one worker accepts for all, and each gets as many as the others.</para>
/// <para>By load: each worker accepts what the kernel's hash gives it, which with few connections is far from even
/// (<c>SO_REUSEPORT</c>, socket(7)). One that has clearly more than a sibling gives the new ones away.</para>
/// <para>One for each listener and worker; used on that worker's thread. Of others it reads one count, which may be a
/// moment old.</para>
/// </remarks>
internal sealed class ConnectionSpread
{
    private readonly int _self;
    private readonly bool _isInTurn;
    private readonly Counters[] _loads;
    private readonly HandoverRing[] _rings;
    private int _next;

    /// <summary>Creates the spread of one worker.</summary>
    /// <param name="self">The worker's index.</param>
    /// <param name="isInTurn">Whether all get as many; else those that have fewer get some.</param>
    /// <param name="loads">What each worker counts.</param>
    /// <param name="rings">The way to each worker; that to itself is not used.</param>
    internal ConnectionSpread(int self, bool isInTurn, Counters[] loads, HandoverRing[] rings)
    {
        _self = _next = self;
        _isInTurn = isInTurn;
        _loads = loads;
        _rings = rings;
    }

    /// <summary>Connections that were given away.</summary>
    internal long Given { get; private set; }

    /// <summary>Gives an accepted stream to another worker, if it is another's.</summary>
    /// <returns>False when this worker serves it.</returns>
    internal bool TryGive(EventLoop loop, IoHandle stream)
    {
        var target = _next;
        _next = target + 1 == _rings.Length ? 0 : target + 1;
        if (target == _self)
        {
            // In turn it is this one's; by load, only siblings are compared with.
            if (_isInTurn) return false;
            target = _next;
            _next = target + 1 == _rings.Length ? 0 : target + 1;
        }
        var ring = _rings[target];
        if (!_isInTurn && !IsFarAbove(target, ring.Count)) return false;
        if (ring.Count == HandoverRing.Capacity) return false;
        ring.TryAdd(loop.Detach(stream));
        Given++;
        return true;
    }

    /// <summary>An eighth more, and two: less is not worth the way.</summary>
    private bool IsFarAbove(int target, int underWay)
    {
        var theirs = Volatile.Read(ref _loads[target].Active) + underWay;
        return _loads[_self].Active >= theirs + theirs / 8 + 2;
    }
}
