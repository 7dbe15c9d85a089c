using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Memory;
using Tailrace.Proxy;
using Tailrace.Telemetry;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Hosting;

/// <summary>What workers know of destinations is added up by who they are, whatever number they have there.</summary>
public sealed class DestinationStatisticsTests : IDisposable
{
    private static readonly Log s_log = new(LogLevel.Error, output: TextWriter.Null);

    private readonly LoopRig _rig = new("sim");

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_number_that_is_two_destinations_at_once_mixes_nothing()
    {
        Worker[] workers = [Create(), Create()];
        Hear(workers[0], "old.example:80");
        Hear(workers[1], "old.example:80");
        Count(workers[0], "old.example:80", 1);
        Count(workers[1], "old.example:80", 10);
        // The place has moved, and one worker has not heard of it yet.
        Hear(workers[0], "new.example:80");
        Count(workers[0], "new.example:80", 100);
        Assert.Equal([("new.example:80", 100), ("old.example:80", 10)], Rows());
        Hear(workers[1], "new.example:80");
        Count(workers[1], "new.example:80", 1000);
        Assert.Equal([("new.example:80", 1100)], Rows());

        List<(string, long)> Rows() =>
            [.. DestinationStatistics.Of(workers).Select(one => (one.Name, one.Requests))];
    }

    private Worker Create() => new(_rig.Reactor, Snapshot.Build(new TailraceOptions
    {
        Listeners = [new ListenerOptions { Address = "127.0.0.1:8080" }],
        Routes = [new RouteOptions { Cluster = "web" }],
        Clusters = new Dictionary<string, ClusterOptions>
        {
            ["web"] = new() { Destinations = [new DestinationOptions { Address = "srv://_http._tcp.web.example" }] },
        },
    }), s_log);

    private static void Hear(Worker worker, string name) =>
        worker.SetPlaces("web", 0, [new ServicePlace(1, name, Weight: 1, Priority: 0, [])]);

    private static void Count(Worker worker, string name, int requests) =>
        worker.Clusters["web"].Destinations.Single(one => one.Name == name).Requests += requests;
}
