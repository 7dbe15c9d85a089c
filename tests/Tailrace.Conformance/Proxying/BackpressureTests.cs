using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Who does not read is not read for: the memory of a stalled exchange is a few blocks.</summary>
public sealed class BackpressureTests
{
    private const int Total = 64 << 20;
    private const int BlocksMax = 6;

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_that_does_not_read_stops_its_origin(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        Wire origin = null!;
        scenario.AddOrigin(wire =>
        {
            origin = wire;
            wire.ReadRequest();
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {Total}\r\n\r\n");
            SendAll(wire);
        });
        using var client = scenario.Connect(windowBytes: 16 << 10);
        client.Send(Reply.Get());
        client.ReadHead();
        Assert.True(Wait.Standstill(() => origin.Sent) < Total, "all of it was swallowed");
        Assert.InRange(scenario.Ask(reactor => reactor.Buffers.Rented + reactor.Loop.UnseenHeld), 1, BlocksMax);
        ReadAll(client);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_origin_that_does_not_read_stops_its_client(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var go = new ManualResetEventSlim();
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            go.Wait(30_000);
            ReadAll(wire);
            wire.Send(Reply.Of("got it"));
        });
        using var client = scenario.Connect();
        client.Send($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {Total}\r\n\r\n");
        var sender = new Thread(() => SendAll(client));
        sender.Start();
        Assert.True(Wait.Standstill(() => client.Sent) < Total, "all of it was swallowed");
        Assert.InRange(scenario.Ask(reactor => reactor.Buffers.Rented + reactor.Loop.UnseenHeld), 1, BlocksMax);
        go.Set();
        sender.Join();
        Assert.Equal("got it", client.ReadAnswer().Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_handler_waits_for_its_client(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        const int pieces = 1 << 12;
        long written = 0;
        scenario.Map = server => server.Map("/", async exchange =>
        {
            exchange.Begin(200, pieces * 16L * 1024);
            var piece = new byte[16 * 1024];
            for (var i = 0; i < pieces; i++)
            {
                if ((await exchange.WriteAsync(piece)).IsError) return;
                Volatile.Write(ref written, i + 1);
            }
            exchange.End();
        });
        using var client = scenario.Connect(windowBytes: 16 << 10);
        client.Send(Reply.Get());
        client.ReadHead();
        Assert.True(Wait.Standstill(() => Volatile.Read(ref written)) < pieces, "all of it was swallowed");
        Assert.InRange(scenario.Ask(reactor => reactor.Buffers.Rented + reactor.Loop.UnseenHeld), 1, BlocksMax);
        client.ReadExactly(pieces * 16L * 1024);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Idle_clients_and_origins_hold_no_block(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { DeferAccept = false };
        scenario.AddOrigin(Reply.Of("x"));
        for (var i = 0; i < 20; i++)
        {
            var client = scenario.Connect();
            if (i % 2 == 0) continue;
            client.Send(Reply.Get());
            client.ReadAnswer();
        }
        Wait.Until(() => scenario.Counters is { Active: 20, UpstreamIdle: 1 }, "not all are connected");
        Wait.Until(() => scenario.Ask(reactor => reactor.Buffers.Rented) == 0, "an idle connection holds a block");
    });

    private static void SendAll(Wire wire)
    {
        var piece = new byte[1 << 20];
        for (var i = 0; i < Total / piece.Length; i++)
        {
            piece.AsSpan().Fill((byte)i);
            wire.Send(piece);
        }
    }

    private static void ReadAll(Wire wire)
    {
        for (var i = 0; i < Total / (1 << 20); i++)
            Assert.Equal(-1, wire.ReadExactly(1 << 20).AsSpan().IndexOfAnyExcept((byte)i));
    }
}
