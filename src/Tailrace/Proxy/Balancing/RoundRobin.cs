namespace Tailrace.Proxy.Balancing;

/// <summary>Weighted round robin that spreads each destination's turns evenly.</summary>
/// <remarks>
/// Each pick gives every destination credit by its weight, takes the one with most credit, and charges it the sum of
/// all weights. Weights 5, 1, 1 give a a b a c a a rather than a a a a a b c.
/// </remarks>
internal static class RoundRobin
{
    /// <summary>The next destination, leaving out those that were tried for this request.</summary>
    /// <param name="destinations">All of them; their credit is this policy's state.</param>
    /// <param name="tried">A bit for each destination that is not to be taken; those beyond 63 are never left
    /// out.</param>
    internal static Destination? Pick(Destination[] destinations, ulong tried)
    {
        if (destinations.Length == 1) return (tried & 1) == 0 ? destinations[0] : null;
        Destination? best = null;
        var total = 0;
        for (var i = 0; i < destinations.Length; i++)
        {
            if (i < 64 && (tried >> i & 1) != 0) continue;
            var candidate = destinations[i];
            total += candidate.Weight;
            candidate.Credit += candidate.Weight;
            if (best is null || candidate.Credit > best.Credit) best = candidate;
        }
        if (best is not null) best.Credit -= total;
        return best;
    }
}
