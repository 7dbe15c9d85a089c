using System.Net;
using Tailrace.Config;
using Tailrace.Conformance.Support;
using Tailrace.Hosting;

namespace Tailrace.Conformance.Proxying;

/// <summary>Destinations that the SRV records of a service name, as a name server on loopback has them.</summary>
public sealed class ServiceTests
{
    private const string Service = "_http._tcp.a.example";

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Requests_follow_the_records(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var names = new FakeNameServer();
        using var first = Origin.Answering(_ => Reply.Of("first"));
        using var second = Origin.Answering(_ => Reply.Of("second"));
        using var backup = Origin.Answering(_ => Reply.Of("backup"));
        Follow(scenario, names);
        names.SetService(Service, Place(first), Place(second), Place(backup, priority: 5));
        Assert.Equal(["first", "second"], Ask(scenario));
        Assert.Equal(3, scenario.Server.Destinations.Count);
        names.SetService(Service, Place(second, weight: 7));
        Wait.Until(() => Ask(scenario) is ["second"], "the first is still asked");
        // A bad answer changes nothing, and is told.
        names.Code = 2;
        scenario.WaitForLog("cannot look up a service");
        Assert.Equal(["second"], Ask(scenario));
        names.SetService(Service, Place(first), Place(second));
        names.Code = null;
        Wait.Until(() => Ask(scenario) is ["first", "second"], "the first does not come back");
        first.Check();
        second.Check();
        Assert.Empty(backup.Requests);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_is_under_way_at_a_place_that_goes_ends_there(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var names = new FakeNameServer();
        using var go = new ManualResetEventSlim();
        using var gone = Origin.Answering(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("gone");
        });
        using var kept = Origin.Answering(_ => Reply.Of("kept"));
        Follow(scenario, names);
        names.SetService(Service, Place(gone));
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Wait.Until(() => gone.Requests.Count == 1, "the request has not arrived");
        names.SetService(Service, Place(kept));
        Wait.Until(() => scenario.Server.Workers.All(HasOnlyKept), "it stays");
        Assert.Equal("kept", scenario.Exchange(Reply.Get()).Text);
        go.Set();
        Assert.Equal("gone", client.ReadAnswer().Text);
        client.Send(Reply.Get());
        Assert.Equal("kept", client.ReadAnswer().Text);

        // Each worker hears of it for itself.
        bool HasOnlyKept(Worker worker) =>
            worker.Clusters["origins"].Destinations is [var only] && only.Name.EndsWith($":{kept.Address.Port}");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Places_are_checked_like_others(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var names = new FakeNameServer();
        using var well = Origin.Answering(_ => Reply.Of("well"));
        using var sick = Origin.Answering(request => Reply.Of("sick", request.Target == "/up" ? 500 : 200));
        Follow(scenario, names);
        scenario.Cluster = scenario.Cluster with
        {
            Health = new HealthOptions { Check = new CheckOptions { Path = "/up", Interval = TimeSpan.FromMilliseconds(10) } },
        };
        names.SetService(Service, Place(well), Place(sick));
        Ask(scenario);
        scenario.WaitForLog("destination is not healthy");
        Wait.Until(() => Ask(scenario) is ["well"], "it is still asked");
        names.SetService(Service, Place(well));
        Wait.Until(() => scenario.Server.Destinations.Count == 1, "it is still there");
        Assert.Equal(["well"], Ask(scenario));
    });

    private static void Follow(Scenario scenario, FakeNameServer names)
    {
        names.SetHost("o.example", IPAddress.Loopback);
        scenario.AddDestination($"srv://{Service}");
        scenario.Options = scenario.Options with
        {
            Workers = 2,
            Resolve = new ResolveOptions { Servers = [$"{names.Address}"], Interval = TimeSpan.FromSeconds(1) },
        };
    }

    private static byte[] Place(Origin origin, int priority = 0, int weight = 0) =>
        FakeNameServer.Srv(priority, weight, origin.Address.Port, "o.example");

    private static string[] Ask(Scenario scenario) =>
        [.. Enumerable.Range(0, 20).Select(_ => scenario.Exchange(Reply.Get()).Text).Distinct().Order()];
}
