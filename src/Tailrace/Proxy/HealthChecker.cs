using System.Net;
using System.Net.Sockets;
using Tailrace.Telemetry;

namespace Tailrace.Proxy;

/// <summary>Checks destinations actively: one checker for the process, on .NET's own threads.</summary>
/// <remarks>
/// A destination that a name stands for is good when one of its addresses is. What has changed is published, once for
/// all workers, and logged; <see cref="SetAddresses"/> may be called from any thread.
/// </remarks>
internal sealed class HealthChecker : IDisposable
{
    private readonly IReadOnlyList<Target> _targets;
    private readonly Action<string, int, bool> _publish;
    private readonly Log _log;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Creates it.</summary>
    /// <param name="targets">What to check.</param>
    /// <param name="publish">Gets a cluster's name, a destination's index and whether it is healthy now.</param>
    /// <param name="log">Told of every change.</param>
    internal HealthChecker(IReadOnlyList<Target> targets, Action<string, int, bool> publish, Log log)
    {
        _targets = targets;
        _publish = publish;
        _log = log;
    }

    /// <summary>Begins to check.</summary>
    internal void Start()
    {
        foreach (var target in _targets) _ = Task.Run(() => RepeatAsync(target));
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

    private static IPEndPoint EndPointOf(SocketAddress address)
    {
        var any = address.Family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        return (IPEndPoint)new IPEndPoint(any, 0).Create(address);
    }

    private async Task RepeatAsync(Target target)
    {
        var tally = new HealthTally(target.Settings.Rise, target.Settings.Fall);
        try
        {
            while (true)
            {
                var fault = await CheckAsync(target).ConfigureAwait(false);
                _stop.Token.ThrowIfCancellationRequested();
                if (tally.Add(isGood: fault is null)) Tell(target, tally.IsHealthy, fault);
                await Task.Delay(NextDelay(target.Settings), _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task<string?> CheckAsync(Target target)
    {
        string? fault = "no address";
        foreach (var address in target.Addresses)
        {
            fault = await HealthProbe.RunAsync(address, target.Name, target.Settings, _stop.Token)
                .ConfigureAwait(false);
            if (fault is null) return null;
        }
        return fault;
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
        _publish(target.Cluster, target.Index, isHealthy);
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
        private volatile IPEndPoint[] _addresses = [];

        internal string Cluster => cluster;

        internal int Index => index;

        internal string Name => name;

        internal CheckSettings Settings => settings;

        /// <summary>Where it is, as last resolved.</summary>
        internal IPEndPoint[] Addresses
        {
            get => _addresses;
            set => _addresses = value;
        }
    }
}
