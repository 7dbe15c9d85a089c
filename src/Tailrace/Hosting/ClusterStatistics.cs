using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>The state of a cluster, over all workers.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Waiting">Requests that wait because all destinations are full.</param>
/// <param name="OpenCircuits">Workers whose circuit breaker is open.</param>
/// <param name="Limit">The requests in flight that the adaptive limit allows; 0 where there is none.</param>
public sealed record ClusterStatistics(string Name, int Waiting, int OpenCircuits, int Limit)
{
    /// <summary>What programs call it.</summary>
    public static IReadOnlyList<Metric<ClusterStatistics>> Metrics { get; } =
    [
        new("waiting", "waiting_requests", "Requests that wait because all destinations are full.", c => c.Waiting)
        {
            IsGauge = true,
        },
        new("open circuits", "open_circuits", "Workers whose circuit breaker is open.", c => c.OpenCircuits)
        {
            IsGauge = true,
        },
        new("limit", "requests_limit", "Requests in flight that the adaptive limit allows; 0: there is none.",
            c => c.Limit)
        {
            IsGauge = true,
        },
    ];

    /// <summary>Sums up what the workers know; values of one that runs may be a moment old.</summary>
    internal static IReadOnlyList<ClusterStatistics> Of(IReadOnlyList<Worker> workers)
    {
        if (workers.Count == 0) return [];
        return
        [
            .. from name in workers[0].Clusters.Keys
               let all = workers.Select(worker => worker.Clusters[name])
               select new ClusterStatistics(
                   name, all.Sum(one => one.Queue?.Count ?? 0), all.Count(one => one.Breaker is { IsOpen: true }),
                   all.Sum(one => one.Limit?.Limit ?? 0)),
        ];
    }
}
