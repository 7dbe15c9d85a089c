namespace Tailrace.Proxy.Balancing;

/// <summary>Weighted round robin that spreads each destination's turns evenly.</summary>
/// <remarks>
/// Each pick gives every destination credit by its weight, takes the one with most credit, and charges it the sum of
/// all weights. Weights 5, 1, 1 give a a b a c a a rather than a a a a a b c.
/// </remarks>
internal static class RoundRobin
{
    /// <summary>The bit that leaves a destination out. Those from the 64th on share one, so attempts end.</summary>
    internal static ulong BitOf(int index) => 1ul << Math.Min(index, 63);

    /// <summary>The next destination, leaving out those that were tried for this request.</summary>
    /// <param name="destinations">All of them; their credit is this policy's state.</param>
    /// <param name="tried">The <see cref="BitOf"/> of each destination that is not to be taken.</param>
    internal static Destination? Pick(Destination[] destinations, ulong tried)
    {
        if (destinations.Length == 1) return (tried & 1) == 0 ? destinations[0] : null;
        Destination? best = null;
        var total = 0;
        for (var i = 0; i < destinations.Length; i++)
        {
            if ((tried & BitOf(i)) != 0) continue;
            var candidate = destinations[i];
            total += candidate.Weight;
            candidate.Credit += candidate.Weight;
            if (best is null || candidate.Credit > best.Credit) best = candidate;
        }
        if (best is not null) best.Credit -= total;
        return best;
    }
}
