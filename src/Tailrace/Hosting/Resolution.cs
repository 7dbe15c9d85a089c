using System.Net;
using System.Net.Sockets;
using Tailrace.Proxy;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>Resolves the host names of destinations: once at start, then on a period, off the reactors.</summary>
/// <remarks>
/// A name that cannot be resolved keeps the addresses it had. That is told when it begins, when its reason becomes
/// another, and when it is over. The look-ups have threads of their own, for names whose servers are silent.
/// </remarks>
internal sealed class Resolution : IDisposable
{
    private readonly IReadOnlyList<Entry> _entries;
    private readonly Action<string, int, SocketAddress[]> _publish;
    private readonly Log _log;
    private readonly Resolver _resolver;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Creates it.</summary>
    /// <param name="clusters">Whose destinations.</param>
    /// <param name="publish">Gets a cluster's name, a destination's index and its new addresses. Any thread.</param>
    /// <param name="log">Told of names that cannot be resolved, and that can again.</param>
    /// <param name="find">Looks a name up, and blocks meanwhile; null: as the system does.</param>
    internal Resolution(
        IEnumerable<ClusterPlan> clusters, Action<string, int, SocketAddress[]> publish, Log log,
        Func<string, IPAddress[]>? find = null)
    {
        // The names are those of the configuration, and each is looked up anew when its time has come.
        _resolver = new Resolver { WaitingMax = int.MaxValue, FailureMs = 0, Find = find ?? Dns.GetHostAddresses };
        _publish = publish;
        _log = log;
        _entries =
        [
            .. from cluster in clusters
               from destination in cluster.Destinations.Index()
               where !destination.Item.Address.IsService
               select new Entry(cluster.Settings.Name, destination.Index, destination.Item),
        ];
    }

    /// <summary>Resolves everything once.</summary>
    internal Task ResolveAsync() => Task.WhenAll(_entries.Select(ResolveAsync));

    /// <summary>Begins to resolve names again on a period.</summary>
    internal void Start(TimeSpan interval)
    {
        if (interval <= TimeSpan.Zero || _entries.All(entry => !entry.IsName)) return;
        _ = RepeatAsync(interval);
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Cancel();

    private async Task RepeatAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token)) await ResolveAsync();
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task ResolveAsync(Entry entry)
    {
        var address = entry.Plan.Address;
        try
        {
            await LookUpAsync(entry);
            if (entry.Failure.Length > 0) _log.Info("a destination is resolved again", ("host", address.Host));
            entry.Failure = "";
        }
        catch (Exception failure)
        {
            if (_stop.IsCancellationRequested) return;
            // Whatever it is: the next look-up may succeed, and other names are looked up all the same.
            var reason = ReasonOf(failure);
            if (entry.Failure != reason)
                _log.Warn("cannot resolve a destination", ("host", address.Host), ("reason", reason));
            entry.Failure = reason;
        }
    }

    private async Task LookUpAsync(Entry entry)
    {
        var address = entry.Plan.Address;
        if (address.Path.Length > 0)
        {
            if (entry.IsPublished) return;
            _publish(entry.Cluster, entry.Index, [new UnixDomainSocketEndPoint(address.Path).Serialize()]);
            entry.IsPublished = true;
            return;
        }
        IPAddress[] found = address.Ip is { } ip
            ? [ip]
            : await _resolver.TryLookUp(address.Host)!.WaitAsync(_stop.Token);
        if (entry.Known.SequenceEqual(found)) return;
        SocketAddress[] addresses = [.. found.Select(known => new IPEndPoint(known, address.Port).Serialize())];
        _publish(entry.Cluster, entry.Index, addresses);
        entry.Known = found;
    }

    private static string ReasonOf(Exception failure) => failure switch
    {
        SocketException socket => LookupErrors.Explain(socket),
        ArgumentException => "not a name",
        _ => failure.Message,
    };

    private sealed class Entry(string cluster, int index, DestinationPlan plan)
    {
        internal string Cluster { get; } = cluster;

        internal int Index { get; } = index;

        internal DestinationPlan Plan { get; } = plan;

        internal bool IsName => Plan.Address is { Ip: null, Path.Length: 0 };

        internal IPAddress[] Known { get; set; } = [];

        /// <summary>Why it could not be resolved the last time, or empty.</summary>
        internal string Failure { get; set; } = "";

        internal bool IsPublished { get; set; }
    }
}
