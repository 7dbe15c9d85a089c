using System.Runtime.CompilerServices;

namespace Tailrace.Proxy.Balancing;

/// <summary>A policy that chooses among destinations of equal rank.</summary>
/// <remarks>
/// One object for each rank, cluster and worker; used on its reactor's thread only. Choosing allocates nothing. Who may
/// be chosen at all is told by <see cref="SetCandidates"/>, when that changes; a policy then only leaves out what this
/// request has tried and what has all that it may have.
/// </remarks>
internal abstract class Balancer
{
    /// <summary>The destinations that may be chosen now.</summary>
    protected Destination[] Candidates { get; private set; } = [];

    /// <summary>Tells who may be chosen from now on.</summary>
    internal virtual void SetCandidates(Destination[] candidates)
    {
        Candidates = candidates;
        OnSharesChanged();
    }

    /// <summary>Tells that the <see cref="Destination.Share"/> of a candidate has changed.</summary>
    internal virtual void OnSharesChanged()
    {
    }

    /// <summary>The next destination, or null when none is left.</summary>
    /// <param name="key">The hash of what the choice is to depend on; for policies that go by one.</param>
    /// <param name="tried">Whom this request has tried.</param>
    internal abstract Destination? Pick(ulong key, in TriedSet tried);

    /// <summary>Makes the policy that a cluster asks for.</summary>
    /// <param name="settings">Which one.</param>
    /// <param name="rank">All destinations of the rank.</param>
    /// <param name="load">What the cluster has in use.</param>
    /// <param name="seed">For those that throw dice, and for the place where turns begin.</param>
    internal static Balancer Create(BalancingSettings settings, Destination[] rank, ClusterLoad load, ulong seed)
    {
        var dice = new Dice(seed);
        if (settings.IsScattered) Scatter(rank, dice);
        return settings.Policy switch
        {
            BalancingPolicy.Random => new RandomChoice(dice),
            BalancingPolicy.LeastRequests => new LeastRequests(),
            BalancingPolicy.TwoChoices => new TwoChoices(dice),
            BalancingPolicy.Hash => new ConsistentHash(
                settings.TableOf(rank), rank, load, settings.LoadBoundPercent),
            _ => new RoundRobin(settings.IsScattered ? (int)dice.Below(rank.Length) : 0),
        };
    }

    /// <summary>
    /// Lets turns begin anywhere: many proxies that start together would all begin with the first destination.
    /// </summary>
    private static void Scatter(Destination[] rank, Dice dice)
    {
        var shares = 0L;
        foreach (var destination in rank) shares += destination.Share;
        foreach (var destination in rank) destination.Credit = dice.Below(shares);
    }

    /// <summary>Whether a destination can have this request.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static bool IsOpen(Destination destination, in TriedSet tried) =>
        !destination.IsFull && !tried.Has(destination.Index);

    /// <summary>The first that can have this request, from some place on and round again.</summary>
    protected Destination? FirstOpen(int start, in TriedSet tried)
    {
        var candidates = Candidates;
        for (var i = 0; i < candidates.Length; i++)
        {
            var at = start + i;
            var candidate = candidates[at < candidates.Length ? at : at - candidates.Length];
            if (IsOpen(candidate, tried)) return candidate;
        }
        return null;
    }
}
