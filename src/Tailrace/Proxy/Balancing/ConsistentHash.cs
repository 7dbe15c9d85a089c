namespace Tailrace.Proxy.Balancing;

/// <summary>The destination that a key belongs to, by <see cref="MaglevTable"/>, and optionally its load.</summary>
/// <remarks>
/// <para>The table knows every destination of the rank, healthy or not. A key whose destination cannot be chosen goes
/// to the place of the key's next hash, and so on: so the keys of one that fails are spread over all others, every
/// other key stays where it was, and all of them return when it does. Nothing has to be rebuilt.</para>
/// <para>With a bound, one that has more than so much of its even share in flight is passed over in the same way
/// (Mirrokni and others, "Consistent Hashing with Bounded Loads", 2016).</para>
/// </remarks>
internal sealed class ConsistentHash(
    MaglevTable table, Destination[] rank, ClusterLoad load, int loadBoundPercent) : Balancer
{
    private const int ProbesMax = 64;

    private long _shares;

    /// <inheritdoc/>
    internal override void OnSharesChanged()
    {
        _shares = 0;
        foreach (var candidate in Candidates) _shares += candidate.Share;
    }

    /// <inheritdoc/>
    internal override Destination? Pick(ulong key, in TriedSet tried)
    {
        if (Candidates.Length == 0) return null;
        Destination? overBound = null;
        for (var probes = 0; probes < ProbesMax; probes++)
        {
            var destination = rank[table.Find(key)];
            if (destination.IsCandidate && IsOpen(destination, tried))
            {
                if (!IsOverBound(destination)) return destination;
                overBound ??= destination;
            }
            key = StableHash.Next(key);
        }
        return overBound ?? FirstOpen((int)(key % (ulong)Candidates.Length), tried);
    }

    /// <summary>Whether one request more would be above the bound, rounded up.</summary>
    private bool IsOverBound(Destination destination) =>
        loadBoundPercent > 0
        && destination.Active * 100L * _shares >= loadBoundPercent * (load.Active + 1L) * destination.Share;
}
