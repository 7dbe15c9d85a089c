using Tailrace.Proxy;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>What became of a destination, over all workers.</summary>
/// <param name="Cluster">Its cluster.</param>
/// <param name="Name">Its host and port.</param>
/// <param name="Requests">Requests that it was chosen for.</param>
/// <param name="Failures">Those that failed because of it.</param>
/// <param name="IsChecked">Whether its active checks are good, or it has none.</param>
/// <param name="EjectedBy">How many workers leave it out because of what happened to requests.</param>
public sealed record DestinationStatistics(
    string Cluster, string Name, long Requests, long Failures, bool IsChecked, int EjectedBy)
{
    /// <summary>What programs call it, but for what was forwarded as it is.</summary>
    public static IReadOnlyList<Metric<DestinationStatistics>> Metrics { get; } =
    [
        new("requests", "requests", "Requests that it was chosen for.", d => d.Requests),
        new("failures", "failures", "Requests that failed because of it.", d => d.Failures),
        new("active", "active_requests", "Requests that are in flight.", d => d.Active) { IsGauge = true },
        new("healthy", "healthy", "1 when its active checks are good, or it has none; else 0.",
            d => d.IsChecked ? 1 : 0)
        {
            IsGauge = true,
        },
        new("ejected by", "ejected_by_workers", "Workers that leave it out because of what happened to requests.",
            d => d.EjectedBy)
        {
            IsGauge = true,
        },
    ];

    /// <summary>Requests to it that are in flight.</summary>
    public int Active { get; init; }

    /// <summary>What became of the connections that were forwarded to it as they are.</summary>
    public TcpCounters Tcp { get; init; }

    /// <summary>The datagrams that were exchanged with it.</summary>
    public UdpTraffic Datagrams { get; init; }

    /// <summary>
    /// Sums up what the workers know; values of one that runs may be a moment old. Workers hear of a service's new
    /// places one after the other, so what they know is joined by name: a number may be that of two meanwhile.
    /// </summary>
    internal static IReadOnlyList<DestinationStatistics> Of(IReadOnlyList<Worker> workers)
    {
        if (workers.Count == 0) return [];
        return
        [
            .. from cluster in workers[0].Clusters.Keys
               from parts in workers.SelectMany(worker => worker.Clusters[cluster].Destinations)
                   .GroupBy(one => one.Name)
               select Of(cluster, parts.Key, [.. parts]),
        ];
    }

    private static DestinationStatistics Of(string cluster, string name, Destination[] parts)
    {
        var tcp = default(TcpCounters);
        foreach (var part in parts) tcp.Add(part.Tcp);
        return new DestinationStatistics(
            cluster, name, parts.Sum(part => part.Requests), parts.Sum(part => part.Failures),
            parts.All(part => part.IsChecked), parts.Count(part => part.IsEjected))
        {
            Active = parts.Sum(part => part.Active),
            Tcp = tcp,
            Datagrams = UdpStatistics.Of(parts),
        };
    }
}
