using System.Text;
using System.Text.Json;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Forwarding;

/// <summary>One port for HTTP, TLS and whatever else.</summary>
public sealed class MixedTests
{
    private static readonly ListenerOptions s_listener = new()
    {
        Address = "127.0.0.1:0",
        Name = "main",
        Protocol = ListenerProtocol.Mixed,
        Cluster = "origins",
        Timeouts = new ListenerTimeouts { Hello = TimeSpan.FromMilliseconds(400) },
    };

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Each_protocol_gets_to_its_server(EngineChoice engine)
    {
        using var certificate = TlsPeer.SelfSigned();
        using var secure = new Origin(wire => TlsPeer.Say(wire, certificate, "secure"));
        Run(engine, scenario =>
        {
            scenario.Listener = s_listener with { TlsRoutes = [new TlsRouteOptions { Host = ["a.example"], Cluster = "secure" }] };
            scenario.Options = scenario.Options with
            {
                Clusters = new Dictionary<string, ClusterOptions> { ["secure"] = new() { Destinations = [$"tcp://{secure.Address}"] } },
            };
            var raw = scenario.AddOrigin(wire =>
            {
                wire.Send("SSH-2.0-server\r\n");
                Assert.Equal("SSH-2.0-client", wire.ReadLine());
                wire.Send("fine\r\n");
            });
            for (var round = 0; round < 2; round++)
            {
                Assert.Equal("web", scenario.Exchange(Reply.Get()).Text);
                Assert.Equal("secure", TlsPeer.Ask(scenario.Address, "a.example"));
                var quick = scenario.Connect();
                quick.Send("SSH-2.0-client\r\n");
                Assert.Equal("SSH-2.0-server", quick.ReadLine());
                Assert.Equal("fine", quick.ReadLine());
                quick.EndSending();
                quick.ExpectEnd();
                // This one waits for the server to speak first.
                var polite = scenario.Connect();
                Assert.Equal("SSH-2.0-server", polite.ReadLine());
                polite.Send("SSH-2.0-client\r\n");
                Assert.Equal("fine", polite.ReadLine());
                polite.EndSending();
                polite.ExpectEnd();
            }
            scenario.WaitUntilIdle();
            var counters = scenario.Counters;
            Assert.Equal((8, 2, 6, 4), (counters.Accepted, counters.Requests, counters.Tcp.Opened, raw.Accepts));
        });
        secure.Check();
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void No_byte_is_lost_wherever_the_first_ones_are_split(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.AddOrigin(wire => wire.Send(wire.ReadToEnd()));
        const string text = "EHLO http.example\r\nQUIT\r\n";
        const string request = "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
        for (var split = 1; split < 24; split++)
        {
            using var raw = Wire.Connect(scenario.Address);
            raw.SendSplit(Encoding.ASCII.GetBytes(text), split);
            raw.EndSending();
            Assert.Equal(text, Encoding.ASCII.GetString(raw.ReadToEnd()));
            using var http = Wire.Connect(scenario.Address);
            http.SendSplit(Encoding.ASCII.GetBytes(request), split);
            Assert.Equal("web", http.ReadAnswer().Text);
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_does_not_decide_in_time_is_carried_on(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.AddOrigin(wire => wire.Send(wire.ReadToEnd()));
        var client = scenario.Connect();
        client.Send("GET ");
        Wait.Until(() => scenario.Counters.Tcp.Active == 1, "it is not carried on");
        client.Send("key\r\n");
        client.EndSending();
        Assert.Equal("GET key\r\n"u8.ToArray(), client.ReadToEnd());
        // And so is one that ends before it has said anything.
        var silent = scenario.Connect();
        silent.EndSending();
        silent.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Without_a_way_it_is_closed_and_HTTP_is_not(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = s_listener with { Cluster = "", TlsRoutes = [new TlsRouteOptions { Host = ["a.example"], Cluster = "origins" }] };
        var origin = scenario.AddOrigin(wire => wire.ReadToEnd());
        Assert.Equal("web", scenario.Exchange(Reply.Get()).Text);
        foreach (var (text, reason) in new[]
        {
            ("SSH-2.0-x\r\n", "nothing is for its protocol"),
            ("\x16\x03\x01\0\0", "a ClientHello that makes no sense"),
            ("\x16\x03\x01\0\x10\x01", "no ClientHello"),
            ("", "nothing is for its protocol"),
        })
        {
            var client = scenario.Connect();
            if (text.Length > 0) client.Send(text);
            client.ExpectReset();
            scenario.WaitForLog($"connection refused: {reason} about=main");
        }
        scenario.WaitUntilIdle();
        Assert.Equal((0, 4), (origin.Accepts, scenario.Counters.Tcp.Refused));
        Assert.Equal("web", scenario.Exchange(Reply.Get()).Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void It_works_behind_a_PROXY_header(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = s_listener with { ProxyProtocol = new ProxyProtocolOptions { Accept = ProxyProtocolMode.Required } };
        scenario.AddOrigin(wire => wire.Send(wire.ReadLine()));
        const string header = "PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n";
        Assert.Equal("web", scenario.Exchange(header + Reply.Get()).Text);
        var raw = scenario.Connect();
        raw.Send(header + "SSH-2.0-x\r\n");
        Assert.Equal("SSH-2.0-x"u8.ToArray(), raw.ReadToEnd());
        raw.EndSending();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_breaks_undecided_is_recorded(EngineChoice engine)
    {
        var path = Path.GetTempFileName();
        Run(engine, scenario =>
        {
            scenario.Options = scenario.Options with { AccessLog = new AccessLogOptions { Format = AccessLogFormat.Json, Path = path } };
            scenario.Listener = s_listener with { Timeouts = new ListenerTimeouts { Hello = TimeSpan.FromMinutes(10) } };
            scenario.AddOrigin(wire => wire.ReadToEnd());
            var leaves = scenario.Connect();
            Wait.Until(() => scenario.Counters.Active == 1, "it is not there");
            leaves.Reset();
            scenario.WaitUntilIdle();
        });
        var entry = JsonDocument.Parse(Assert.Single(File.ReadAllLines(path))).RootElement;
        File.Delete(path);
        string[] keys = ["client", "listener", "protocol", "end", "upstream"];
        Assert.Equal(["127.0.0.1", "main", "TCP", "client-reset", ""], keys.Select(key => entry.GetProperty(key).ToString()));
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_is_recorded_begins_with_the_accept(EngineChoice engine)
    {
        var path = Path.GetTempFileName();
        Run(engine, scenario =>
        {
            scenario.Options = scenario.Options with { AccessLog = new AccessLogOptions { Format = AccessLogFormat.Json, Path = path } };
            scenario.Listener = s_listener with
            {
                // Both wait for their time to be over.
                ProxyProtocol = new ProxyProtocolOptions
                {
                    Accept = ProxyProtocolMode.Optional,
                    Trusted = ["127.0.0.1"],
                    Timeout = TimeSpan.FromMilliseconds(300),
                },
            };
            scenario.AddOrigin(wire => wire.Send("served"));
            using var client = scenario.Connect();
            Assert.Equal("served"u8.ToArray(), client.ReadToEnd());
        });
        var entry = JsonDocument.Parse(Assert.Single(File.ReadAllLines(path))).RootElement;
        File.Delete(path);
        Assert.True(entry.GetProperty("duration_us").GetInt64() > 650_000, entry.ToString());
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_is_undecided_leaves_or_is_cut_at_the_end(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = s_listener with { Timeouts = new ListenerTimeouts { Hello = TimeSpan.FromMinutes(10) } };
        scenario.AddOrigin(wire => wire.ReadToEnd());
        var leaves = scenario.Connect();
        Wait.Until(() => scenario.Counters.Active == 1, "it is not there");
        leaves.Reset();
        scenario.WaitUntilIdle();
        Assert.Equal(1, scenario.Counters.Tcp.ClientReset);
        var stays = scenario.Connect();
        stays.Send("GE");
        Wait.Until(() => scenario.Counters.Active == 1, "it is not there");
        scenario.StopAndCheck(graceSeconds: 0);
        stays.ExpectReset();
        Assert.Equal(1, scenario.Counters.Tcp.Aborted);
        Assert.Equal(0, Assert.Single(scenario.Server.Listeners).Active);
    });

    private static void Run(EngineChoice engine, Action<Scenario> body) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = s_listener;
        scenario.Routes = [new RouteOptions { Respond = new RespondOptions { Body = "web" } }];
        body(scenario);
    });
}
