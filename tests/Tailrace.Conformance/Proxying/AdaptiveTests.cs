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
                    Queue = length == 0
                        ? new QueueOptions()
                        : new QueueOptions { Length = length, Timeout = TimeSpan.FromSeconds(30) },
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
            Adaptive = new AdaptiveOptions { Initial = 20, Samples = 10, Window = TimeSpan.FromMilliseconds(5) },
            Queue = new QueueOptions { Length = 100, Timeout = TimeSpan.FromMinutes(1) },
        };
        scenario.AddOrigin(_ => Reply.Of("fine"));
        var clients = Enumerable.Range(0, 20).Select(_ => scenario.Connect()).ToArray();
        var limits = new HashSet<int>();
        for (var round = 0; limits.Count < 2 && round < 2000; round++)
        {
            foreach (var client in clients) client.Send(Reply.Get());
            foreach (var client in clients) Assert.Equal("fine", client.ReadAnswer().Text);
            limits.Add(scenario.Server.Workers[0].Clusters["origins"].Limit!.Limit);
        }
        limits.Remove(20);
        Assert.True(limits.Count > 0, "it stays at 20");
        Assert.All(limits, limit => Assert.InRange(limit, 4, 1000));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Errors_say_nothing_of_how_long_answers_take(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = new ClusterOptions
        {
            Adaptive = new AdaptiveOptions { Initial = 4, Samples = 10, Window = TimeSpan.FromMilliseconds(5) },
            Queue = new QueueOptions { Length = 100, Timeout = TimeSpan.FromMinutes(1) },
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

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_that_has_begun_no_longer_counts(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = new ClusterOptions
        {
            Adaptive = new AdaptiveOptions { Min = 1, Max = 1, Initial = 1 },
            Queue = new QueueOptions { Length = 10, Timeout = TimeSpan.FromMinutes(5) },
        };
        using var go = new ManualResetEventSlim();
        using var begin = new ManualResetEventSlim();
        scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                var target = wire.ReadHead().Target;
                if (target == "/tunnel")
                {
                    wire.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
                    wire.ReadToEnd();
                    return;
                }
                var answer = Reply.Of("well");
                if (target == "/long")
                {
                    begin.Wait(30_000);
                    wire.Send(answer[..^2]);
                    go.Wait(30_000);
                    wire.Send(answer[^2..]);
                    continue;
                }
                wire.Send(answer);
            }
        });
        using var tunnel = scenario.Connect();
        tunnel.Send("GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        Assert.Equal(101, tunnel.ReadHead().Status);
        using var download = scenario.Connect();
        download.Send(Reply.Get("/long"));
        using var waiting = scenario.Connect();
        Wait.Until(() => Load().Active == 2, "the download has not begun");
        waiting.Send(Reply.Get());
        Wait.Until(() => scenario.Counters.UpstreamWaits == 1, "it does not wait for its turn");
        begin.Set();
        Assert.Equal(200, download.ReadHead().Status);
        Assert.Equal("well", waiting.ReadAnswer().Text);
        go.Set();
        Assert.Equal("well"u8, download.ReadExactly(4));
        tunnel.EndSending();
        tunnel.ExpectEnd();
        Wait.Until(() => Load() is { Active: 0, Answering: 0 }, "something still counts");

        Tailrace.Proxy.ClusterLoad Load() => scenario.Server.Workers[0].Clusters["origins"].Pool.Load;
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_time_of_an_upload_is_the_clients(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = new ClusterOptions
        {
            Adaptive = new AdaptiveOptions
            {
                Initial = 100,
                Samples = 2,
                Window = TimeSpan.FromMilliseconds(1),
                Tolerance = 1000,
            },
        };
        scenario.AddOrigin(_ =>
        {
            Thread.Sleep(50);
            return Reply.Of("well");
        });
        using var client = scenario.Connect();
        for (var i = 0; i < 2; i++)
        {
            client.Send(Reply.Get());
            Assert.Equal("well", client.ReadAnswer().Text);
        }
        for (var i = 0; i < 2; i++)
        {
            client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
            Thread.Sleep(1500);
            client.Send("llo");
            Assert.Equal("well", client.ReadAnswer().Text);
        }
        Assert.Equal(100, scenario.Server.Workers[0].Clusters["origins"].Limit!.Limit);
    });
}
