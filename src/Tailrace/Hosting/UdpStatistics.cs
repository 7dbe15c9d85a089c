using Tailrace.Proxy;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>Sums up what workers count of datagrams; values of one that runs may be a moment old.</summary>
internal static class UdpStatistics
{
    /// <summary>The counters of each UDP listener by its name.</summary>
    internal static IReadOnlyDictionary<string, UdpCounters> Of(IReadOnlyList<Worker> workers)
    {
        var sums = new Dictionary<string, UdpCounters>();
        foreach (var (name, server) in workers.SelectMany(worker => worker.UdpServers))
        {
            var sum = sums.GetValueOrDefault(name);
            sum.Add(server.Counters);
            sums[name] = sum;
        }
        return sums;
    }

    /// <summary>The traffic of one destination.</summary>
    internal static UdpTraffic Of(IEnumerable<Destination> destinations)
    {
        var sum = new UdpTraffic();
        foreach (var one in destinations) sum.Add(one.Datagrams);
        return sum;
    }
}
