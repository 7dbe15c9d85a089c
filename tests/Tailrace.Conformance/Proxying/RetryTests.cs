using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>What one destination does not answer well another one does.</summary>
public sealed class RetryTests
{
    private static readonly string[] s_sicknesses = ["close", "reset", "garbage", "cut", "hang", "502", "503", "504"];

    public static TheoryData<EngineChoice, string> Sicknesses =>
        [.. from row in Scenario.Engines from sickness in s_sicknesses select (row.Data, sickness)];

    [Theory, MemberData(nameof(Sicknesses))]
    public void With_two_healthy_origins_of_three_nothing_fails(EngineChoice engine, string sickness) =>
        Scenario.Run(engine, scenario =>
        {
            // Only one that hangs needs it, and on a busy machine a healthy one may be late as well.
            var isTimed = sickness == "hang";
            scenario.Cluster = Retrying(new RetryOptions { TryTimeout = TimeSpan.FromMilliseconds(isTimed ? 150 : 0) });
            AddSick(scenario, sickness);
            scenario.AddOrigin(request => Reply.Of(request.Text));
            scenario.AddOrigin(request => Reply.Of(request.Text));
            for (var i = 0; i < 4; i++)
            {
                Assert.Equal(200, scenario.Exchange(Reply.Get()).Status);
                Assert.Equal(200, scenario.Exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").Status);
                var put = scenario.Exchange("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
                Assert.Equal((200, "hello"), (put.Status, put.Text));
            }
            // Every third try is the sick one's, retries included.
            Assert.InRange(scenario.Counters.UpstreamRetries, 6, isTimed ? 12 : 6);
            Assert.Equal(0, scenario.Counters.Answered5xx);
            scenario.WaitForLog("the request is sent again");
        });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_must_not_be_sent_twice_is_not(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Retrying(new RetryOptions { Body = 10 });
        AddSick(scenario, "503");
        AddSick(scenario, "close");
        foreach (var request in new[]
        {
            Reply.Post("body"),
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "LOCK / HTTP/1.1\r\nHost: a\r\n\r\n",
        })
        {
            Assert.InRange(scenario.Exchange(request).Status, 502, 503);
        }
        Assert.Equal(0, scenario.Counters.UpstreamRetries);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Any_method_is_when_that_is_wanted(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Retrying(new RetryOptions { AnyMethod = true });
        AddSick(scenario, "reset");
        scenario.AddOrigin(request => Reply.Of(request.Text));
        using var client = scenario.Connect();
        for (var i = 0; i < 4; i++)
        {
            client.Send(Reply.Post($"body {i}"));
            Assert.Equal($"body {i}", client.ReadAnswer().Text);
        }
        // Every second try is the sick one's.
        Assert.Equal(4, scenario.Counters.UpstreamRetries);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Only_the_chosen_conditions_count(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Retrying(new RetryOptions { On = [RetryCondition.Status], Status = [500] });
        var answers = new Queue<string>(["500", "fine", "503", "close"]);
        scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                wire.ReadRequest();
                if (answers.Dequeue() is var answer && answer == "close") return;
                wire.Send(int.TryParse(answer, out var status) ? Reply.Of("error", status) : Reply.Of(answer));
            }
        });
        Assert.Equal("fine", scenario.Exchange(Reply.Get()).Text);
        Assert.Equal(503, scenario.Exchange(Reply.Get()).Status);
        Assert.Equal(502, scenario.Exchange(Reply.Get()).Status);
        Assert.Equal(1, scenario.Counters.UpstreamRetries);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_last_answer_is_the_clients(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Retrying(new RetryOptions { Tries = 3, Backoff = TimeSpan.FromMilliseconds(10) });
        var origin = scenario.AddOrigin(_ => Reply.Of("not now", 503));
        using var client = scenario.Connect();
        for (var i = 1; i < 3; i++)
        {
            client.Send(Reply.Get());
            var answer = client.ReadAnswer();
            Assert.Equal((503, "not now"), (answer.Status, answer.Text));
            Assert.Equal(3 * i, origin.Requests.Count);
        }
        Assert.Equal(1, origin.Accepts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Nothing_is_sent_again_for_a_client_that_left(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var patience = TimeSpan.FromMinutes(5);
        scenario.Cluster = Retrying(new RetryOptions { Backoff = patience, BackoffMax = patience });
        var origin = scenario.AddOrigin(_ => Reply.Of("not now", 503));
        var client = scenario.Connect();
        client.Send(Reply.Get());
        Wait.Until(() => scenario.Counters.UpstreamRetries == 1, "it is not to be sent again");
        client.Reset();
        Wait.Until(() => scenario.Counters.DownstreamAborts == 1, "it still waits");
        Assert.Single(origin.Requests);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_budget_is_not_exceeded(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Retrying(new RetryOptions()) with
        {
            RetryBudget = new RetryBudgetOptions { Percent = 20, PerSecond = 0 },
        };
        scenario.AddOrigin(_ => Reply.Of("not now", 503));
        for (var i = 0; i < 20; i++) Assert.Equal(503, scenario.Exchange(Reply.Get()).Status);
        Assert.Equal((4, 16), (scenario.Counters.UpstreamRetries, scenario.Counters.UpstreamRetriesDenied));
        scenario.WaitForLog("the budget is used up");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Without_budget_a_late_answer_is_waited_for(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Retrying(new RetryOptions { TryTimeout = TimeSpan.FromMilliseconds(50) }) with
        {
            RetryBudget = new RetryBudgetOptions { Percent = 0, PerSecond = 0 },
        };
        scenario.AddOrigin(_ =>
        {
            Thread.Sleep(200);
            return Reply.Of("late");
        });
        Assert.Equal("late", scenario.Exchange(Reply.Get()).Text);
        Assert.Equal(1, scenario.Counters.UpstreamRetriesDenied);
    });

    private static ClusterOptions Retrying(RetryOptions retry) => new()
    {
        Retry = retry,
        Retries = 0,
        Health = new HealthOptions { Eject = new EjectOptions { Failures = 0 } },
    };

    private static void AddSick(Scenario scenario, string sickness) => scenario.AddOrigin(wire =>
    {
        while (wire.HasMore())
        {
            wire.ReadRequest();
            switch (sickness)
            {
                case "reset":
                    wire.Reset();
                    return;
                case "garbage":
                    wire.Send("SSH-2.0-OpenSSH_9.6\r\n");
                    return;
                case "cut":
                    wire.Send("HTTP/1.1 200 OK\r\nContent-Le");
                    return;
                case "hang":
                    wire.ReadToEnd();
                    return;
                case "close":
                    return;
                default:
                    wire.Send(Reply.Of("sick", int.Parse(sickness)));
                    break;
            }
        }
    });
}
