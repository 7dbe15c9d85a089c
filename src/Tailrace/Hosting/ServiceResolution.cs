using System.Net;
using Tailrace.Config;
using Tailrace.Hosting.Names;
using Tailrace.Proxy;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>
/// Looks up where the services are that destinations name: once at start, then as their records expire, off the
/// reactors.
/// </summary>
/// <remarks>
/// A service that cannot be looked up, or that has no place any more, keeps the places it had: a name server that is
/// wrong for a moment must not take a cluster down.
/// </remarks>
internal sealed class ServiceResolution : IDisposable
{
    /// <summary>Above any priority of a record (RFC 2782), so that the configuration's comes first.</summary>
    private const int PrioritySpan = 1 << 16;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<Entry> _entries;
    private readonly Action<string, int, IReadOnlyList<ServicePlace>> _publish;
    private readonly SrvLookup _lookup;
    private readonly TimeSpan _interval;
    private readonly Log _log;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Creates it.</summary>
    /// <param name="clusters">Whose destinations.</param>
    /// <param name="options">Whom to ask, and how often.</param>
    /// <param name="publish">Gets a cluster's name, which destination it is, and its places. Any thread.</param>
    /// <param name="log">Told of changes and of services that cannot be looked up.</param>
    internal ServiceResolution(
        IEnumerable<ClusterPlan> clusters, ResolveOptions options,
        Action<string, int, IReadOnlyList<ServicePlace>> publish, Log log)
    {
        _publish = publish;
        _log = log;
        _interval = options.Interval;
        _lookup = new SrvLookup(new DnsClient([.. options.Servers.Select(ServerOf)], options.Timeout));
        _entries =
        [
            .. from cluster in clusters
               let numbers = new Numbers(cluster.Destinations.Count)
               from destination in cluster.Destinations.Index()
               where destination.Item.Address.IsService
               select new Entry(cluster.Settings.Name, destination.Index, destination.Item, numbers),
        ];
    }

    /// <summary>Looks everything up once.</summary>
    internal Task ResolveAsync() => Task.WhenAll(_entries.Select(ResolveAsync));

    /// <summary>Begins to look up again what has expired.</summary>
    internal void Start()
    {
        foreach (var entry in _entries) _ = Task.Run(() => RepeatAsync(entry));
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Cancel();

    private static IPEndPoint ServerOf(string text)
    {
        var server = IPEndPoint.Parse(text);
        if (server.Port == 0) server.Port = 53;
        return server;
    }

    private async Task RepeatAsync(Entry entry)
    {
        try
        {
            while (true)
            {
                await Task.Delay(entry.Wait, _stop.Token).ConfigureAwait(false);
                await ResolveAsync(entry).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task ResolveAsync(Entry entry)
    {
        try
        {
            var (places, ttl) = await _lookup.FindAsync(entry.Name, _stop.Token).ConfigureAwait(false);
            // At least a second: a lifetime of 0 must not become a flood.
            entry.Wait = TimeSpan.FromSeconds(Math.Clamp(ttl, 1, (long)_interval.TotalSeconds));
            entry.HasFailed = false;
            Take(entry, places);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // Whatever it is, also of the system's list of name servers: the next look-up may succeed.
            entry.Wait = _interval < RetryAfter ? _interval : RetryAfter;
            if (!entry.HasFailed)
            {
                _log.Warn("cannot look up a service, what was known stays",
                    ("service", entry.Name), ("reason", failure.Message), ("places", entry.Places.Count));
            }
            entry.HasFailed = true;
        }
    }

    private void Take(Entry entry, IReadOnlyList<SrvPlace> found)
    {
        var places = new List<ServicePlace>();
        foreach (var place in found)
        {
            var name = new DestinationAddress(place.Host, place.Port, null).Authority;
            var known = entry.Places.FirstOrDefault(one => one.Name == name);
            SocketAddress[] addresses = [.. place.Addresses.Select(ip => new IPEndPoint(ip, place.Port).Serialize())];
            places.Add(new ServicePlace(
                known?.Index ?? entry.Numbers.Take(), name, place.Weight,
                entry.Priority * PrioritySpan + place.Priority, addresses));
        }
        if (places.Count == entry.Places.Count && places.All(place => entry.Places.Any(one => AreEqual(one, place))))
            return;
        foreach (var gone in entry.Places.Where(one => places.All(place => place.Index != one.Index)))
            entry.Numbers.Return(gone.Index);
        entry.Places = places;
        _log.Info("a service has new places", ("cluster", entry.Cluster), ("service", entry.Name),
            ("places", string.Join(", ", places.Select(place => place.Name))));
        _publish(entry.Cluster, entry.Index, places);
    }

    private static bool AreEqual(ServicePlace one, ServicePlace other) =>
        one with { Addresses = other.Addresses } == other && one.Addresses.SequenceEqual(other.Addresses);

    /// <summary>Gives the places of a cluster's services numbers behind those of its other destinations.</summary>
    private sealed class Numbers(int first)
    {
        private readonly SortedSet<int> _free = [];
        private readonly Lock _lock = new();
        private int _next = first;

        internal int Take()
        {
            lock (_lock)
            {
                if (_free.Count == 0) return _next++;
                var least = _free.Min;
                _free.Remove(least);
                return least;
            }
        }

        internal void Return(int number)
        {
            lock (_lock) _free.Add(number);
        }
    }

    private sealed class Entry(string cluster, int index, DestinationPlan plan, Numbers numbers)
    {
        internal string Cluster => cluster;

        internal int Index => index;

        internal string Name => plan.Address.Host;

        internal int Priority => plan.Priority;

        internal Numbers Numbers => numbers;

        internal IReadOnlyList<ServicePlace> Places { get; set; } = [];

        internal TimeSpan Wait { get; set; } = RetryAfter;

        internal bool HasFailed { get; set; }
    }
}
