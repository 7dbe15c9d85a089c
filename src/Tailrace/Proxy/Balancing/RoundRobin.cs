namespace Tailrace.Proxy.Balancing;

/// <summary>Weighted round robin that spreads each destination's turns evenly.</summary>
/// <remarks>
/// Equal shares take turns by a counter. Else each pick gives every destination credit by its share, takes the one with
/// most credit, and charges it the sum of all shares: weights 5, 1, 1 give a a b a c a a rather than a a a a a b c.
/// </remarks>
/// <param name="first">The first to have a turn, where shares are equal.</param>
internal sealed class RoundRobin(int first = 0) : Balancer
{
    private int _next = first;
    private bool _isEven;

    /// <inheritdoc/>
    internal override void OnSharesChanged()
    {
        _isEven = true;
        foreach (var candidate in Candidates) _isEven &= candidate.Share == Candidates[0].Share;
        if (_next >= Candidates.Length) _next = 0;
    }

    /// <inheritdoc/>
    internal override Destination? Pick(ulong key, in TriedSet tried)
    {
        var candidates = Candidates;
        if (candidates.Length == 1) return IsOpen(candidates[0], tried) ? candidates[0] : null;
        if (!_isEven) return PickByCredit(tried);
        for (var left = candidates.Length; left > 0; left--)
        {
            var candidate = candidates[_next];
            if (++_next == candidates.Length) _next = 0;
            if (IsOpen(candidate, tried)) return candidate;
        }
        return null;
    }

    private Destination? PickByCredit(in TriedSet tried)
    {
        Destination? best = null;
        var total = 0L;
        foreach (var candidate in Candidates)
        {
            if (!IsOpen(candidate, tried)) continue;
            total += candidate.Share;
            candidate.Credit += candidate.Share;
            if (best is null || candidate.Credit > best.Credit) best = candidate;
        }
        if (best is not null) best.Credit -= total;
        return best;
    }
}
