namespace Tailrace.Proxy.Balancing;

/// <summary>Any destination, by its share. Needs no memory, and workers or proxies cannot fall into step.</summary>
internal sealed class RandomChoice(Dice dice) : Balancer
{
    private readonly ShareSampler _sampler = new(dice);

    /// <inheritdoc/>
    internal override void OnSharesChanged() => _sampler.Update(Candidates);

    /// <inheritdoc/>
    internal override Destination? Pick(ulong key, in TriedSet tried)
    {
        if (Candidates.Length == 0) return null;
        var at = _sampler.Throw();
        return IsOpen(Candidates[at], tried) ? Candidates[at] : FirstOpen(at, tried);
    }
}
