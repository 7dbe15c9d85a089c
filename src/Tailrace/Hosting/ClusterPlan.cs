using System.Text;
using Tailrace.Config;
using Tailrace.Http;
using Tailrace.Io.ProxyProtocol;
using Tailrace.Proxy;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Hosting;

/// <summary>A cluster as workers build it.</summary>
/// <param name="Settings">How it is treated.</param>
/// <param name="Check">How its destinations are checked; null when they are not.</param>
/// <param name="Destinations">The destinations.</param>
internal sealed record ClusterPlan(
    ClusterSettings Settings, CheckSettings? Check, IReadOnlyList<DestinationPlan> Destinations)
{
    /// <summary>Makes the plan.</summary>
    /// <param name="name">The cluster's name.</param>
    /// <param name="root">What was written.</param>
    /// <param name="seed">See <see cref="BalancingSettings.Seed"/>.</param>
    internal static ClusterPlan From(string name, TailraceOptions root, ulong seed = 0)
    {
        var options = root.Clusters[name];
        DestinationPlan[] destinations = [.. options.Destinations.Select(DestinationPlan.From)];
        var settings = new ClusterSettings
        {
            Name = name,
            ConnectTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Connect),
            FirstByteTimeoutMs = Snapshot.Milliseconds(options.Timeouts.FirstByte),
            IdleTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Idle),
            // A connection that begins with the address of one client is not for another.
            PoolIdleMax = options.ProxyProtocol == ProxyProtocolVersion.Off ? options.Pool.IdlePerDestination : 0,
            ProxyVersion = VersionOf(options.ProxyProtocol),
            PoolIdleTimeoutMs = Snapshot.Milliseconds(options.Pool.IdleTimeout),
            ConnectionsMax = options.Limits.ConnectionsPerDestination,
            RequestsPerDestinationMax = options.Limits.RequestsPerDestination,
            ClusterConnectionsMax = options.Limits.Connections,
            ClusterRequestsMax = options.Limits.Requests,
            QueueLengthMax = options.Queue.Length,
            QueueTimeoutMs = Snapshot.Milliseconds(options.Queue.Timeout),
            Retries = options.Retries,
            Retry = options.Retry is { } retry ? ResiliencePlan.RetryOf(retry) : null,
            Hedge = options.Hedge is { } hedge ? ResiliencePlan.HedgeOf(hedge) : null,
            Adaptive = options.Adaptive is { } adaptive ? ResiliencePlan.AdaptiveOf(adaptive, options.Limits) : null,
            Breaker = options.Breaker is { } breaker ? ResiliencePlan.BreakerOf(breaker) : null,
            RetryBudget = new RetryBudgetSettings(options.RetryBudget.Percent, options.RetryBudget.PerSecond),
            Balancing = BalancingOf(options, destinations, seed),
            Ejection = EjectionOf(options.Health.Eject),
            Limits = new HttpLimits { HeadBytesMax = options.Limits.Head, HeaderCountMax = options.Limits.Headers },
        };
        var check = options.Health.Check is { } wanted
            ? CheckOf(wanted, wanted.TypeFor(name, root)) with { ProxyVersion = settings.ProxyVersion }
            : null;
        return new ClusterPlan(settings, check, destinations);
    }

    private static ProxyVersion VersionOf(ProxyProtocolVersion version) => version switch
    {
        ProxyProtocolVersion.V1 => ProxyVersion.V1,
        ProxyProtocolVersion.V2 => ProxyVersion.V2,
        _ => ProxyVersion.Off,
    };

    private static BalancingSettings BalancingOf(
        ClusterOptions options, DestinationPlan[] destinations, ulong seed) => new()
        {
            Seed = seed,
            Policy = options.Balance switch
            {
                BalancePolicy.Random => BalancingPolicy.Random,
                BalancePolicy.LeastRequests => BalancingPolicy.LeastRequests,
                BalancePolicy.TwoChoices => BalancingPolicy.TwoChoices,
                BalancePolicy.Hash => BalancingPolicy.Hash,
                _ => BalancingPolicy.RoundRobin,
            },
            HashSource = options.Hash.Key switch
            {
                HashKey.Path => HashSource.Path,
                HashKey.Header => HashSource.Header,
                HashKey.Cookie => HashSource.Cookie,
                _ => HashSource.Source,
            },
            HashName = options.Hash.Name,
            LoadBoundPercent = options.Hash.LoadBound,
            Sticky = options.Sticky is { } sticky
            ? new StickySettings(sticky.Cookie, (long)sticky.MaxAge.TotalSeconds, sticky.Secure)
            : null,
            PanicPercent = options.Health.Panic,
            SlowStartMs = Snapshot.Milliseconds(options.SlowStart),
            Tables = options.Balance == BalancePolicy.Hash ? TablesOf(destinations) : null,
        };

    private static EjectionSettings? EjectionOf(EjectOptions options) =>
        options is { Failures: 0, ErrorRate: 0, Latency: 0 } or { ShareMax: 0 }
            ? null
            : new EjectionSettings
            {
                Failures = options.Failures,
                ErrorRatePercent = options.ErrorRate,
                LatencyPercent = options.Latency,
                IntervalMs = Snapshot.Milliseconds(options.Interval),
                RequestsMin = options.Requests,
                TimeMs = Snapshot.Milliseconds(options.Time),
                TimeMaxMs = Snapshot.Milliseconds(options.TimeMax),
                ShareMaxPercent = options.ShareMax,
            };

    private static CheckSettings CheckOf(CheckOptions options, CheckType type) => new()
    {
        IsHttp = type == CheckType.Http,
        Path = options.Path,
        Host = options.Host,
        Statuses = options.Status,
        Body = Encoding.UTF8.GetBytes(options.Body),
        Interval = options.Interval,
        JitterPercent = options.Jitter,
        Timeout = options.Timeout,
        Rise = options.Rise,
        Fall = options.Fall,
    };

    /// <summary>The tables that all workers share: they take milliseconds to make, so no reactor makes them.</summary>
    private static Dictionary<int, MaglevTable> TablesOf(DestinationPlan[] destinations) =>
        destinations.GroupBy(destination => destination.Priority).ToDictionary(
            rank => rank.Key,
            rank => MaglevTable.Build([.. rank.Select(one => one.Name)], [.. rank.Select(one => one.Weight)]));
}

/// <summary>A destination as workers build it.</summary>
internal sealed record DestinationPlan(DestinationAddress Address, int Weight, int Priority)
{
    internal string Name => Address.Name;

    internal static DestinationPlan From(DestinationOptions options)
    {
        if (!DestinationAddress.TryParse(options.Address, out var address, out var error))
            throw new StartException(error);
        return new DestinationPlan(address, options.Weight, options.Priority);
    }
}
