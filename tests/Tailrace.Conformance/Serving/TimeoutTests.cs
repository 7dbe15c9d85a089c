using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>How long a client may take over each part of an exchange.</summary>
public sealed class TimeoutTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(100);

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_head_that_never_ends(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { Timeouts = new ListenerTimeouts { Head = s_short } };
        scenario.AddOrigin(Reply.Of("x"));
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Assert.Equal(200, client.ReadAnswer().Status);
        client.Send("GET / HT");
        var answer = client.ReadAnswer();
        Assert.Equal(408, answer.Status);
        Assert.True(answer.IsLast);
        client.ExpectEnd();
        Assert.Equal(1, scenario.Counters.DownstreamTimeouts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_head_that_drips(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { Timeouts = new ListenerTimeouts { Head = s_short } };
        using var client = scenario.Connect();
        // Each byte is progress, and still the head as a whole has its time.
        client.Send("GET /");
        var dripper = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    client.Send("a");
                    Thread.Sleep(5);
                }
            }
            catch (IOException)
            {
                // The server has had enough.
            }
        });
        dripper.Start();
        Assert.Equal(408, client.ReadAnswer().Status);
        client.Dispose();
        dripper.Join();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void No_byte_at_all(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with
        {
            Timeouts = new ListenerTimeouts { Head = s_short },
            DeferAccept = false,
        };
        using var client = scenario.Connect();
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_body_that_stops(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { Timeouts = new ListenerTimeouts { Body = s_short } };
        var origin = scenario.AddOrigin(Reply.Of("never"));
        using var client = scenario.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
        Assert.Equal(408, client.ReadAnswer().Status);
        client.EndSending();
        client.ExpectEnd();
        Assert.Empty(origin.Requests);
        Assert.Equal(1, scenario.Counters.DownstreamTimeouts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_body_that_stops_under_our_own_handler(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { Timeouts = new ListenerTimeouts { Body = s_short } };
        scenario.Map = server => server.Map("/", async exchange =>
        {
            var buffer = new byte[16];
            while (await exchange.ReadAsync(buffer) is { IsError: false, Bytes: > 0 })
            {
            }
            if (!exchange.IsAborted) await exchange.Respond(200, "whole");
        });
        using var client = scenario.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
        Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_pause_between_requests(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { Timeouts = new ListenerTimeouts { KeepAlive = s_short } };
        scenario.AddOrigin(Reply.Of("x"));
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Assert.Equal("x", client.ReadAnswer().Text);
        client.ExpectEnd();
        Assert.Equal(0, scenario.Counters.DownstreamTimeouts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_that_is_not_read(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { Timeouts = new ListenerTimeouts { Write = s_short } };
        scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {64 << 20}\r\n\r\n");
            wire.Send(new byte[64 << 20]);
        });
        using var client = scenario.Connect(windowBytes: 16 << 10);
        client.Send(Reply.Get());
        Wait.Until(() => scenario.Counters.DownstreamAborts == 1, "the server waits on");
        Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_request_that_the_origin_does_not_read(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var timeouts = new ClusterTimeouts { Idle = s_short, FirstByte = s_short };
        scenario.Cluster = scenario.Cluster with { Timeouts = timeouts };
        using var done = new ManualResetEventSlim();
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            done.Wait(30_000);
        });
        using var client = scenario.Connect();
        client.Send($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {64 << 20}\r\n\r\n");
        // The server may still read all of it before it closes, and drop it.
        var sender = new Thread(() => Record.Exception(() => client.Send(new byte[64 << 20])));
        sender.Start();
        Assert.Equal(504, client.ReadAnswer().Status);
        client.Dispose();
        sender.Join();
        done.Set();
    });
}
