using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>What takes unusually long is asked of another destination as well, and the first answer counts.</summary>
public sealed class HedgingTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_other_one_answers_and_the_slow_one_is_cancelled(EngineChoice engine) =>
        Scenario.Run(engine, scenario =>
        {
            scenario.Cluster = Hedged();
            using var cancelled = new CountdownEvent(5);
            AddSilent(scenario, cancelled);
            scenario.AddOrigin(request => Reply.Of($"fast {request.Target}"));
            using var client = scenario.Connect();
            for (var i = 0; i < 10; i++)
            {
                client.Send(Reply.Get($"/{i}"));
                Assert.Equal($"fast /{i}", client.ReadAnswer().Text);
            }
            Assert.True(cancelled.Wait(30_000), "the slow origin keeps its connections");
            var counters = scenario.Counters;
            Assert.InRange(counters.UpstreamHedges, 5, 10);
            // On a busy machine the fast one may be late as well, and is the first to answer all the same.
            Assert.InRange(counters.UpstreamHedgeWins, 1, counters.UpstreamHedges);
            Assert.Equal(0, counters.UpstreamRetries);
        });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_first_one_answers_after_all(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Hedged();
        using var asked = new ManualResetEventSlim();
        using var cancelled = new CountdownEvent(1);
        scenario.AddOrigin(_ =>
        {
            asked.Wait(30_000);
            return Reply.Of("first");
        });
        AddSilent(scenario, cancelled, asked);
        Assert.Equal("first", scenario.Exchange(Reply.Get()).Text);
        Assert.True(cancelled.Wait(30_000), "the other origin keeps its connection");
        Assert.Equal((1, 0), (scenario.Counters.UpstreamHedges, scenario.Counters.UpstreamHedgeWins));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_must_not_be_sent_twice_is_not(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Hedged();
        for (var i = 0; i < 2; i++) scenario.AddOrigin(SlowAnswer);
        Assert.Equal("slow", scenario.Exchange(Reply.Post("body")).Text);
        Assert.Equal("slow", scenario.Exchange("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx").Text);
        Assert.Equal("slow", scenario.Exchange("LOCK / HTTP/1.1\r\nHost: a\r\n\r\n").Text);
        Assert.Equal(0, scenario.Counters.UpstreamHedges);

        static string SlowAnswer(Message request)
        {
            Thread.Sleep(100);
            return Reply.Of("slow");
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Without_budget_the_answer_is_waited_for(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Hedged() with { RetryBudget = new RetryBudgetOptions { Percent = 0, PerSecond = 0 } };
        for (var i = 0; i < 2; i++)
        {
            scenario.AddOrigin(_ =>
            {
                Wait.Until(() => scenario.Counters.UpstreamHedgesDenied == 1, "the budget is asked");
                return Reply.Of("slow");
            });
        }
        Assert.Equal("slow", scenario.Exchange(Reply.Get()).Text);
        Assert.Equal((0, 1), (scenario.Counters.UpstreamHedges, scenario.Counters.UpstreamHedgesDenied));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void When_both_fail_the_answer_says_so(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Hedged();
        for (var i = 0; i < 2; i++)
        {
            scenario.AddOrigin(wire =>
            {
                wire.ReadRequest();
                Wait.Until(() => scenario.Counters.UpstreamHedges == 1, "the other origin is asked");
            });
        }
        Assert.Equal(502, scenario.Exchange(Reply.Get()).Status);
        Assert.Equal(1, scenario.Counters.UpstreamHedges);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Both_have_as_long_as_a_try(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Hedged() with
        {
            Retry = new RetryOptions { TryTimeout = TimeSpan.FromMilliseconds(150) },
            Timeouts = new ClusterTimeouts { FirstByte = TimeSpan.FromMinutes(5) },
        };
        using var cancelled = new CountdownEvent(2);
        for (var i = 0; i < 2; i++) AddSilent(scenario, cancelled);
        scenario.AddOrigin(_ => Reply.Of("well"));
        Assert.Equal("well", scenario.Exchange(Reply.Get()).Text);
        Assert.True(cancelled.Wait(30_000), "a silent origin keeps its connection");
        Assert.Equal((1, 0), (scenario.Counters.UpstreamRetries, scenario.Counters.UpstreamHedgeWins));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_that_leaves_ends_both(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Hedged();
        using var cancelled = new CountdownEvent(2);
        using var asked = new CountdownEvent(2);
        for (var i = 0; i < 2; i++)
        {
            scenario.AddOrigin(wire =>
            {
                wire.ReadRequest();
                asked.Signal();
                wire.ReadToEnd();
                cancelled.Signal();
            });
        }
        var client = Wire.Connect(scenario.Address);
        client.Send(Reply.Get());
        Assert.True(asked.Wait(30_000), "the request has not come to both");
        client.Reset();
        Assert.True(cancelled.Wait(30_000), "an origin goes on for a client that is gone");
        Assert.Equal(0, scenario.Counters.UpstreamHedgeWins);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_that_leaves_after_both_were_late_ends_the_one_that_is_still_waited_for(EngineChoice engine) =>
        Scenario.Run(engine, scenario =>
        {
            scenario.Cluster = Hedged() with
            {
                // The second request takes the one that there is.
                RetryBudget = new RetryBudgetOptions { Percent = 100, PerSecond = 0 },
                Retry = new RetryOptions { TryTimeout = TimeSpan.FromMilliseconds(150) },
                Timeouts = new ClusterTimeouts { FirstByte = TimeSpan.FromMinutes(5) },
            };
            using var cancelled = new CountdownEvent(2);
            for (var i = 0; i < 2; i++) AddSilent(scenario, cancelled);
            var client = Wire.Connect(scenario.Address);
            client.Send(Reply.Get());
            Wait.Until(() => scenario.Counters.UpstreamRetriesDenied == 1, "the first try is given more time");
            Assert.Equal(1, scenario.Counters.UpstreamHedges);
            client.Reset();
            Assert.True(cancelled.Wait(30_000), "an origin goes on for a client that is gone");
        });

    private static ClusterOptions Hedged() => new()
    {
        Hedge = new HedgeOptions { Requests = 0, DelayMin = TimeSpan.FromMilliseconds(20), Percentile = 50 },
        RetryBudget = new RetryBudgetOptions { Percent = 100 },
        Health = new HealthOptions { Eject = new EjectOptions { Failures = 0 } },
    };

    private static void AddSilent(Scenario scenario, CountdownEvent cancelled, ManualResetEventSlim? asked = null) =>
        scenario.AddOrigin(wire =>
        {
            if (!wire.HasMore()) return;
            wire.ReadRequest();
            asked?.Set();
            try
            {
                wire.ReadToEnd();
            }
            catch (IOException)
            {
                // The proxy may reset it.
            }
            if (!cancelled.IsSet) cancelled.Signal();
        });
}
