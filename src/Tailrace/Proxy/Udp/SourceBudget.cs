using System.Collections.Concurrent;
using Tailrace.Io;

namespace Tailrace.Proxy.Udp;

/// <summary>How many sessions of a listener each address may have, over all workers.</summary>
/// <remarks>
/// The kernel gives an address's ports to different workers, so they share it; it is touched when a session opens and
/// when it ends, never for a datagram. It holds no more addresses than there are sessions.
/// </remarks>
internal sealed class SourceBudget(int limit)
{
    private readonly ConcurrentDictionary<NetAddress, int> _taken = new();

    /// <summary>Addresses that have sessions.</summary>
    internal int Count => _taken.Count;

    /// <summary>Takes a session of an address, unless it has all that it may. Any thread.</summary>
    internal bool TryTake(NetAddress source)
    {
        var address = source.WithoutPort;
        while (true)
        {
            var taken = _taken.GetOrAdd(address, 0);
            if (taken >= limit) return false;
            if (_taken.TryUpdate(address, taken + 1, taken)) return true;
        }
    }

    /// <summary>Gives one back. Any thread.</summary>
    internal void Return(NetAddress source)
    {
        var address = source.WithoutPort;
        while (_taken.TryGetValue(address, out var taken))
        {
            var isDone = taken <= 1
                ? _taken.TryRemove(KeyValuePair.Create(address, taken))
                : _taken.TryUpdate(address, taken - 1, taken);
            if (isDone) return;
        }
    }
}
