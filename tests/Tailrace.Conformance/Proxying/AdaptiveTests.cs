using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>A limit of requests in flight that is found, not given.</summary>
public sealed class AdaptiveTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_is_beyond_it_is_refused_or_waits(EngineChoice engine)
    {
        foreach (var length in new[] { 0, 10 })
        {
            Scenario.Run(engine, scenario =>
            {
                scenario.Cluster = new ClusterOptions
                {
                    Adaptive = new AdaptiveOptions { Min = 1, Max = 2, Initial = 2 },
                    Queue = new QueueOptions { Length = length, Timeout = TimeSpan.FromSeconds(30) },
                };
                using var go = new ManualResetEventSlim();
                var origin = scenario.AddOrigin(_ =>
                {
                    go.Wait(30_000);
                    return Reply.Of("slow");
                });
                var clients = Enumerable.Range(0, 3).Select(_ => scenario.Connect()).ToArray();
                foreach (var client in clients[..2]) client.Send(Reply.Get());
                Wait.Until(() => origin.Requests.Count == 2, "the requests have not arrived");
                clients[2].Send(Reply.Get());
                if (length == 0) Assert.Equal(503, clients[2].ReadAnswer().Status);
                else Wait.Until(() => scenario.Counters.UpstreamWaits == 1, "it does not wait");
                go.Set();
                foreach (var client in clients[..(length == 0 ? 2 : 3)]) Assert.Equal("slow", client.ReadAnswer().Text);
            });
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void It_moves_with_what_it_measures(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = new ClusterOptions
        {
            Adaptive = new AdaptiveOptions { Initial = 4, Samples = 10, Window = TimeSpan.FromMilliseconds(5) },
            Queue = new QueueOptions { Length = 100 },
        };
        scenario.AddOrigin(_ => Reply.Of("fine"));
        var clients = Enumerable.Range(0, 20).Select(_ => scenario.Connect()).ToArray();
        var limits = new HashSet<int>();
        for (var round = 0; round < 100; round++)
        {
            foreach (var client in clients) client.Send(Reply.Get());
            foreach (var client in clients) Assert.Equal("fine", client.ReadAnswer().Text);
            limits.Add(scenario.Server.Workers[0].Clusters["origins"].Limit!.Limit);
        }
        Assert.True(limits.Count > 1, $"it stays at {limits.First()}");
        Assert.All(limits, limit => Assert.InRange(limit, 4, 1000));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Errors_say_nothing_of_how_long_answers_take(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = new ClusterOptions
        {
            Adaptive = new AdaptiveOptions { Initial = 4, Samples = 10, Window = TimeSpan.FromMilliseconds(5) },
            Queue = new QueueOptions { Length = 100 },
        };
        scenario.AddOrigin(_ => Reply.Of("sick", 500));
        var clients = Enumerable.Range(0, 20).Select(_ => scenario.Connect()).ToArray();
        for (var round = 0; round < 50; round++)
        {
            foreach (var client in clients) client.Send(Reply.Get());
            foreach (var client in clients) Assert.Equal(500, client.ReadAnswer().Status);
            Assert.Equal(4, scenario.Server.Workers[0].Clusters["origins"].Limit!.Limit);
        }
    });
}
