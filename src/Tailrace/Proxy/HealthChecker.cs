using System.Net;
using System.Net.Sockets;
using Tailrace.Telemetry;

namespace Tailrace.Proxy;

/// <summary>Checks destinations actively: one checker for the process, on .NET's own threads.</summary>
/// <remarks>
/// A destination that a name stands for is good when one of its addresses is. What has changed is published, once for
/// all workers, and logged; <see cref="SetAddresses"/> may be called from any thread. A check that this side has no
/// descriptor for says nothing of a destination, whose state stays: were it a failure, a process that has as many
/// connections as it may would take all its destinations for dead at once. Nothing but the stop ends the checks.
/// </remarks>
internal sealed class HealthChecker : IDisposable
{
    private volatile IReadOnlyList<Target> _targets;
    private bool _isStarted;
    private readonly Action<string, int, string, bool> _publish;
    private readonly Log _log;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Creates it.</summary>
    /// <param name="targets">What to check.</param>
    /// <param name="publish">Gets a cluster's name, a destination's index and name, and whether it is healthy now.
    /// </param>
    /// <param name="log">Told of every change.</param>
    internal HealthChecker(IReadOnlyList<Target> targets, Action<string, int, string, bool> publish, Log log)
    {
        _targets = targets;
        _publish = publish;
        _log = log;
    }

    /// <summary>Begins to check.</summary>
    internal void Start()
    {
        lock (_stop)
        {
            _isStarted = true;
            foreach (var target in _targets) Start(target);
        }
    }

    /// <summary>Takes over where a service is now: new places are checked, those that are gone no more.</summary>
    internal void SetPlaces(string cluster, int service, IReadOnlyList<ServicePlace> places)
    {
        lock (_stop)
        {
            var targets = new List<Target>(_targets);
            if (targets.Find(one => one.Cluster == cluster && one.Index == service) is not { } pattern) return;
            foreach (var gone in targets.FindAll(one => one.Cluster == cluster && one.Service == service))
            {
                if (places.Any(place => place.Index == gone.Index && place.Name == gone.Name)) continue;
                gone.Gone.Cancel();
                targets.Remove(gone);
            }
            foreach (var place in places)
            {
                // The number may be that of another service's place, which is about to go.
                var target = targets.Find(one =>
                    one.Cluster == cluster && one.Index == place.Index && one.Name == place.Name);
                var isNew = target is null;
                target ??= new Target(cluster, place.Index, place.Name, pattern.Settings) { Service = service };
                target.Addresses = Array.ConvertAll(place.Addresses, EndPointOf);
                if (!isNew) continue;
                targets.Add(target);
                if (_isStarted) Start(target);
            }
            _targets = targets;
        }
    }

    private void Start(Target target)
    {
        if (!target.IsService) _ = Task.Run(() => RepeatAsync(target));
    }

    /// <summary>Takes over newly resolved addresses.</summary>
    internal void SetAddresses(string cluster, int index, SocketAddress[] addresses)
    {
        foreach (var target in _targets)
        {
            if (target.Cluster == cluster && target.Index == index)
                target.Addresses = Array.ConvertAll(addresses, EndPointOf);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Cancel();

    private static EndPoint EndPointOf(SocketAddress address)
    {
        // Any path will do: it is what makes one of the bytes that counts.
        if (address.Family == AddressFamily.Unix) return new UnixDomainSocketEndPoint("/").Create(address);
        var any = address.Family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        return new IPEndPoint(any, 0).Create(address);
    }

    private async Task RepeatAsync(Target target)
    {
        var tally = new HealthTally(target.Settings.Rise, target.Settings.Fall);
        var isHeldUp = false;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, target.Gone.Token);
        try
        {
            while (true)
            {
                var result = await CheckAsync(target).ConfigureAwait(false);
                stop.Token.ThrowIfCancellationRequested();
                if (result.IsOwnWant && !isHeldUp) TellHeldUp(target, result.Fault);
                isHeldUp = result.IsOwnWant;
                if (!isHeldUp && tally.Add(isGood: result.Fault is null)) Tell(target, tally.IsHealthy, result.Fault);
                await Task.Delay(NextDelay(target.Settings), stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task<CheckResult> CheckAsync(Target target)
    {
        var worst = new CheckResult("no address");
        foreach (var address in target.Addresses)
        {
            var result = await HealthProbe.RunAsync(address, target.Name, target.Settings, _stop.Token)
                .ConfigureAwait(false);
            if (result.Fault is null) return result;
            // An address that nothing is known of may be the good one.
            if (!worst.IsOwnWant) worst = result;
        }
        return worst;
    }

    private void TellHeldUp(Target target, string? fault)
    {
        _log.Warn("cannot check a destination, its state stays",
            ("cluster", target.Cluster), ("destination", target.Name), ("reason", fault ?? ""));
    }

    private void Tell(Target target, bool isHealthy, string? fault)
    {
        if (isHealthy)
        {
            _log.Info("destination is healthy", ("cluster", target.Cluster), ("destination", target.Name));
        }
        else
        {
            _log.Warn("destination is not healthy",
                ("cluster", target.Cluster), ("destination", target.Name), ("reason", fault ?? ""));
        }
        try
        {
            _publish(target.Cluster, target.Index, target.Name, isHealthy);
        }
        catch (Exception failure)
        {
            // Whatever it is: the next change may be heard.
            _log.Error("cannot tell whether a destination is healthy",
                ("cluster", target.Cluster), ("destination", target.Name), ("reason", failure.Message));
        }
    }

    private static TimeSpan NextDelay(CheckSettings settings)
    {
        var spread = settings.JitterPercent / 100.0;
        return settings.Interval * (1 + spread * (2 * Random.Shared.NextDouble() - 1));
    }

    /// <summary>A destination that is checked.</summary>
    /// <param name="cluster">Its cluster's name.</param>
    /// <param name="index">Its place in the cluster.</param>
    /// <param name="name">Its host and port.</param>
    /// <param name="settings">What to do.</param>
    internal sealed class Target(string cluster, int index, string name, CheckSettings settings)
    {
        private volatile EndPoint[] _addresses = [];

        internal string Cluster => cluster;

        internal int Index => index;

        internal string Name => name;

        internal CheckSettings Settings => settings;

        /// <summary>Whether it is the name of a service, whose places are what is checked.</summary>
        internal bool IsService { get; init; }

        /// <summary>Which service it is a place of; -1 when it was written itself.</summary>
        internal int Service { get; init; } = -1;

        /// <summary>Cancelled when it is in its cluster no more.</summary>
        internal CancellationTokenSource Gone { get; } = new();

        /// <summary>Where it is, as last resolved.</summary>
        internal EndPoint[] Addresses
        {
            get => _addresses;
            set => _addresses = value;
        }
    }
}
