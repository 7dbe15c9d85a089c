using System.Collections.Concurrent;
using System.Net;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Copies of requests for another cluster, of which clients notice nothing.</summary>
public sealed class MirrorTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_mirror_gets_what_the_origin_gets(EngineChoice engine)
    {
        using var shadow = Origin.Answering(_ => Reply.Of("nobody reads this", 500));
        Run(engine, shadow.Address, new MirrorOptions(), scenario =>
        {
            using var client = scenario.Connect();
            client.Send(Reply.Get("/p/1?q", "X-A: b\r\n"));
            Assert.Equal("fine", client.ReadAnswer().Text);
            Wait.Until(() => shadow.Requests.Count == 1, "the copy");
            client.Send(Reply.Post("hello", "/p/2"));
            Assert.Equal("fine", client.ReadAnswer().Text);
            Wait.Until(() => shadow.Requests.Count == 2, "the copy of a body");
            client.Send("HEAD /p/3 HTTP/1.1\r\nHost: a\r\n\r\n");
            client.ReadAnswer(toHead: true);
            Wait.Until(() => shadow.Requests.Count == 3, "the copy of a HEAD");
        }, counters => Assert.Equal((3, 0), (counters.Mirrored, counters.MirrorsSkipped)));
        var (first, second) = (shadow.Requests.ElementAt(0), shadow.Requests.ElementAt(1));
        Assert.Equal(("/1?q", "b", "127.0.0.1"), (first.Target, first.Field("X-A"), first.Field("X-Forwarded-For")));
        Assert.Equal(("POST", "/2", "hello"), (second.Method, second.Target, second.Text));
        shadow.Check();
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_mirror_that_never_answers_is_not_noticed(EngineChoice engine)
    {
        using var shadow = new Origin(wire =>
        {
            wire.ReadRequest();
            Assert.False(wire.HasMore());
        });
        Run(engine, shadow.Address, new MirrorOptions { InFlight = 3 }, scenario =>
        {
            using var client = scenario.Connect();
            for (var i = 0; i < 50; i++)
            {
                client.Send(Reply.Get("/p/"));
                Assert.Equal("fine", client.ReadAnswer().Text);
            }
            Wait.Until(() => shadow.Accepts == 3, "the copies");
            // They do not keep the server from stopping either.
            scenario.StopAndCheck(graceSeconds: 1);
        }, counters => Assert.Equal((3, 47), (counters.Mirrored, counters.MirrorsSkipped)));
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_mirror_that_is_not_there_is_not_noticed(EngineChoice engine)
    {
        var shadow = new IPEndPoint(IPAddress.Loopback, Silence.UnusedPort());
        Run(engine, shadow, new MirrorOptions { Percent = 50 }, scenario =>
        {
            using var client = scenario.Connect();
            for (var i = 0; i < 10; i++)
            {
                client.Send(Reply.Get("/p/"));
                Assert.Equal("fine", client.ReadAnswer().Text);
            }
            Wait.Until(() => scenario.Counters.MirrorErrors == 5, "the errors");
            Assert.Equal(5, FailuresOfShadow(scenario));
        }, counters => Assert.Equal((5, 0), (counters.Mirrored, counters.MirrorsSkipped)));
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Bodies_that_would_have_to_be_waited_for_are_not_copied(EngineChoice engine)
    {
        using var shadow = Origin.Answering(_ => Reply.Of(""));
        Run(engine, shadow.Address, new MirrorOptions { Body = 10 }, scenario =>
        {
            using var client = scenario.Connect();
            client.Send("POST /p/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha");
            Wait.Until(() => scenario.Counters.MirrorsSkipped == 1, "a part of a body");
            client.Send("lf");
            Assert.Equal("fine", client.ReadAnswer().Text);
            client.Send(Reply.Post("eleven byte"));
            Assert.Equal("fine", client.ReadAnswer().Text);
            client.Send("POST /p/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
            Assert.Equal("fine", client.ReadAnswer().Text);
        }, counters => Assert.Equal((0, 3), (counters.Mirrored, counters.MirrorsSkipped)));
        Assert.Empty(shadow.Requests);
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_that_is_too_long_to_be_read_whole_is_no_failure(EngineChoice engine)
    {
        using var shadow = Origin.Answering(_ => Reply.Of(new string('x', 2 << 20)));
        Run(engine, shadow.Address, new MirrorOptions(), scenario =>
        {
            using var client = scenario.Connect();
            for (var i = 1; i <= 3; i++)
            {
                client.Send(Reply.Get("/p/"));
                Assert.Equal("fine", client.ReadAnswer().Text);
                Wait.Until(() => shadow.Requests.Count == i && ActiveAtShadow(scenario) == 0, "a copy's end");
            }
            Assert.Equal((0, 0), (FailuresOfShadow(scenario), scenario.Counters.MirrorErrors));
        }, counters => Assert.Equal((3, 0), (counters.Mirrored, counters.MirrorsSkipped)));
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_that_breaks_off_is_a_failure(EngineChoice engine)
    {
        using var shadow = new Origin(wire =>
        {
            wire.ReadRequest();
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi");
        });
        Run(engine, shadow.Address, new MirrorOptions(), scenario =>
        {
            using var client = scenario.Connect();
            client.Send(Reply.Get("/p/"));
            Assert.Equal("fine", client.ReadAnswer().Text);
            Wait.Until(() => scenario.Counters.MirrorErrors == 1, "the error");
            Assert.Equal(1, FailuresOfShadow(scenario));
        }, counters => Assert.Equal((1, 0), (counters.Mirrored, counters.MirrorsSkipped)));
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_mirror_that_wants_to_know_is_told_of_the_client(EngineChoice engine)
    {
        var headers = new ConcurrentQueue<string>();
        Origin shadow = null!;
        using var _ = shadow = new Origin(wire =>
        {
            headers.Enqueue(wire.ReadLine());
            shadow.Requests.Enqueue(wire.ReadRequest());
            wire.Send(Reply.Of("nobody reads this"));
        });
        Run(engine, shadow.Address, new MirrorOptions(), scenario =>
        {
            var clusters = new Dictionary<string, ClusterOptions>(scenario.Options.Clusters);
            clusters["shadow"] = clusters["shadow"] with { ProxyProtocol = ProxyProtocolVersion.V1 };
            scenario.Options = scenario.Options with { Clusters = clusters };
            using var client = scenario.Connect();
            for (var i = 1; i <= 2; i++)
            {
                client.Send(Reply.Post("hello", "/p/"));
                Assert.Equal("fine", client.ReadAnswer().Text);
                Wait.Until(() => shadow.Requests.Count == i, "the copy");
            }
            var header = $"PROXY TCP4 127.0.0.1 127.0.0.1 {client.Port} {scenario.Address.Port}";
            Assert.Equal([header, header], headers);
        }, counters => Assert.Equal((2, 0L), (counters.Mirrored, counters.MirrorErrors)));
        Assert.All(shadow.Requests, request => Assert.Equal("hello", request.Text));
    }

    private static long FailuresOfShadow(Scenario scenario) =>
        scenario.Ask(_ => scenario.Server.Destinations.Single(one => one.Cluster == "shadow").Failures);

    private static int ActiveAtShadow(Scenario scenario) =>
        scenario.Ask(_ => scenario.Server.Destinations.Single(one => one.Cluster == "shadow").Active);

    private static void Run(
        EngineChoice engine, IPEndPoint shadow, MirrorOptions mirror, Action<Scenario> body,
        Action<Telemetry.Counters> check) =>
        Scenario.Run(engine, scenario =>
        {
            scenario.AddOrigin(Reply.Of("fine"));
            scenario.Options = scenario.Options with
            {
                Clusters = new Dictionary<string, ClusterOptions>
                {
                    ["shadow"] = new() { Destinations = [$"http://{shadow}"] },
                },
            };
            scenario.Routes =
            [
                new()
                {
                    Cluster = "origins",
                    Mirror = mirror with { Cluster = "shadow" },
                    Rewrite = new RewriteOptions { StripPrefix = "/p" },
                },
            ];
            body(scenario);
            scenario.StopAndCheck();
            check(scenario.Counters);
        });
}
