namespace Tailrace.Proxy.Balancing;

/// <summary>The destination with the fewest requests in flight from this worker, relative to its share.</summary>
/// <remarks>
/// Looks at all of them; those with equally few take turns by <see cref="RoundRobin"/>'s rule, so that weights count at
/// low load too. In clusters of hundreds <see cref="TwoChoices"/> is nearly as even for a constant price.
/// </remarks>
internal sealed class LeastRequests : Balancer
{
    /// <inheritdoc/>
    internal override Destination? Pick(ulong key, in TriedSet tried)
    {
        Destination? least = null;
        var isTie = false;
        foreach (var candidate in Candidates)
        {
            if (!IsOpen(candidate, tried)) continue;
            var difference = least is null ? -1 : Compare(candidate, least);
            if (difference < 0) least = candidate;
            isTie = difference == 0 || (isTie && difference > 0);
        }
        return isTie ? PickByCredit(least!, tried) : least;
    }

    private Destination PickByCredit(Destination least, in TriedSet tried)
    {
        var best = least;
        var total = 0L;
        foreach (var candidate in Candidates)
        {
            if (!IsOpen(candidate, tried) || Compare(candidate, least) != 0) continue;
            total += candidate.Share;
            candidate.Credit += candidate.Share;
            if (candidate.Credit > best.Credit) best = candidate;
        }
        best.Credit -= total;
        return best;
    }

    private static int Compare(Destination one, Destination other) =>
        ((long)one.Active * other.Share).CompareTo((long)other.Active * one.Share);
}
