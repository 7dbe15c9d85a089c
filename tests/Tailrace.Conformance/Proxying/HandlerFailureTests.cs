using Tailrace.Config;
using Tailrace.Conformance.Support;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;

namespace Tailrace.Conformance.Proxying;

/// <summary>An exception in the middle of a forwarded exchange: nothing is left behind, and nothing is confused.</summary>
public sealed class HandlerFailureTests
{
    private const string Last = "Connection: close\r\n";

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_that_has_begun_is_cut(EngineChoice engine) => Run(engine, scenario =>
    {
        using var client = scenario.Connect();
        client.Send("POST /forward HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin");
        Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
    }, new RequestEdits());

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_rest_of_a_body_is_no_request(EngineChoice engine) => Run(engine, scenario =>
    {
        using var client = scenario.Connect();
        client.Send("POST /forward HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nbegin");
        Assert.Equal(500, client.ReadAnswer().Status);
        client.Send(new string('x', 50_000 - 5) + Reply.Get("/ours"));
        Assert.Equal("ours", client.ReadAnswer().Text);
    }, edits: null);

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_waits_for_an_answer_and_is_not_awaited_ends_with_a_reset(EngineChoice engine)
    {
        RunLeft(engine, isRaised: false, new ClusterSettings { Name = "c" });
        RunLeft(engine, isRaised: true, new ClusterSettings { Name = "c" });
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_waits_for_a_connection_and_is_not_awaited_ends_with_a_reset(EngineChoice engine)
    {
        var settings = new ClusterSettings
        {
            Name = "c",
            ClusterConnectionsMax = 1,
            QueueLengthMax = 8,
            QueueTimeoutMs = 60_000,
        };
        RunLeft(engine, isRaised: false, settings, isBusy: true);
        RunLeft(engine, isRaised: true, settings, isBusy: true);
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_relays_an_answer_and_is_not_awaited_ends_with_a_reset(EngineChoice engine) =>
        RunLeft(engine, isRaised: true, new ClusterSettings { Name = "c" }, isBegun: true);

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_request_is_forwarded_once_at_a_time(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var origin = Origin.Answering(_ => Reply.Of("fine", fields: Last));
        ForwardHandler? forward = null;
        scenario.HandlerFailures = 1;
        scenario.Map = server => server.MapPrefix("/", async exchange =>
        {
            forward ??= new ForwardHandler(BuildCluster(exchange, origin), new RequestEdits(), new ResponseEdits());
            var forwarding = forward.HandleAsync(exchange);
            if (exchange.Path.SequenceEqual("/twice"u8)) await forward.HandleAsync(exchange);
            await forwarding;
        });
        using (var client = scenario.Connect())
        {
            client.Send(Reply.Get("/twice"));
            Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
        }
        scenario.WaitForLog("forwarded already");
        using var next = scenario.Connect();
        next.Send(Reply.Get("/once"));
        Assert.Equal("fine", next.ReadAnswer().Text);
        scenario.StopAndCheck();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_trial_that_fails_before_it_is_sent_is_over(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var origin = new Origin(wire =>
        {
            for (var isLast = false; !isLast && wire.HasMore();)
            {
                isLast = wire.ReadRequest().Field("X-Last") is not null;
                wire.Send(Reply.Of("fine", fields: isLast ? "Connection: close\r\n" : ""));
            }
        });
        Cluster? cluster = null;
        ForwardHandler? good = null, bad = null, other = null;
        scenario.HandlerFailures = 1;
        scenario.Map = server => server
            .Map("/good", exchange => good!.HandleAsync(exchange))
            .Map("/bad", exchange => bad!.HandleAsync(exchange))
            .Map("/other", exchange => other!.HandleAsync(exchange))
            .Map("/build", exchange =>
            {
                var breaker = new BreakerSettings { Failures = 1, TimeMs = 1, Trials = 1 };
                cluster = BuildCluster(exchange, origin, new ClusterSettings { Name = "c", Breaker = breaker });
                good = new ForwardHandler(cluster, new RequestEdits(), new ResponseEdits());
                bad = new ForwardHandler(cluster, null!, new ResponseEdits());
                other = new ForwardHandler(BuildCluster(exchange, origin), new RequestEdits(), new ResponseEdits());
                return exchange.Respond(200, "built");
            })
            .Map("/open", exchange =>
            {
                cluster!.Breaker!.Record(isFailure: true, exchange.Reactor.Loop.Now);
                return exchange.Respond(200, "open");
            });
        using var client = scenario.Connect();
        Assert.Equal("built", Ask("/build"));
        Assert.Equal("fine", Ask("/good"));
        Assert.Equal("open", Ask("/open"));
        Thread.Sleep(20);
        Assert.StartsWith("500 ", Ask("/bad"));
        Assert.Equal("fine", Ask("/other", "X-Last: 1\r\n"));
        Assert.Equal("fine", Ask("/good", "X-Last: 1\r\n"));
        scenario.WaitForLog("a handler failed");
        scenario.StopAndCheck();

        string Ask(string path, string fields = "")
        {
            client.Send(Reply.Get(path, fields));
            return client.ReadAnswer().Text;
        }
    });

    /// <summary>
    /// One request is forwarded by a handler that does not wait for it, and fails or returns; another goes on as ever.
    /// </summary>
    private static void RunLeft(
        EngineChoice engine, bool isRaised, ClusterSettings settings, bool isBusy = false, bool isBegun = false) =>
        Scenario.Run(engine, scenario =>
        {
            using var isLeft = new ManualResetEventSlim();
            using var origin = new Origin(wire =>
            {
                while (wire.HasMore())
                {
                    var target = wire.ReadRequest().Target;
                    if (target == "/left") wire.Send(isBegun ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nleft" : "");
                    else if (isLeft.Wait(TimeSpan.FromSeconds(30))) wire.Send(Reply.Of(target, fields: Last));
                }
            });
            ForwardHandler? forward = null;
            scenario.HandlerFailures = 1;
            scenario.Map = server => server.MapPrefix("/", async exchange =>
            {
                forward ??= new ForwardHandler(
                    BuildCluster(exchange, origin, settings), new RequestEdits(), new ResponseEdits());
                var forwarding = forward.HandleAsync(exchange);
                if (!exchange.Path.SequenceEqual("/left"u8))
                {
                    await forwarding;
                    return;
                }
                while (isBegun && !exchange.HasBegun) await Task.Delay(1);
                if (isRaised) throw new InvalidOperationException("meant");
            });
            using var other = scenario.Connect();
            if (isBusy)
            {
                other.Send(Reply.Get("/other"));
                Wait.Until(() => origin.Accepts == 1, "nothing was forwarded");
            }
            using (var client = scenario.Connect())
            {
                client.Send(Reply.Get("/left"));
                Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
            }
            scenario.WaitForLog("a handler failed");
            isLeft.Set();
            if (!isBusy) other.Send(Reply.Get("/other"));
            Assert.Equal("/other", other.ReadAnswer().Text);
            scenario.StopAndCheck();
        });

    // Without edits no head can be written; with them it fails when it tells of an answer that was cut short.
    private static void Run(EngineChoice engine, Action<Scenario> body, RequestEdits? edits) => Scenario.Run(engine, scenario =>
    {
        using var origin = new Origin(wire =>
        {
            if (!wire.HasMore()) return;
            wire.ReadHead();
            wire.ReadExactly(5);
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut");
            wire.EndSending();
            wire.ReadToEnd();
        });
        ForwardHandler? forward = null;
        scenario.HandlerFailures = 1;
        scenario.Map = server => server
            .Map("/forward", exchange => (forward ??= Build(exchange, origin, edits)).HandleAsync(exchange))
            .Map("/ours", exchange => exchange.Respond(200, "ours"));
        body(scenario);
        scenario.WaitForLog("a handler failed");
        scenario.StopAndCheck();
        origin.Check();
    });

    private static ForwardHandler Build(Exchange exchange, Origin origin, RequestEdits? edits)
    {
        var cluster = BuildCluster(exchange, origin);
        cluster.Failed = (_, reason) => throw new InvalidOperationException(reason);
        return new ForwardHandler(cluster, edits!, new ResponseEdits());
    }

    private static Cluster BuildCluster(Exchange exchange, Origin origin, ClusterSettings? settings = null)
    {
        var destination = new Destination("origin", 1, [origin.Address.Serialize()]);
        return new Cluster(exchange.Reactor, settings ?? new ClusterSettings { Name = "c" }, [destination]);
    }
}
