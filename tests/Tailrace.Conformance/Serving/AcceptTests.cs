using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>How connections come to several workers.</summary>
public sealed class AcceptTests
{
    private const int Clients = 64;

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Handed_over_in_turn(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 4 };
        scenario.Listener = scenario.Listener with { Accept = AcceptMode.Handoff };
        ExchangeWithAll(scenario);
        Assert.All(scenario.Server.Statistics, worker => Assert.Equal(Clients / 4, worker.Accepted));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Shared_and_evened_out(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 2 };
        ExchangeWithAll(scenario);
        var most = scenario.Server.Statistics.Max(worker => worker.Accepted);
        // Within 15 percent of an equal share. To wait for a processor is work, and one with work for most of a tenth
        // of a second may have given connections away until the other had twice as many and some.
        var isCalm = scenario.Server.Workers.All(worker => worker.Reactor.WorkTime < 50_000_000);
        Assert.InRange(most, Clients / 2, isCalm ? Clients / 2 * 1.15 : (2 * Clients + 8) / 3 + 1);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_is_blocked_is_handed_no_more(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 2 };
        scenario.Listener = scenario.Listener with { Accept = AcceptMode.Handoff };
        using var blocked = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        scenario.Server.Workers[1].Reactor.Loop.Post(() =>
        {
            blocked.Set();
            release.Wait();
        });
        try
        {
            blocked.Wait();
            Ask(scenario.Connect());
            var waiting = scenario.Connect();
            waiting.Send(Reply.Get());
            Ask(scenario.Connect());
            // The acceptor's patience ends.
            Thread.Sleep(100);
            for (var i = 0; i < 4; i++) Ask(scenario.Connect());
            Assert.Equal([6L, 0L], scenario.Server.Statistics.Select(worker => worker.Requests));
            release.Set();
            Assert.Equal(200, waiting.ReadAnswer().Status);
            // Its turns come again.
            Ask(scenario.Connect());
            Ask(scenario.Connect());
            Assert.Equal([7L, 2L], scenario.Server.Statistics.Select(worker => worker.Requests));
        }
        finally
        {
            release.Set();
        }
    });

    private static void Ask(Wire client)
    {
        client.Send(Reply.Get());
        Assert.Equal(200, client.ReadAnswer().Status);
    }

    private static void ExchangeWithAll(Scenario scenario)
    {
        scenario.AddOrigin(request => Reply.Of(request.Target));
        var clients = new List<Wire>();
        for (var i = 0; i < Clients; i++)
        {
            var client = scenario.Connect();
            clients.Add(client);
            client.Send(Reply.Get($"/{i}"));
            Assert.Equal($"/{i}", client.ReadAnswer().Text);
        }
        // Each again, now that all are there.
        for (var i = 0; i < Clients; i++)
        {
            clients[i].Send(Reply.Get($"/again/{i}"));
            Assert.Equal($"/again/{i}", clients[i].ReadAnswer().Text);
        }
        foreach (var client in clients) client.Dispose();
        scenario.WaitUntilIdle();
    }
}
