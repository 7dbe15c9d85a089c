using System.Net;
using System.Text;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>The listener that clients name as their proxy: tunnels, whole URLs, and what it does not reach.</summary>
public sealed class ForwardProxyTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Connect_makes_a_tunnel(EngineChoice engine) => Run(engine, allow: true, (scenario, origin) =>
    {
        using var client = scenario.Connect();
        // Not every client waits for the answer before its first bytes.
        client.Send($"CONNECT {origin} HTTP/1.1\r\nHost: {origin}\r\n\r\nearly");
        var head = client.ReadHead();
        Assert.Equal("HTTP/1.1 200 Connection established", head.StartLine);
        Assert.Empty(head.Fields);
        Assert.Equal("EARLY", Encoding.ASCII.GetString(client.ReadExactly(5)));
        client.Send("more");
        Assert.Equal("MORE", Encoding.ASCII.GetString(client.ReadExactly(4)));
        client.EndSending();
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_name_is_looked_up(EngineChoice engine) => Run(engine, allow: true, (scenario, origin) =>
    {
        using var client = scenario.Connect();
        client.Send($"CONNECT localhost:{origin.Port} HTTP/1.1\r\nHost: x\r\n\r\nname");
        Assert.Equal(200, client.ReadHead().Status);
        Assert.Equal("NAME", Encoding.ASCII.GetString(client.ReadExactly(4)));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Whole_urls_are_fetched(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var origin = Origin.Answering(request => Reply.Of($"{request.Target} of {request.Field("Host")}"));
        scenario.Listener = Forwarding(origin.Address.Port, ["127.0.0.0/8"]);
        using var client = scenario.Connect();
        for (var i = 0; i < 3; i++)
        {
            client.Send($"GET http://{origin.Address}/a?{i} HTTP/1.1\r\nHost: other.example\r\n\r\n");
            Assert.Equal($"/a?{i} of {origin.Address}", client.ReadAnswer().Text);
        }
        Assert.Equal(1, origin.Accepts);
        Assert.All(origin.Requests, request => Assert.Null(request.Field("X-Forwarded-For")));
        client.Dispose();
        scenario.StopAndCheck();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Neighbours_are_out_of_reach_by_any_name(EngineChoice engine) => Run(engine, allow: false, (scenario, origin) =>
    {
        string[] names = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"];
        foreach (var name in names)
        {
            using var client = scenario.Connect();
            client.Send($"CONNECT {name}:{origin.Port} HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: smuggled\r\n\r\n");
            var answer = client.ReadAnswer();
            // Where such a spelling is no address, it is no name either.
            Assert.True(answer.Status == 403 || (answer.Status == 502 && !IPAddress.TryParse(name, out _)), $"{name}: {answer.Status}");
            Assert.True(answer.IsLast);
            client.EndSending();
            client.ExpectEnd();
            Assert.Equal(answer.Status, scenario.Exchange($"GET http://{name}:{origin.Port}/ HTTP/1.1\r\nHost: x\r\n\r\n").Status);
        }
        var forbidden = scenario.Exchange($"GET http://127.0.0.1:{origin.Port}/ HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("403 Forbidden: the address of this host is not allowed\n", forbidden.Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Hosts_and_ports_are_those_of_the_lists(EngineChoice engine) => Run(engine, allow: true, (scenario, origin) =>
    {
        var proxy = scenario.Listener.ForwardProxy! with { Hosts = ["127.0.0.1"] };
        scenario.Listener = scenario.Listener with { ForwardProxy = proxy };
        Assert.Equal(403, Connect($"localhost:{origin.Port}"));
        Assert.Equal(403, Connect("127.0.0.1:1"));
        Assert.Equal(200, Connect($"127.0.0.1:{origin.Port}"));

        int Connect(string authority)
        {
            using var client = scenario.Connect();
            client.Send($"CONNECT {authority} HTTP/1.1\r\nHost: x\r\n\r\n");
            return client.ReadHead().Status;
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_cannot_be_reached_is_said(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var silent = new FullListener();
        var closed = new IPEndPoint(IPAddress.Loopback, Silence.UnusedPort());
        var listener = Forwarding(silent.Address.Port, ["127.0.0.0/8"]);
        scenario.Listener = listener with
        {
            ForwardProxy = listener.ForwardProxy! with
            {
                Ports = [silent.Address.Port, closed.Port],
                Timeouts = new ClusterTimeouts { Connect = TimeSpan.FromMilliseconds(300) },
            },
        };
        Assert.Equal("502 Bad Gateway: connect refused\n", Connect(closed).Text);
        Assert.Equal("504 Gateway Timeout: connect timed out\n", Connect(silent.Address).Text);
        Assert.Equal(501, scenario.Exchange($"GET https://{closed}/ HTTP/1.1\r\nHost: x\r\n\r\n").Status);
        Assert.Equal(404, scenario.Exchange("GET /here HTTP/1.1\r\nHost: x\r\n\r\n").Status);

        Message Connect(IPEndPoint address)
        {
            using var client = scenario.Connect();
            client.Send($"CONNECT {address} HTTP/1.1\r\nHost: x\r\n\r\n");
            return client.ReadAnswer();
        }
    });

    private static void Run(EngineChoice engine, bool allow, Action<Scenario, IPEndPoint> body) => Scenario.Run(engine, scenario =>
    {
        using var origin = new Origin(Shout);
        scenario.Listener = Forwarding(origin.Address.Port, allow ? ["127.0.0.0/8", "::1"] : []);
        body(scenario, origin.Address);
        scenario.StopAndCheck();
        origin.Check();
        if (!allow) Assert.Equal(0, origin.Accepts);
    });

    private static ListenerOptions Forwarding(int port, string[] allow) => new()
    {
        Address = "127.0.0.1:0",
        Name = "main",
        Protocol = ListenerProtocol.Forward,
        ForwardProxy = new ForwardProxyOptions { Ports = [port], Allow = allow },
    };

    /// <summary>Sends everything back in capitals.</summary>
    private static void Shout(Wire wire)
    {
        while (wire.HasMore()) wire.Send(Encoding.ASCII.GetString(wire.ReadExactly(1)).ToUpperInvariant());
    }
}
