using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>The origins that the fetches of one reactor have met lately.</summary>
/// <remarks>Bounded: whoever lets clients choose the host must not run out of memory by it.</remarks>
/// <param name="reactor">Where they live.</param>
/// <param name="settings">How each of them is treated.</param>
/// <param name="policy">Which addresses may be connected to; null for all.</param>
/// <param name="edits">What becomes of the heads of requests that are forwarded.</param>
/// <param name="resolver">Looks names up.</param>
internal sealed class FetchOrigins(
    Reactor reactor, ClusterSettings settings, EgressPolicy? policy, RequestEdits edits, Resolver resolver)
{
    internal const int CountMax = 256;

    private readonly Dictionary<string, FetchOrigin> _origins = [];
    private bool _isDrained;

    internal int Count => _origins.Count;

    /// <summary>The origin of a URL. One that is new takes the place of the one not asked for longest.</summary>
    internal FetchOrigin Of(FetchUrl url)
    {
        if (!_origins.TryGetValue(url.Authority, out var origin))
        {
            if (_origins.Count == CountMax) DropOldest();
            origin = new FetchOrigin(reactor, settings, url, policy, edits, resolver);
            _origins.Add(url.Authority, origin);
            if (_isDrained) origin.Drain();
        }
        origin.UsedAt = reactor.Loop.Now;
        return origin;
    }

    /// <summary>Closes all idle connections, and forgets the origins.</summary>
    internal void Drain()
    {
        foreach (var origin in _origins.Values) origin.Drain();
        _origins.Clear();
        _isDrained = true;
    }

    private void DropOldest()
    {
        var (oldest, usedAt) = ("", long.MaxValue);
        foreach (var (authority, origin) in _origins)
        {
            if (origin.UsedAt < usedAt) (oldest, usedAt) = (authority, origin.UsedAt);
        }
        _origins[oldest].Drain();
        _origins.Remove(oldest);
    }
}
