using System.Net.Sockets;

namespace Tailrace.Io;

/// <summary>Whether one more connection is within the limits.</summary>
internal enum LimitVerdict : byte
{
    /// <summary>It is.</summary>
    Within,

    /// <summary>The listener's connections come too fast.</summary>
    Rate,

    /// <summary>Those of its source do.</summary>
    SourceRate,

    /// <summary>Its source has as many as it may.</summary>
    SourceConnections,
}

/// <summary>How fast the connections of a listener may come, and how many of one source there may be.</summary>
/// <remarks>
/// One object for all workers, touched at accept and at close only. The limits hold for all of them together; workers
/// that ask at the same moment may overshoot by one each.
/// </remarks>
internal sealed class ConnectionLimits
{
    private readonly TokenBucket? _rate;
    private readonly TokenBucket? _sourceRate;
    private readonly int _sourceMax;
    private readonly SourceTable? _sources;
    private long _fullAt;

    /// <summary>Creates the limits; null stands for none.</summary>
    /// <param name="rate">Of all connections.</param>
    /// <param name="sourceRate">Of each source.</param>
    /// <param name="sourceMax">Connections of each source; 0 means no limit.</param>
    /// <param name="sources">Where sources are remembered; needed for their limits.</param>
    internal ConnectionLimits(TokenBucket? rate, TokenBucket? sourceRate, int sourceMax, SourceTable? sources)
    {
        _rate = rate;
        _sourceRate = sourceRate;
        _sourceMax = sourceMax;
        _sources = sources;
    }

    /// <summary>Connections that are counted for a source now. Any thread; a moment old.</summary>
    internal int Counted => _sources?.Counted ?? 0;

    /// <summary>Counts a connection in, if it is within the limits. Any thread.</summary>
    /// <param name="source">Its client's address. The peers of a Unix socket are nobody's source.</param>
    /// <param name="now">The time, in nanoseconds.</param>
    /// <param name="ticket">What to return when the connection is closed.</param>
    internal LimitVerdict Enter(in NetAddress source, long now, out SourceTicket ticket)
    {
        ticket = default;
        var verdict = LimitVerdict.Within;
        if (_sources is not null && source.Family is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            verdict = EnterSource(source, now, out ticket);
        // A source that is over its own limits takes nothing from the others.
        if (verdict == LimitVerdict.Within && _rate?.TryTake(ref _fullAt, now) == false) verdict = LimitVerdict.Rate;
        if (verdict == LimitVerdict.Within) return verdict;
        ticket.Return();
        ticket = default;
        return verdict;
    }

    private LimitVerdict EnterSource(in NetAddress source, long now, out SourceTicket ticket)
    {
        ticket = default;
        var slot = _sources!.Hold(source);
        if (slot == SourceTable.NoSlot) return LimitVerdict.Within;
        ticket = new SourceTicket(_sources, slot);
        if (_sourceMax > 0 && _sources.CountOf(slot) > _sourceMax) return LimitVerdict.SourceConnections;
        return _sourceRate?.TryTake(ref _sources.BucketOf(slot), now) == false
            ? LimitVerdict.SourceRate
            : LimitVerdict.Within;
    }
}

/// <summary>A connection's place among those of its source; nothing by default.</summary>
/// <param name="Table">Where it is counted.</param>
/// <param name="Slot">In which slot.</param>
internal readonly record struct SourceTicket(SourceTable? Table, int Slot)
{
    /// <summary>The connection is closed. Once; any thread.</summary>
    internal void Return() => Table?.Leave(Slot);
}
