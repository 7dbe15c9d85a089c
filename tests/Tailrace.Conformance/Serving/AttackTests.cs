using System.Diagnostics;
using System.Text;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>Clients that mean harm: they get the right status or nothing, cost little, and others do not notice.</summary>
public sealed class AttackTests
{
    private const string Chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

    private static readonly RouteOptions s_fixed = new() { Respond = new RespondOptions { Body = "x" } };

    public static TheoryData<EngineChoice, string, string, int> Bombs
    {
        get
        {
            var bombs = new (string Begin, string Again, int Status)[]
            {
                ("GET / HTTP/1.1\r\nHost: a\r\n", "X: y\r\n", 431),
                ("GET / HTTP/1.1\r\nHost: a\r\nX: ", "yyyyyyyyyyyyyyyy", 431),
                ("GET /", "aaaaaaaaaaaaaaaa", 414),
                ("GET /?", "a&b=%00;+++?????", 414),
                ("", "METHODMETHOD", 501),
                ("", "\r\n", 400),
                ("GET / HTTP/1.1\r\nHost: a\r\nCookie: ", "a=b; ", 431),
                (Chunked, "0", 400),
                (Chunked + "1;", "a=b;", 400),
                (Chunked + "1;a=\"", "\\\"", 400),
                (Chunked + "0\r\n", "X: y\r\n", 431),
                (Chunked + "0\r\nX: ", "yyyyyyyy", 431),
                (Chunked + "5\r\nhello\r\n0\r\n", "X-Sum: 1\r\n", 431),
                (Chunked, "1;aaaaaaaaaaaaaaaa=bbbbbbbbbbbbbbbb\r\nx\r\n", 400),
            };
            var data = new TheoryData<EngineChoice, string, string, int>();
            foreach (var (begin, again, status) in bombs)
            {
                data.Add(EngineChoice.Epoll, begin, again, status);
                data.Add(EngineChoice.IoUring, begin, again, status);
                data.Add(EngineChoice.Portable, begin, again, status);
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(Bombs))]
    public void What_never_ends_is_ended(EngineChoice engine, string begin, string again, int status) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire => wire.ReadToEnd());
        using var honest = scenario.Connect();
        Crowd.Run(4, _ =>
        {
            using var client = Wire.Connect(scenario.Address);
            client.Send(begin);
            var piece = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(again, 2000)));
            var sender = new Thread(() =>
            {
                try
                {
                    for (var i = 0; i < 50; i++) client.Send(piece);
                }
                catch (IOException)
                {
                    // The server has had enough.
                }
            });
            sender.Start();
            var answer = client.ReadAnswer();
            Assert.Equal(status, answer.Status);
            Assert.True(answer.IsLast);
            client.Dispose();
            sender.Join();
        });
        honest.Send("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(405, honest.ReadAnswer().Status);
        honest.EndSending();
        honest.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_body_in_chunks_of_one_byte(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        const int count = 200_000;
        scenario.AddOrigin(request => Reply.Of($"{request.Body.Length} {request.Body.Distinct().Count()}"));
        using var client = scenario.Connect();
        client.Send(Chunked);
        var piece = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("1\r\nx\r\n", 1000)));
        for (var i = 0; i < count / 1000; i++) client.Send(piece);
        client.Send("0\r\n\r\n");
        Assert.Equal($"{count} 1", client.ReadAnswer().Text);
        Assert.InRange(PeakOf(scenario), 0, 4);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_hundred_thousand_requests_at_once(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        const int count = 100_000;
        scenario.Routes = [s_fixed];
        using var client = scenario.Connect();
        var piece = string.Concat(Enumerable.Repeat(Reply.Get(), 1000));
        var sender = new Thread(() => Repeat(count / 1000, () => client.Send(piece)));
        sender.Start();
        for (var i = 0; i < count; i++) Assert.Equal("x", client.ReadAnswer().Text);
        sender.Join();
        Assert.Equal(count, scenario.Counters.Answered2xx);
        Assert.InRange(PeakOf(scenario), 0, 2);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Ten_thousand_requests_at_once_for_an_origin(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        const int count = 10_000;
        var origin = scenario.AddOrigin(Reply.Of("x"));
        using var client = scenario.Connect();
        var piece = string.Concat(Enumerable.Repeat(Reply.Get(), 1000));
        var sender = new Thread(() => Repeat(count / 1000, () => client.Send(piece)));
        sender.Start();
        for (var i = 0; i < count; i++) Assert.Equal("x", client.ReadAnswer().Text);
        sender.Join();
        Assert.Equal((1, count), (origin.Accepts, origin.Requests.Count));
        Assert.InRange(PeakOf(scenario), 0, 4);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Requests_whose_answers_nobody_reads(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Routes = [s_fixed];
        scenario.Listener = scenario.Listener with { Timeouts = new ListenerTimeouts { Write = TimeSpan.FromSeconds(1) } };
        using var client = scenario.Connect(windowBytes: 4096);
        var requests = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Reply.Get(), 1000)));
        // Not reading is answered by not reading, and in the end by closing.
        Assert.ThrowsAny<IOException>(SendForEver);
        scenario.WaitUntilIdle();
        Assert.InRange(PeakOf(scenario), 0, 4);

        void SendForEver()
        {
            while (true) client.Send(requests);
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Large_answers_that_nobody_reads(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        const int count = 20;
        var body = new byte[4 << 20];
        scenario.Listener = scenario.Listener with { Timeouts = new ListenerTimeouts { Write = TimeSpan.FromSeconds(2) } };
        scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                var isLarge = wire.ReadRequest().Target == "/large";
                wire.Send(isLarge ? $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n" : Reply.Of("small"));
                if (isLarge) wire.Send(body);
            }
        });
        var clients = Enumerable.Range(0, count).Select(_ => scenario.Connect(windowBytes: 4096)).ToArray();
        foreach (var client in clients) client.Send(Reply.Get("/large"));
        Wait.Until(() => scenario.Counters.Requests == count, "not all have asked");
        for (var i = 0; i < 20; i++) Assert.Equal("small", scenario.Exchange(Reply.Get()).Text);
        // The head of the request, and one piece of the answer on its way.
        Assert.InRange(PeakOf(scenario), 0, 4 * count);
        scenario.WaitUntilIdle();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Heads_and_bodies_that_drip(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        const int count = 200;
        scenario.Listener = scenario.Listener with
        {
            Timeouts = new ListenerTimeouts { Head = TimeSpan.FromSeconds(2), Body = TimeSpan.FromSeconds(2) },
        };
        scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                wire.ReadRequest();
                wire.Send(Reply.Of("honest"));
            }
        });
        var heads = Enumerable.Range(0, count).Select(_ => scenario.Connect()).ToArray();
        var bodies = Enumerable.Range(0, count / 10).Select(_ => scenario.Connect()).ToArray();
        foreach (var client in heads) client.Send("GET / HTTP/1.1\r\nX: ");
        foreach (var client in bodies) client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx");
        // No longer than they are listened to, however busy the machine is.
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 20 && watch.Elapsed < TimeSpan.FromSeconds(1); i++)
        {
            foreach (var client in heads) client.Send("y");
            Assert.Equal("honest", scenario.Exchange(Reply.Get()).Text);
        }
        foreach (var client in (Wire[])[.. heads, .. bodies]) Assert.Equal(408, client.ReadAnswer().Status);
        Assert.Equal(heads.Length + bodies.Length, scenario.Counters.DownstreamTimeouts);
    });

    /// <summary>Everything in segments of one byte, at both ends: what is said stays the same.</summary>
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Segments_of_one_byte(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        const int clients = 8;
        const int requests = 10;
        scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                var request = wire.ReadRequest();
                var answer = $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{request.Text}\r\n0\r\nX-Sum: 5\r\n\r\n";
                wire.SendSplit(Encoding.ASCII.GetBytes(answer), 1);
            }
        });
        var address = scenario.Address;
        Crowd.Run(clients, index =>
        {
            using var client = Wire.Connect(address);
            for (var i = 0; i < requests; i++)
            {
                var text = $"{index:00}-{i:00}";
                client.SendSplit(Encoding.ASCII.GetBytes($"{Chunked}2\r\n{text[..2]}\r\n3\r\n{text[2..]}\r\n0\r\nX: y\r\n\r\n"), 1);
                var answer = client.ReadAnswer();
                Assert.Equal((200, text), (answer.Status, answer.Text));
                Assert.Equal([("X-Sum", "5")], answer.Trailers);
            }
        });
        Assert.Equal(clients * requests, scenario.Counters.Answered2xx);
        // One for each request's head and one for each answer at most, while they are under way.
        Assert.InRange(PeakOf(scenario), 0, 4 * clients);
    });

    /// <summary>Connections that say nothing and connections that are reset, again and again: none stays, none costs.</summary>
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_flood_of_connections(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        const int silent = 500;
        const int rounds = 2_000;
        scenario.Routes = [s_fixed];
        scenario.Listener = scenario.Listener with
        {
            MaxConnections = silent + 20,
            DeferAccept = false,
            Timeouts = new ListenerTimeouts { Head = TimeSpan.FromMinutes(2) },
        };
        using var honest = scenario.Connect();
        for (var i = 0; i < silent; i++) scenario.Connect();
        Wait.Until(() => scenario.Counters.Active == silent + 1, "not all are accepted");
        for (var i = 0; i < rounds; i++)
        {
            using var client = Wire.Connect(scenario.Address);
            if (i % 3 > 0) client.Send(i % 3 == 1 ? "G" : Reply.Get());
            if (i % 2 == 0) client.Reset();
            if (i % 100 > 0) continue;
            honest.Send(Reply.Get());
            Assert.Equal("x", honest.ReadAnswer().Text);
        }
        Assert.InRange(PeakOf(scenario), 0, 40);
        Wait.Until(
            () => scenario.Counters.Active == silent + 1,
            () => $"{scenario.Counters.Active} are open; sockets: {SystemSockets.Of(scenario.Address)}");
        Assert.Equal(0, scenario.Counters.UnhandledErrors);
    });

    private static void Repeat(int count, Action action)
    {
        for (var i = 0; i < count; i++) action();
    }

    /// <summary>Blocks that are out while it goes on; a sample, taken on the worker's thread.</summary>
    private static int PeakOf(Scenario scenario) => scenario.Ask(reactor => reactor.Buffers.Rented);
}
