using System.Net.Sockets;
using System.Text;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>Clients that disappear: at any byte of their request, and at any time of the answer.</summary>
public sealed class DisconnectTests
{
    public static TheoryData<EngineChoice, string> Requests =>
        [.. from engine in Scenario.Loops
            from request in new[]
            {
                Reply.Get("/path", "Accept: */*\r\n"),
                Reply.Post("hello"),
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n",
            }
            select (engine, request)];

    [Theory, MemberData(nameof(Requests))]
    public void At_any_byte_of_the_request(EngineChoice engine, string request) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(message => Reply.Of(message.Text));
        for (var length = 0; length < request.Length; length++)
        {
            foreach (var isReset in new[] { false, true })
            {
                using var client = Wire.Connect(scenario.Address);
                client.Send(request[..length]);
                if (isReset) client.Reset();
            }
        }
        // The server still serves, and took no part of a request for a whole one.
        Assert.Equal(200, scenario.Exchange(request).Status);
        scenario.WaitUntilIdle();
        Assert.Single(origin.Requests);
    });

    [Theory, MemberData(nameof(Requests))]
    public void At_any_byte_of_the_body(EngineChoice engine, string request) => Scenario.Run(engine, scenario =>
    {
        var head = request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        var origin = scenario.AddOrigin(message => Reply.Of(message.Text));
        for (var length = head; length < request.Length; length++)
        {
            using var client = Wire.Connect(scenario.Address);
            client.Send(request[..length]);
            Wait.Until(() => scenario.Counters.UpstreamConnects == length - head + 1, "the request has not begun");
            if (length % 2 == 0) client.Reset();
        }
        Assert.Equal(200, scenario.Exchange(request).Status);
        scenario.WaitUntilIdle();
        Assert.Single(origin.Requests);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Before_the_first_byte(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { DeferAccept = false };
        scenario.AddOrigin(Reply.Of("x"));
        for (var i = 0; i < 20; i++)
        {
            using var client = Wire.Connect(scenario.Address);
            if (i % 2 == 0) client.Reset();
        }
        Assert.Equal("x", scenario.Exchange(Reply.Get()).Text);
        scenario.WaitUntilIdle();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void While_the_origin_thinks(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var asked = new ManualResetEventSlim();
        using var gone = new ManualResetEventSlim();
        scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            asked.Set();
            try
            {
                // An end, or a reset where the proxy has not heard yet that the request has gone.
                Assert.False(wire.HasMore());
            }
            finally
            {
                gone.Set();
            }
        });
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Assert.True(asked.Wait(30_000), "the request has not arrived");
        client.Reset();
        // The origin is told that nobody waits any more.
        Assert.True(gone.Wait(30_000));
        scenario.WaitUntilIdle();
        Assert.Equal(1, scenario.Counters.DownstreamAborts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void While_the_origin_thinks_about_a_large_body(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        const int length = 32 << 20;
        using var received = new ManualResetEventSlim();
        using var gone = new ManualResetEventSlim();
        Wire? sender = null;
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            // From here on more is there than it takes at a time, whoever gets the processor.
            Wait.Until(() => Volatile.Read(ref sender)!.Sent > 1 << 20, "the body does not begin");
            Wait.Standstill(() => sender!.Sent);
            wire.ReadExactly(length);
            received.Set();
            try
            {
                // An end, or a reset where the proxy has not heard yet that its last bytes have gone.
                Assert.False(wire.HasMore());
            }
            finally
            {
                gone.Set();
            }
        });
        using var client = scenario.Connect();
        Volatile.Write(ref sender, client);
        client.Send($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        var piece = new byte[1 << 20];
        for (var i = 0; i < length / piece.Length; i++) client.Send(piece);
        Assert.True(received.Wait(30_000), "the body has not arrived");
        // Where the system can, some of it went by without having been here: how much is the scheduler's choice.
        if (engine != EngineChoice.Portable) Assert.InRange(scenario.Counters.BytesSpliced, 1 << 16, length);
        client.Reset();
        Assert.True(gone.Wait(30_000), "the origin is not told");
        scenario.WaitUntilIdle();
        Assert.Equal(1, scenario.Counters.DownstreamAborts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void While_the_connect_is_under_way(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var timeouts = new ClusterTimeouts { Connect = TimeSpan.FromMinutes(10) };
        scenario.Cluster = scenario.Cluster with { Timeouts = timeouts };
        using var silent = new FullListener();
        scenario.AddDestination($"http://{silent.Address}");
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Wait.Until(() => scenario.Counters.Requests == 1, "the request has not arrived");
        client.Reset();
        scenario.WaitUntilIdle();
        Assert.Equal(1, scenario.Counters.DownstreamAborts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void While_its_upload_stands_still(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var gone = new ManualResetEventSlim();
        AddOriginThatStalls(scenario, gone);
        using var client = FullListener.Open();
        client.Connect(scenario.Address);
        client.Blocking = false;
        SendUntilStandstill(client, client.Send(Encoding.ASCII.GetBytes(HeadOf(Endless))));
        Leave(scenario, client, gone);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void While_its_upload_stands_still_that_began_in_bulk(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        // So much comes at once that it is the others' turn before the relay has waited for anything.
        scenario.Options = scenario.Options with { Buffers = new BufferOptions { Pipes = 0, Socket = 4 << 20 } };
        scenario.Routes = [new RouteOptions { Match = new MatchOptions { Path = "/short" }, Respond = new RespondOptions() }, .. scenario.Routes];
        using var gone = new ManualResetEventSlim();
        AddOriginThatStalls(scenario, gone);
        using var client = FullListener.Open();
        client.Connect(scenario.Address);
        client.Blocking = false;
        // Nor has what came before it, of which the last piece is a full one, left anything that hears of a reset.
        var whole = new byte[1 << 16];
        Encoding.ASCII.GetBytes(HeadOf(whole.Length - HeadOf(60_000, "/short").Length, "/short"), whole);
        SendWhileBusy(scenario, () => Assert.Equal(whole.Length, client.Send(whole)));
        Assert.True(client.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead), "the first is not answered");
        client.Receive(new byte[4096]);
        SendWhileBusy(scenario, () => SendUntilStandstill(client, client.Send(Encoding.ASCII.GetBytes(HeadOf(Endless)))));
        SendUntilStandstill(client, 0);
        Leave(scenario, client, gone);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void While_the_queue_of_a_Unix_socket_is_full(EngineChoice engine)
    {
        using var full = new FullUnixListener();
        Scenario.Run(engine, scenario =>
        {
            scenario.AddDestination(full.Address);
            // One that is not heard to leave in time, for whatever reason, is answered that the queue is full.
            for (var tries = 1; ; tries++)
            {
                var late = scenario.Counters.UpstreamConnectErrors;
                using var client = scenario.Connect();
                client.Send(Reply.Get());
                Wait.Until(() => scenario.Counters.Requests == tries, "the request has not arrived");
                client.Reset();
                scenario.WaitUntilIdle();
                if (scenario.Counters.UpstreamConnectErrors == late) break;
                Assert.True(tries < 10, "it is tried on for a client that has left");
            }
            Assert.NotEqual(0, scenario.Counters.DownstreamAborts);
            var destination = Assert.Single(scenario.Server.Destinations);
            Assert.Equal((0, 0), (destination.Active, destination.Failures));
        });
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void While_the_answer_streams(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var piece = new byte[64 << 10];
        scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            wire.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (true) wire.SendChunk(piece);
        });
        foreach (var length in new[] { 0, 1, 100, 5_000, 70_000, 3_000_000 })
        {
            foreach (var isReset in new[] { false, true })
            {
                using var client = Wire.Connect(scenario.Address);
                client.Send(Reply.Get());
                client.ReadHead();
                client.ReadExactly(length);
                if (isReset) client.Reset();
            }
        }
        scenario.WaitUntilIdle();
        Wait.Until(() => scenario.Ask(reactor => reactor.Buffers.Rented) == 0, "blocks are out");
        Assert.Equal(12, scenario.Counters.DownstreamAborts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void While_our_own_handler_answers(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Map = server => server.Map("/", async exchange =>
        {
            exchange.Begin(200);
            var piece = new byte[16 << 10];
            while (!(await exchange.WriteAsync(piece)).IsError)
            {
            }
        });
        foreach (var isReset in new[] { false, true })
        {
            using var client = Wire.Connect(scenario.Address);
            client.Send(Reply.Get());
            client.ReadExactly(100_000);
            if (isReset) client.Reset();
        }
        scenario.WaitUntilIdle();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_ended_sending_has_not_gone(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var go = new ManualResetEventSlim();
        var origin = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("late");
        });
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        client.EndSending();
        Wait.Until(() => origin.Requests.Count == 1, "the request has not arrived");
        go.Set();
        Assert.Equal("late", client.ReadAnswer().Text);
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Many_at_once_with_many_origins(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 2 };
        scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                wire.ReadRequest();
                wire.Send(Reply.Of(new string('x', 3000)));
            }
        });
        var address = scenario.Address;
        Crowd.Run(8, index =>
        {
            for (var i = 0; i < 40; i++)
            {
                using var client = Wire.Connect(address);
                client.Send(Reply.Get() + Reply.Post("abc"));
                if ((i + index) % 3 == 0) continue;
                Assert.Equal(3000, client.ReadAnswer().Body.Length);
                if ((i + index) % 3 == 1) client.Reset();
            }
        });
        scenario.WaitUntilIdle();
    });

    private const int Endless = 1 << 30;

    private static string HeadOf(int length, string path = "/") => $"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n";

    /// <summary>An origin that takes the head of an endless request, and no more until its client has left.</summary>
    private static void AddOriginThatStalls(Scenario scenario, ManualResetEventSlim gone)
    {
        var never = TimeSpan.FromMinutes(10);
        scenario.Listener = scenario.Listener with { Timeouts = new ListenerTimeouts { Body = never } };
        scenario.Cluster = scenario.Cluster with { Timeouts = new ClusterTimeouts { Idle = never, FirstByte = never } };
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            Assert.True(gone.Wait(60_000), "its client does not leave");
            Assert.ThrowsAny<IOException>(() => wire.ReadExactly(Endless));
        });
    }

    /// <summary>Sends while the worker does something else: all of it is there when that is over.</summary>
    private static void SendWhileBusy(Scenario scenario, Action send)
    {
        using var sent = new ManualResetEventSlim();
        scenario.Server.Workers[0].Reactor.Loop.Post(() => sent.Wait(10_000));
        send();
        sent.Set();
        scenario.Ask(_ => true);
    }

    private static void SendUntilStandstill(Socket client, long sent)
    {
        var piece = new byte[64 << 10];
        Wait.Standstill(() => sent += Math.Max(0, client.Send(piece, SocketFlags.None, out _)));
    }

    /// <summary>Resets a client that has sent what there is room for, and waits until the worker has heard.</summary>
    private static void Leave(Scenario scenario, Socket client, ManualResetEventSlim gone)
    {
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
        scenario.WaitUntilIdle();
        gone.Set();
        Assert.Equal(1, scenario.Counters.DownstreamAborts);
        Assert.Equal(0, Assert.Single(scenario.Server.Destinations).Active);
    }
}
