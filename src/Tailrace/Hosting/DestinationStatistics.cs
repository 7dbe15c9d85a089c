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
    /// <summary>What became of the connections that were forwarded to it as they are.</summary>
    public TcpCounters Tcp { get; init; }

    /// <summary>The datagrams that were exchanged with it.</summary>
    public UdpTraffic Datagrams { get; init; }

    /// <summary>Sums up what the workers know; values of one that runs may be a moment old.</summary>
    internal static IReadOnlyList<DestinationStatistics> Of(IReadOnlyList<Worker> workers)
    {
        if (workers.Count == 0) return [];
        return
        [
            .. from cluster in workers[0].Clusters
               from destination in cluster.Value.Destinations
               let all = workers.SelectMany(worker => worker.Clusters[cluster.Key].Destinations)
                   .Where(one => one.Index == destination.Index)
               select new DestinationStatistics(
                   cluster.Key, destination.Name, all.Sum(one => one.Requests), all.Sum(one => one.Failures),
                   all.All(one => one.IsChecked), all.Count(one => one.IsEjected))
               {
                   Tcp = Sum(all),
                   Datagrams = UdpStatistics.Of(all),
               },
        ];
    }

    private static TcpCounters Sum(IEnumerable<Destination> all)
    {
        var sum = default(TcpCounters);
        foreach (var one in all) sum.Add(one.Tcp);
        return sum;
    }
}
