using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>What came through a listener, over all workers.</summary>
/// <param name="Name">What logs call it.</param>
/// <param name="Accepted">Connections that were accepted.</param>
/// <param name="Active">Those that are open.</param>
/// <param name="Refused">
/// Those that were closed before they were served: because of their client's address, a limit, or a PROXY header.
/// </param>
/// <param name="Tcp">What became of the connections that it forwarded as they are.</param>
public sealed record ListenerStatistics(string Name, long Accepted, int Active, long Refused, TcpCounters Tcp)
{
    /// <summary>What programs call it, but for what was forwarded as it is.</summary>
    public static IReadOnlyList<Metric<ListenerStatistics>> Metrics { get; } =
    [
        new("connections", "connections", "Connections that were accepted.", one => one.Accepted),
        new("active", "active_connections", "Connections that are open.", one => one.Active) { IsGauge = true },
        new("refused", "refused_connections", "Connections that were closed before they were served.",
            one => one.Refused),
    ];

    /// <summary>Sums up what the workers know; values of one that runs may be a moment old.</summary>
    internal static IReadOnlyList<ListenerStatistics> Of(
        IReadOnlyList<ListenerPlan> plans, IReadOnlyList<Worker> workers) =>
        [.. plans.Select((plan, i) => Of(plan, i, workers))];

    private static ListenerStatistics Of(ListenerPlan plan, int index, IReadOnlyList<Worker> workers)
    {
        var tcp = default(TcpCounters);
        foreach (var worker in workers) tcp.Add(worker.TcpOf(index));
        var budget = plan.Budget;
        return new ListenerStatistics(plan.Name, budget.Total, budget.Taken, budget.Refused, tcp);
    }
}
