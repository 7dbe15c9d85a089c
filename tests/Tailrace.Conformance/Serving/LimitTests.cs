using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>How many connections and requests a listener takes.</summary>
public sealed class LimitTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Requests_of_a_connection(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { RequestsPerConnection = 3 };
        scenario.AddOrigin(Reply.Of("x"));
        using var client = scenario.Connect();
        for (var i = 1; i <= 3; i++)
        {
            client.Send(Reply.Get());
            Assert.Equal(i == 3, client.ReadAnswer().IsLast);
        }
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Connections_of_a_listener(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { MaxConnections = 2, DeferAccept = false };
        scenario.AddOrigin(Reply.Of("x"));
        var first = scenario.Connect();
        var second = scenario.Connect();
        Wait.Until(() => scenario.Counters.Active == 2, "not both are connected");
        // A third one waits in the kernel's queue, and is served as soon as there is room.
        using var third = scenario.Connect();
        third.Send(Reply.Get());
        scenario.WaitForLog("connection limit reached");
        Assert.Equal(2, scenario.Counters.Accepted);
        first.Send(Reply.Get());
        Assert.Equal("x", first.ReadAnswer().Text);
        second.Dispose();
        Assert.Equal("x", third.ReadAnswer().Text);
        Assert.Equal(2, scenario.Counters.Active);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_limit_is_that_of_all_workers(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 3 };
        scenario.Listener = scenario.Listener with { MaxConnections = 4, DeferAccept = false };
        var clients = Enumerable.Range(0, 24).Select(_ => scenario.Connect()).ToArray();
        scenario.WaitForLog("connection limit reached");
        Wait.Until(() => scenario.Counters.Active >= 4, "too few are taken");
        foreach (var client in clients) client.Send("G");
        // Whoever looks at the same moment as others takes none too many.
        Thread.Sleep(100);
        Assert.Equal(4, scenario.Counters.Active);
        foreach (var client in clients) client.Dispose();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Memory_for_blocks(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        // Room for 64 heads that are not complete.
        scenario.Options = scenario.Options with { Buffers = new BufferOptions { Max = 1 << 20 } };
        scenario.Routes = [new RouteOptions { Respond = new RespondOptions { Body = "x" } }];
        var clients = Enumerable.Range(0, 70).Select(_ => scenario.Connect()).ToArray();
        foreach (var client in clients[..64]) client.Send("GET / HT");
        Wait.Until(() => scenario.Ask(reactor => reactor.Buffers.Rented) == 64, "there is room left");
        // Those for whom there is none are told so and let go, the others do not notice.
        foreach (var client in clients[64..]) client.Send("GET / HT");
        Wait.Until(() => scenario.Counters is { Accepted: 70, Active: 64 }, "not as many as there is room for");
        Assert.Equal(6, scenario.Counters.Answered5xx);
        scenario.WaitForLog("no buffer is left");
        var refused = Assert.Single(clients[64..].Select(client => client.ReadAnswer().StartLine).Distinct());
        Assert.Equal("HTTP/1.1 503 Service Unavailable", refused);
        Assert.Equal(64, scenario.Ask(reactor => reactor.Buffers.Rented));
        foreach (var client in clients) client.Dispose();
        scenario.WaitUntilIdle();
        Assert.Equal("x", scenario.Exchange(Reply.Get()).Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Memory_for_answers(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        // Room for 64 blocks. Requests that wait keep their heads, and heads that are not complete take the rest.
        scenario.Options = scenario.Options with { Buffers = new BufferOptions { Max = 1 << 20 } };
        using var go = new ManualResetEventSlim();
        var origin = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of(new string('x', 3000));
        });
        var clients = new List<Wire>();
        while (scenario.Ask(reactor => reactor.Buffers.Rented) < 60)
        {
            clients.Add(scenario.Connect());
            clients[^1].Send(Reply.Get());
            Wait.Until(() => origin.Requests.Count == clients.Count, "a request has not arrived");
        }
        var others = Hold(scenario, 64);
        go.Set();
        // Nobody is left without a word, and what was refused for want of memory is no fault of the origin.
        var answers = clients.Select(client => client.ReadAnswer()).ToArray();
        Assert.All(answers, answer => Assert.True(answer.Status is 200 or 503, answer.StartLine));
        Assert.True(scenario.Counters.Answered5xx > 0, "there was memory for all");
        scenario.WaitForLog("the buffer limit is reached");
        foreach (var client in clients.Concat(others)) client.Dispose();
        scenario.WaitUntilIdle();
        Assert.Equal(0, Assert.Single(scenario.Server.Destinations).Failures);
        Assert.Equal(200, scenario.Exchange(Reply.Get()).Status);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Memory_for_a_request_on_its_way(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Buffers = new BufferOptions { Max = 1 << 20 } };
        scenario.AddOrigin(Reply.Of("x"));
        var others = Hold(scenario, 63);
        // Its own head takes the last block: there is none to send it on in, nor for the answer that says so.
        Assert.Equal(503, scenario.Exchange(Reply.Get()).Status);
        scenario.WaitForLog("the buffer limit is reached");
        foreach (var other in others) other.Dispose();
        scenario.WaitUntilIdle();
        Assert.Equal("x", scenario.Exchange(Reply.Get()).Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Memory_for_the_rest_of_an_answer(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Buffers = new BufferOptions { Max = 1 << 20 } };
        using var go = new ManualResetEventSlim();
        var origin = scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                var isLong = wire.ReadRequest().Target == "/long";
                // Chunks that are too long to be copied, and too short to pass unseen.
                var answer = Reply.Chunked([.. Enumerable.Repeat(new string('x', 5_000), isLong ? 20 : 1)]);
                if (isLong)
                {
                    wire.Send(answer[..10_000]);
                    go.Wait(30_000);
                    answer = answer[10_000..];
                }
                wire.Send(answer);
            }
        });
        var client = scenario.Connect();
        client.Send(Reply.Get("/long"));
        Assert.Equal(200, client.ReadHead().Status);
        client.ReadExactly(9_000);
        // The answer has begun, and holds no block until more of it comes.
        Wait.Standstill(() => scenario.Ask(reactor => reactor.Buffers.Rented));
        var others = Hold(scenario, 64);
        go.Set();
        client.ExpectReset();
        scenario.WaitForLog("the buffer limit is reached");
        Assert.DoesNotContain(scenario.Log.With("the buffer limit is reached"), line => line.Contains($"{origin.Address}"));
        foreach (var other in others) other.Dispose();
        scenario.WaitUntilIdle();
        Assert.Equal(0, Assert.Single(scenario.Server.Destinations).Failures);
        Assert.Equal((0, 0), (scenario.Counters.UpstreamErrors, scenario.Counters.DownstreamAborts));
        Assert.Equal(200, scenario.Exchange(Reply.Get()).Status);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Memory_for_many_last_words(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Buffers = new BufferOptions { Max = 1 << 20 } };
        scenario.AddOrigin(Reply.Of("x"));
        var others = Hold(scenario, 63);
        // Each takes the last block for its head and one beyond the limit for its answer, and then lingers.
        var clients = Enumerable.Range(0, 20).Select(_ => scenario.Connect()).ToArray();
        foreach (var client in clients)
        {
            client.Send(Reply.Get());
            Assert.Equal(503, client.ReadAnswer().Status);
        }
        Assert.Equal(20, scenario.Counters.Answered5xx);
        foreach (var client in clients.Concat(others)) client.Dispose();
        scenario.WaitUntilIdle();
        Assert.Equal(0, Assert.Single(scenario.Server.Destinations).Failures);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Memory_for_the_header_of_the_proxy_protocol(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Buffers = new BufferOptions { Max = 1 << 20 } };
        scenario.Cluster = scenario.Cluster with { ProxyProtocol = ProxyProtocolVersion.V1 };
        Origin[] origins = [scenario.AddOrigin(Reply.Of("x")), scenario.AddOrigin(Reply.Of("x"))];
        var others = Hold(scenario, 63);
        Assert.Equal(503, scenario.Exchange(Reply.Get()).Status);
        scenario.WaitForLog("the buffer limit is reached");
        Assert.Empty(scenario.Log.With("connect failed"));
        Wait.Until(() => origins.Sum(origin => origin.Accepts) == 1, "another destination is tried");
        foreach (var other in others) other.Dispose();
        scenario.WaitUntilIdle();
        Assert.All(scenario.Server.Destinations, destination => Assert.Equal(0, destination.Failures));
        Assert.Equal(0, scenario.Counters.UpstreamErrors);
    });

    /// <summary>Sends heads that are not complete until so many blocks are taken.</summary>
    private static List<Wire> Hold(Scenario scenario, int blocks)
    {
        var clients = new List<Wire>();
        for (int rented; (rented = scenario.Ask(reactor => reactor.Buffers.Rented)) < blocks;)
        {
            clients.Add(scenario.Connect());
            clients[^1].Send("GET / HT");
            Wait.Until(() => scenario.Ask(reactor => reactor.Buffers.Rented) > rented, "no block is taken");
        }
        return clients;
    }
}
