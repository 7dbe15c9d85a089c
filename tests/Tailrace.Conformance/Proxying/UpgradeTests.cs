using System.Text;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Changes of protocol: what is carried then, until when, and what is not carried.</summary>
public sealed class UpgradeTests
{
    private const string Asked = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    private const string Granted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Bytes_go_both_ways(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            Assert.Equal("websocket", wire.ReadHead().Field("Upgrade"));
            wire.Send(Granted + "hello");
            Echo(wire, 1_000_000);
        });
        using var client = scenario.Connect();
        client.Send(Asked + "early");
        var head = client.ReadHead();
        Assert.Equal((101, "Upgrade", "websocket"), (head.Status, head.Field("Connection"), head.Field("Upgrade")));
        Assert.Equal("hello", Encoding.ASCII.GetString(client.ReadExactly(5)));
        var payload = Payload.Of(1_000_000 - 5);
        var sending = new Thread(() => client.Send(payload));
        sending.Start();
        var echoed = client.ReadExactly(1_000_000);
        sending.Join();
        Assert.Equal("early", Encoding.ASCII.GetString(echoed, 0, 5));
        Assert.True(echoed.AsSpan(5).SequenceEqual(payload));
        client.EndSending();
        client.ExpectEnd();
        scenario.WaitUntilIdle();
        Assert.Equal((1, 0), (scenario.Counters.Answered2xx, scenario.Counters.Tunnels));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_direction_may_end_before_the_other(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            wire.Send(Granted);
            Assert.Equal("all of it", Encoding.ASCII.GetString(wire.ReadToEnd()));
            wire.Send("the answer");
        });
        using var client = scenario.Connect();
        client.Send(Asked);
        client.ReadHead();
        client.Send("all of it");
        client.EndSending();
        Assert.Equal("the answer", Encoding.ASCII.GetString(client.ReadToEnd()));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_tunnel_has_its_place_among_the_cluster_s_requests_until_it_ends(EngineChoice engine) =>
        Scenario.Run(engine, scenario =>
        {
            scenario.Cluster = new ClusterOptions { Limits = new ClusterLimits { Requests = 1, Connections = 1 } };
            scenario.AddOrigin(wire =>
            {
                wire.ReadHead();
                wire.Send(Granted);
                wire.ReadToEnd();
            });
            for (var round = 0; round < 3; round++)
            {
                using var client = scenario.Connect();
                client.Send(Asked);
                Assert.Equal(101, client.ReadHead().Status);
                Assert.Equal(503, scenario.Exchange(Asked).Status);
                client.EndSending();
                client.ExpectEnd();
                scenario.WaitUntilIdle();
            }
        });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_without_a_switch_is_an_answer(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(request => Reply.Of(request.Target, request.Field("Upgrade") is null ? 200 : 400));
        using var client = scenario.Connect();
        client.Send(Asked + Reply.Get("/next"));
        var refused = client.ReadAnswer();
        Assert.Equal((400, "/ws"), (refused.Status, refused.Text));
        Assert.Equal("/next", client.ReadAnswer().Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_switch_that_nobody_asked_for_is_no_answer(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            wire.Send(Granted);
            wire.ReadToEnd();
        });
        Assert.Equal(502, scenario.Exchange(Reply.Get()).Status);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_log_knows_whose_it_was_also_when_the_client_is_gone_before_its_bytes(EngineChoice engine)
    {
        using var end = new ManualResetEventSlim();
        Scenario.Run(engine, scenario =>
        {
            scenario.LogLevel = LogLevel.Debug;
            // More than the window of who does not read.
            const int total = 300_000;
            scenario.AddOrigin(wire =>
            {
                wire.ReadHead();
                wire.Send(Granted);
                end.Wait(TestContext.Current.CancellationToken);
            });
            using var client = scenario.Connect();
            client.Send(Asked);
            client.ReadHead();
            client.Send(Payload.Of(total));
            Wait.Until(() => scenario.Counters.BytesReceived >= total, "the bytes are not delivered");
            client.Reset();
            scenario.WaitForLog("connection closed client=");
            end.Set();
            scenario.WaitForLog("connection closed client=127.0.0.1:");
        });
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Silence_ends_it(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var timeouts = new ListenerTimeouts { TunnelIdle = TimeSpan.FromMilliseconds(200) };
        scenario.Listener = scenario.Listener with { Timeouts = timeouts };
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            wire.Send(Granted);
            Assert.Empty(wire.ReadToEnd());
        });
        using var client = scenario.Connect();
        client.Send(Asked);
        client.ReadHead();
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_stop_waits_for_it(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            wire.Send(Granted);
            Echo(wire, 4);
        });
        var match = new MatchOptions { Path = "/fixed" };
        scenario.Routes = [new() { Match = match, Respond = new RespondOptions() }, .. scenario.Routes];
        var (client, idle) = (scenario.Connect(), scenario.Connect());
        client.Send(Asked);
        client.ReadHead();
        idle.Send(Reply.Get("/fixed"));
        idle.ReadAnswer();
        var stopping = new Thread(() => scenario.StopAndCheck());
        stopping.Start();
        idle.ExpectEnd();
        client.Send("ping");
        Assert.Equal("ping", Encoding.ASCII.GetString(client.ReadExactly(4)));
        client.EndSending();
        client.ExpectEnd();
        stopping.Join();
        Assert.Empty(scenario.Log.With("did not end in time"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_stop_does_not_wait_for_ever(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            wire.Send(Granted);
            wire.ReadToEnd();
        });
        using var client = scenario.Connect();
        client.Send(Asked);
        client.ReadHead();
        scenario.StopAndCheck(graceSeconds: 0);
        Assert.ThrowsAny<IOException>(client.ReadToEnd);
        scenario.WaitForLog("closing connections that did not end in time");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Idle_ones_hold_no_buffer(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            wire.Send(Granted);
            wire.ReadToEnd();
        });
        for (var i = 0; i < 20; i++)
        {
            var client = scenario.Connect();
            client.Send(Asked);
            client.ReadHead();
        }
        Wait.Until(() => scenario.Ask(reactor => reactor.Buffers.Rented) == 0, "blocks are out");
        Assert.Equal(20, scenario.Counters.Tunnels);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_access_log_has_one_line_at_the_end(EngineChoice engine)
    {
        var path = Path.GetTempFileName();
        Scenario.Run(engine, scenario =>
        {
            var log = new AccessLogOptions { Format = AccessLogFormat.Json, Path = path };
            scenario.Options = scenario.Options with { AccessLog = log };
            scenario.AddOrigin(wire =>
            {
                wire.ReadHead();
                wire.Send(Granted);
                Echo(wire, 10);
            });
            using var client = scenario.Connect();
            client.Send(Asked);
            client.ReadHead();
            client.Send("0123456789");
            client.ReadExactly(10);
            client.EndSending();
            client.ExpectEnd();
        });
        var line = Assert.Single(File.ReadAllLines(path));
        Assert.Contains("\"/ws\"", line, StringComparison.Ordinal);
        Assert.Contains("101", line, StringComparison.Ordinal);
        Assert.Contains($"{Asked.Length + 10}", line, StringComparison.Ordinal);
        File.Delete(path);
    }

    private static void Echo(Wire wire, int count)
    {
        for (var left = count; left > 0;)
        {
            var piece = wire.ReadExactly(Math.Min(left, 1000));
            wire.Send(piece);
            left -= piece.Length;
        }
        Assert.Empty(wire.ReadToEnd());
    }
}
