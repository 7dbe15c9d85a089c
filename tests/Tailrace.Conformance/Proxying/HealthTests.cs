using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Destinations that do not work are found, left out, and taken back.</summary>
public sealed class HealthTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Active_checks_find_it(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 2 };
        scenario.Cluster = scenario.Cluster with
        {
            Health = new HealthOptions
            {
                Check = new CheckOptions { Path = "/up", Body = "fine", Interval = TimeSpan.FromMilliseconds(10) },
            },
        };
        var isUp = true;
        var sick = scenario.AddOrigin(request => request.Target == "/up" ? Check() : Reply.Of("sick"));
        scenario.AddOrigin(request => Reply.Of(request.Target == "/up" ? "fine" : "well"));
        Assert.Equal(["sick", "well"], Ask(scenario, 20));
        isUp = false;
        scenario.WaitForLog("destination is not healthy");
        Wait.Until(() => Ask(scenario, 10) is ["well"], "it is still asked");
        Assert.Single(scenario.Server.Destinations, one => !one.IsChecked);
        isUp = true;
        scenario.WaitForLog("destination is healthy");
        Wait.Until(() => Ask(scenario, 20).Length == 2, "it is not asked again");
        scenario.StopAndCheck();
        Assert.All(scenario.Server.Destinations, one => Assert.True(one.IsChecked));
        Assert.Contains(sick.Requests, request => request.Field("User-Agent") == "tailrace-health");

        string Check() => isUp ? Reply.Of("fine") : Reply.Of("fine", 500);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Failing_requests_find_it(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with
        {
            Health = new HealthOptions
            {
                Eject = new EjectOptions { Failures = 3, Time = TimeSpan.FromMilliseconds(100) },
            },
        };
        var isUp = false;
        scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                wire.ReadRequest();
                if (!isUp) return;
                wire.Send(Reply.Of("sick"));
            }
        });
        scenario.AddOrigin(_ => Reply.Of("well"));
        // Every other one is its own. It is left out with the last, and may be back before a busy machine asks again.
        var answers = Enumerable.Range(0, 6).Select(_ => scenario.Exchange(Reply.Get()).Status).ToArray();
        Assert.Equal(3, answers.Count(status => status == 502));
        scenario.WaitForLog("destination is left out");
        isUp = true;
        Wait.Until(() => Ask(scenario, 4).Contains("sick"), "it is not taken back");
        scenario.WaitForLog("destination is back");
        Assert.Contains(scenario.Server.Destinations, one => one.Failures >= 3);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_answers_503_or_refuses_is_left_out_too(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with
        {
            Health = new HealthOptions { Eject = new EjectOptions { Failures = 2, ShareMax = 70 } },
        };
        scenario.AddOrigin(_ => Reply.Of("sick", 503));
        scenario.AddDestination($"http://127.0.0.1:{Silence.UnusedPort()}");
        scenario.AddOrigin(_ => Reply.Of("well"));
        for (var i = 0; i < 12; i++) scenario.Exchange(Reply.Get());
        Wait.Until(() => scenario.Log.With("destination is left out").Count() == 2, "not both are left out");
        Assert.Equal(["well"], Ask(scenario, 10));
    });

    private static string[] Ask(Scenario scenario, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => scenario.Exchange(Reply.Get()).Text).Distinct().Order()];
}
