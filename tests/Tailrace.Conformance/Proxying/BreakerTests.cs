using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>A cluster of which everything fails is left alone for a while.</summary>
public sealed class BreakerTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void It_opens_and_lets_nothing_through_until_a_trial_succeeds(EngineChoice engine) =>
        Scenario.Run(engine, scenario =>
        {
            scenario.Cluster = Breaking(TimeSpan.FromMilliseconds(300));
            var isUp = false;
            var origin = scenario.AddOrigin(_ => isUp ? Reply.Of("well") : Reply.Of("sick", 503));
            for (var i = 0; i < 3; i++) Assert.Equal("sick", scenario.Exchange(Reply.Get()).Text);
            Assert.Equal("503 Service Unavailable\n", scenario.Exchange(Reply.Get()).Text);
            Assert.Equal((3, 1), (origin.Requests.Count, (int)scenario.Counters.UpstreamBroken));
            scenario.WaitForLog("circuit is open");
            scenario.WaitForLog("the circuit is open");
            isUp = true;
            Wait.Until(() => scenario.Exchange(Reply.Get()).Text == "well", "it stays open");
            scenario.WaitForLog("circuit is closed");
            Assert.Equal("well", scenario.Exchange(Reply.Post("body")).Text);
        });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_at_a_time_is_on_trial(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Breaking(TimeSpan.FromMilliseconds(50));
        using var go = new ManualResetEventSlim();
        var asked = 0;
        var origin = scenario.AddOrigin(_ =>
        {
            if (Interlocked.Increment(ref asked) <= 3) return Reply.Of("sick", 502);
            go.Wait(30_000);
            return Reply.Of("well");
        });
        for (var i = 0; i < 3; i++) scenario.Exchange(Reply.Get());
        using var trial = scenario.Connect();
        Wait.Until(() => Try(), "nothing is let through");
        for (var i = 0; i < 3; i++) Assert.Equal(503, scenario.Exchange(Reply.Get()).Status);
        go.Set();
        Assert.Equal("well", trial.ReadAnswer().Text);
        Assert.Equal("well", scenario.Exchange(Reply.Get()).Text);

        bool Try()
        {
            Thread.Sleep(60);
            var refused = scenario.Counters.UpstreamBroken;
            trial.Send(Reply.Get());
            Wait.Until(() => origin.Requests.Count == 4 || scenario.Counters.UpstreamBroken > refused, "nothing comes of it");
            if (origin.Requests.Count == 4) return true;
            Assert.Equal(503, trial.ReadAnswer().Status);
            return false;
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_trial_is_over_when_its_answer_begins(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Breaking(TimeSpan.FromMilliseconds(50));
        using var go = new ManualResetEventSlim();
        var asked = 0;
        scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                var request = wire.ReadRequest();
                if (Interlocked.Increment(ref asked) <= 3)
                {
                    wire.Send(Reply.Of("sick", 503));
                    continue;
                }
                var answer = Reply.Of("well");
                wire.Send(request.Target == "/long" ? answer[..^2] : answer);
                if (request.Target != "/long") continue;
                go.Wait(30_000);
                wire.Send(answer[^2..]);
            }
        });
        for (var i = 0; i < 3; i++) Assert.Equal("sick", scenario.Exchange(Reply.Get()).Text);
        Wire trial;
        do
        {
            Thread.Sleep(20);
            trial = scenario.Connect();
            trial.Send(Reply.Get("/long"));
        }
        while (trial.ReadHead().Status == 503);
        Assert.Equal("well", scenario.Exchange(Reply.Get()).Text);
        scenario.WaitForLog("circuit is closed");
        go.Set();
        Assert.Equal("well"u8, trial.ReadExactly(4));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_trial_whose_client_leaves_is_over(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var go = new ManualResetEventSlim();
        var asked = 0;
        var origin = scenario.AddOrigin(request =>
        {
            if (request.Target == "/calm") return Reply.Of("calm");
            if (Interlocked.Increment(ref asked) <= 3) return Reply.Of("sick", 503);
            if (!go.IsSet) go.Wait(30_000);
            return Reply.Of("well");
        });
        scenario.Cluster = Breaking(TimeSpan.FromMilliseconds(50));
        var calm = new ClusterOptions { Destinations = [new DestinationOptions { Address = $"http://{origin.Address}" }] };
        scenario.Options = scenario.Options with { Clusters = new Dictionary<string, ClusterOptions> { ["calm"] = calm } };
        scenario.Routes = [.. scenario.Routes, new RouteOptions { Match = new MatchOptions { Path = "/calm" }, Cluster = "calm" }];
        for (var i = 0; i < 3; i++) Assert.Equal("sick", scenario.Exchange(Reply.Get()).Text);
        for (var i = 0; i < 2; i++) Assert.Equal("calm", scenario.Exchange(Reply.Get("/calm")).Text);
        Wire trial;
        do
        {
            Thread.Sleep(60);
            var refused = scenario.Counters.UpstreamBroken;
            trial = scenario.Connect();
            trial.Send(Reply.Get());
            Wait.Until(() => origin.Requests.Count > 5 || scenario.Counters.UpstreamBroken > refused, "nothing comes of it");
        }
        while (origin.Requests.Count == 5);
        trial.Reset();
        Wait.Until(() => scenario.Counters.DownstreamAborts == 1, "nobody notices that the client has left");
        // What was used for the trial serves a cluster that has none, and another trial may begin.
        for (var i = 0; i < 3; i++) Assert.Equal("calm", scenario.Exchange(Reply.Get("/calm")).Text);
        go.Set();
        Wait.Until(() => scenario.Exchange(Reply.Get()).Text == "well", "it stays open");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Whoever_waits_when_it_opens_is_told_at_once(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Breaking(TimeSpan.FromMinutes(5)) with
        {
            Breaker = new BreakerOptions { Failures = 1, Time = TimeSpan.FromMinutes(1) },
            Limits = new ClusterLimits { Requests = 1 },
            Queue = new QueueOptions { Length = 10, Timeout = TimeSpan.FromMinutes(5) },
        };
        using var go = new ManualResetEventSlim();
        var origin = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("sick", 503);
        });
        var clients = Enumerable.Range(0, 4).Select(_ => scenario.Connect()).ToArray();
        foreach (var client in clients) client.Send(Reply.Get());
        Wait.Until(() => scenario.Counters.UpstreamWaits == 3, "they do not wait");
        go.Set();
        foreach (var client in clients) Assert.Equal(503, client.ReadAnswer().Status);
        Assert.Single(origin.Requests);
    });

    private static ClusterOptions Breaking(TimeSpan time) => new()
    {
        Retry = new RetryOptions { Tries = 2 },
        RetryBudget = new RetryBudgetOptions { Percent = 0, PerSecond = 0 },
        Breaker = new BreakerOptions { Failures = 3, Time = time, Trials = 1 },
        Health = new HealthOptions { Eject = new EjectOptions { Failures = 0 } },
    };
}
