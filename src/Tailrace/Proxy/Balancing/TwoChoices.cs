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

    /// <summary>
    /// Whether one has less to do than another. Of two idle ones the first stays: the dice have gone by their shares,
    /// and a comparison by shares on top of it would starve the lighter ones.
    /// </summary>
    private static bool IsLess(Destination one, Destination other) =>
        (long)one.Active * other.Share < (long)other.Active * one.Share;
}
