using Tailrace.Proxy.Balancing;

namespace Tailrace.Proxy;

/// <summary>The destinations of one priority, and the policy that chooses among them.</summary>
internal sealed class Rank(Destination[] destinations, Balancer balancer)
{
    /// <summary>All of them.</summary>
    internal Destination[] Destinations => destinations;

    /// <summary>Chooses among those that may be chosen.</summary>
    internal Balancer Balancer => balancer;

    /// <summary>How many are healthy.</summary>
    internal int HealthyCount { get; private set; }

    /// <summary>Whether the share of healthy ones is enough to rely on them alone.</summary>
    internal bool IsSound(int panicPercent) =>
        HealthyCount > 0 && HealthyCount * 100 >= panicPercent * destinations.Length;

    /// <summary>Splits destinations by priority, lowest first.</summary>
    internal static Rank[] Split(Destination[] all, Func<Destination[], Balancer> createBalancer)
    {
        var priorities = new SortedSet<int>();
        foreach (var destination in all) priorities.Add(destination.Priority);
        var ranks = new Rank[priorities.Count];
        var next = 0;
        foreach (var priority in priorities)
        {
            var members = Array.FindAll(all, destination => destination.Priority == priority);
            ranks[next++] = new Rank(members, createBalancer(members));
        }
        return ranks;
    }

    /// <summary>Counts who is healthy.</summary>
    internal void Count()
    {
        HealthyCount = 0;
        foreach (var destination in destinations)
        {
            if (destination.IsHealthy) HealthyCount++;
        }
    }

    /// <summary>Lets the healthy ones be chosen, or all.</summary>
    internal void Open(bool regardlessOfHealth)
    {
        foreach (var destination in destinations)
            destination.IsCandidate = regardlessOfHealth || destination.IsHealthy;
        balancer.SetCandidates(Array.FindAll(destinations, destination => destination.IsCandidate));
    }
}
