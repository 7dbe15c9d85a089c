using Tailrace.Hosting;

namespace Tailrace.Chaos;

/// <summary>What may be left of a server that has stopped: nothing.</summary>
internal static class Remains
{
    /// <summary>Looks for what it still holds, and for what it could not cope with.</summary>
    internal static void Judge(Server server, Tally tally)
    {
        var failures = server.Statistics.Sum(counters => counters.UnhandledErrors);
        if (failures > 0) tally.Violation($"{failures} handlers failed");
        var active = server.Statistics.Sum(counters => counters.Active + counters.UpstreamIdle);
        if (active != 0) tally.Violation($"{active} connections are left");
        foreach (var worker in server.Workers)
        {
            if (worker.Reactor.Buffers.Rented != 0) tally.Violation($"{worker.Reactor.Buffers.Rented} blocks are out");
        }
    }
}
