namespace Tailrace.Proxy.Balancing;

/// <summary>The less busy one of two that the dice choose: nearly as even as asking all, at a constant price.</summary>
/// <remarks>
/// Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing". Throwing dice also keeps workers and proxies,
/// which know their own requests only, from running to the same idle destination together.
/// </remarks>
internal sealed class TwoChoices(Dice dice) : Balancer
{
    private readonly ShareSampler _sampler = new(dice);

    /// <inheritdoc/>
    internal override void OnSharesChanged() => _sampler.Update(Candidates);

    /// <inheritdoc/>
    internal override Destination? Pick(ulong key, in TriedSet tried)
    {
        var candidates = Candidates;
        if (candidates.Length < 2) return FirstOpen(0, tried);
        var first = _sampler.Throw();
        var second = _sampler.Throw();
        if (second == first && ++second == candidates.Length) second = 0;
        var (one, other) = (candidates[first], candidates[second]);
        if (!IsOpen(one, tried)) return IsOpen(other, tried) ? other : FirstOpen(first, tried);
        return IsOpen(other, tried) && IsLess(other, one) ? other : one;
    }

    /// <summary>Whether one would have less to do than another with one request more.</summary>
    private static bool IsLess(Destination one, Destination other) =>
        (one.Active + 1L) * other.Share < (other.Active + 1L) * one.Share;
}
