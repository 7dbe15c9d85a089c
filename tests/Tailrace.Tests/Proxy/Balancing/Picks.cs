using Tailrace.Proxy;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Tests.Proxy.Balancing;

/// <summary>Destinations a, b, c, ... and what a balancer makes of them.</summary>
internal static class Picks
{
    internal static Destination[] Make(params int[] weights) =>
        [.. weights.Select((weight, index) => new Destination(NameOf(index), weight, []) { Index = index })];

    internal static string NameOf(int index) => index < 26 ? $"{(char)('a' + index)}" : $"d{index}";

    internal static T Over<T>(T balancer, Destination[] destinations) where T : Balancer
    {
        foreach (var destination in destinations) destination.IsCandidate = true;
        balancer.SetCandidates(destinations);
        return balancer;
    }

    internal static TriedSet Tried(params int[] indices)
    {
        var tried = default(TriedSet);
        foreach (var index in indices) tried.Add(index);
        return tried;
    }

    internal static string Turns(this Balancer balancer, int count, params int[] tried) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => balancer.Pick(0, Tried(tried))!.Name));

    /// <summary>How often each is chosen out of so many times, with keys that are spread evenly.</summary>
    internal static int[] Shares(this Balancer balancer, Destination[] destinations, int count, params int[] tried)
    {
        var shares = new int[destinations.Length];
        var key = 1ul;
        for (var i = 0; i < count; i++) shares[balancer.Pick(key = StableHash.Next(key), Tried(tried))!.Index]++;
        return shares;
    }

    /// <summary>Chooses until nobody is left.</summary>
    internal static int[] Exhaust(this Balancer balancer)
    {
        var tried = default(TriedSet);
        var order = new List<int>();
        while (balancer.Pick(42, tried) is { } destination)
        {
            order.Add(destination.Index);
            tried.Add(destination.Index);
        }
        return [.. order];
    }
}
