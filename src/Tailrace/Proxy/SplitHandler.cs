using Tailrace.Io;
using Tailrace.Proxy.Balancing;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Spreads the requests of a route over several handlers, in proportion to their weights.</summary>
/// <remarks>
/// <para>One for each route and worker; runs on the worker's reactor. Nothing is left to chance. Without a key the
/// turns go round as evenly as the weights allow, so that of any hundred requests of a worker exactly five go to a
/// weight of 5 beside 95. With a key its hash, which is the same everywhere, is a place on the line from 0 to 1 that
/// the handlers divide in their order.</para>
/// <para>So a weight that grows at the cost of its neighbour keeps everybody whom it had.</para>
/// </remarks>
internal sealed class SplitHandler : Handler
{
    private readonly (Handler Handler, int Weight)[] _targets;
    private readonly RequestKey? _key;
    private readonly long[] _credits;
    private readonly long _total;

    /// <summary>Creates the handler.</summary>
    /// <param name="targets">The handlers; at least one has a weight above 0.</param>
    /// <param name="key">What a request keeps its handler by; null where each request is for itself.</param>
    internal SplitHandler((Handler Handler, int Weight)[] targets, RequestKey? key)
    {
        _targets = targets;
        _key = key;
        _credits = new long[targets.Length];
        foreach (var (_, weight) in targets) _total += weight;
    }

    /// <inheritdoc/>
    public override LoopTask HandleAsync(Exchange exchange)
    {
        // Clusters may hash the same value: the next hash has nothing to do with what they make of it.
        var index = _key is null ? NextTurn() : PlaceOf(StableHash.Next(_key.Of(exchange)));
        return _targets[index].Handler.HandleAsync(exchange);
    }

    /// <summary>Smooth weighted round robin: everybody earns its weight, the richest pays for the turn.</summary>
    internal int NextTurn()
    {
        var best = -1;
        for (var i = 0; i < _targets.Length; i++)
        {
            _credits[i] += _targets[i].Weight;
            if (_targets[i].Weight > 0 && (best < 0 || _credits[i] > _credits[best])) best = i;
        }
        _credits[best] -= _total;
        return best;
    }

    /// <summary>Whose part of the line a hash falls on.</summary>
    internal int PlaceOf(ulong hash)
    {
        var place = (long)Math.BigMul(hash, (ulong)_total, out _);
        var index = 0;
        while (place >= _targets[index].Weight) place -= _targets[index++].Weight;
        return index;
    }
}
