using System.Text.Json;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Forwarding;

/// <summary>TLS that ends at the destination, which is found by what the client says first; and who may connect.</summary>
public sealed class HelloTests
{
    private static readonly ListenerOptions s_listener = new()
    {
        Address = "127.0.0.1:0",
        Name = "main",
        Protocol = ListenerProtocol.Tcp,
        Timeouts = new ListenerTimeouts { Hello = TimeSpan.FromMilliseconds(500) },
    };

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Each_name_has_its_destination_and_TLS_passes_untouched(EngineChoice engine)
    {
        var path = Path.GetTempFileName();
        using var certificate = TlsPeer.SelfSigned();
        using var a = new Origin(wire => TlsPeer.Say(wire, certificate, "a"));
        using var b = new Origin(wire => TlsPeer.Say(wire, certificate, "b"));
        using var other = new Origin(wire => wire.Send("plain"));
        Scenario.Run(engine, scenario =>
        {
            scenario.Listener = s_listener with
            {
                Cluster = "other",
                TlsRoutes =
                [
                    new TlsRouteOptions { Host = ["a.example"], Cluster = "a" },
                    new TlsRouteOptions { Host = ["*.b.example"], Alpn = ["h2"], Cluster = "b" },
                ],
            };
            scenario.Options = scenario.Options with
            {
                AccessLog = new AccessLogOptions { Format = AccessLogFormat.Json, Path = path },
                Clusters = new Dictionary<string, ClusterOptions>
                {
                    ["a"] = new() { Destinations = [$"tcp://{a.Address}"] },
                    ["b"] = new() { Destinations = [$"tcp://{b.Address}"] },
                    ["other"] = new() { Destinations = [$"tcp://{other.Address}"] },
                },
            };
            Assert.Equal("a", TlsPeer.Ask(scenario.Address, "a.example"));
            Assert.Equal("b", TlsPeer.Ask(scenario.Address, "x.b.example", "http/1.1", "h2"));
            // What no route is for, what is no TLS, and who waits for the server to speak.
            Assert.ThrowsAny<Exception>(() => TlsPeer.Ask(scenario.Address, "x.b.example"));
            var client = scenario.Connect();
            client.Send("SSH-2.0-x\r\n");
            Assert.Equal("plain"u8.ToArray(), client.ReadExactly(5));
            client.EndSending();
            client.ExpectEnd();
            using var silent = Wire.Connect(scenario.Address);
            Assert.Equal("plain"u8.ToArray(), silent.ReadExactly(5));
            silent.EndSending();
            silent.ExpectEnd();
            scenario.WaitUntilIdle();
        });
        foreach (var origin in new[] { a, b, other }) origin.Check();
        var hosts = File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("host").GetString());
        Assert.Equal(["", "", "a.example", "x.b.example", "x.b.example"], hosts.Order(StringComparer.Ordinal));
        File.Delete(path);
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_hello_may_come_in_crumbs_and_be_larger_than_a_block_but_not_than_16_KiB(EngineChoice engine)
    {
        using var certificate = TlsPeer.SelfSigned();
        using var origin = new Origin(wire => TlsPeer.Say(wire, certificate, "fine"));
        Scenario.Run(engine, scenario =>
        {
            scenario.Listener = s_listener with
            {
                TlsRoutes = [new TlsRouteOptions { Host = ["a.example"], Cluster = "a" }],
                Timeouts = new ListenerTimeouts { Hello = TimeSpan.FromSeconds(20) },
            };
            scenario.Options = scenario.Options with
            {
                Buffers = new BufferOptions { Block = 8 << 10 },
                Clusters = new Dictionary<string, ClusterOptions> { ["a"] = new() { Destinations = [$"tcp://{origin.Address}"] } },
            };
            Assert.Equal("fine", TlsPeer.Ask(scenario.Address, "a.example", 1, []));
            Assert.Equal("fine", TlsPeer.Ask(scenario.Address, "a.example", 0, Protocols(60)));
            Assert.Equal("fine", TlsPeer.Ask(scenario.Address, "a.example", 700, Protocols(60)));
            Assert.ThrowsAny<Exception>(() => TlsPeer.Ask(scenario.Address, "a.example", 700, Protocols(90)));
            scenario.WaitForLog("connection refused: a ClientHello that is too long about=main");
        });
        origin.Check();

        static string[] Protocols(int count) => [.. Enumerable.Range(0, count).Select(i => $"{i:000}{new string('x', 197)}")];
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_fits_no_route_is_closed_where_there_is_no_other_way(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = s_listener with { TlsRoutes = [new TlsRouteOptions { Host = ["a.example"], Cluster = "origins" }] };
        var origin = scenario.AddOrigin(wire => wire.ReadToEnd());
        Assert.ThrowsAny<Exception>(() => TlsPeer.Ask(scenario.Address, "b.example"));
        foreach (var text in new[] { "SSH-2.0-x\r\n", "\x16\x03\x01\0\0", "\x16\x03\x01\0\x10\x01" })
        {
            var client = scenario.Connect();
            client.Send(text);
            client.ExpectReset();
        }
        scenario.Connect().ExpectReset();
        scenario.WaitUntilIdle();
        scenario.WaitForLog("connection refused: no route fits about=main");
        scenario.WaitForLog("connection refused: a ClientHello that makes no sense about=main");
        scenario.WaitForLog("connection refused: no ClientHello about=main");
        Assert.Equal((0, 5), (origin.Accepts, scenario.Counters.Tcp.Refused));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Lists_of_addresses_say_who_may_connect(EngineChoice engine)
    {
        foreach (var (allow, deny, isLetIn) in new (string[], string[], bool)[]
        {
            ([], ["10.0.0.0/8"], true),
            (["127.0.0.1"], [], true),
            (["10.0.0.0/8"], [], false),
            (["127.0.0.0/8"], ["127.0.0.1"], false),
        })
        {
            Scenario.Run(engine, scenario =>
            {
                scenario.Listener = s_listener with
                {
                    Cluster = "origins",
                    Allow = allow,
                    Deny = deny,
                    MaxConnections = 1,
                    Timeouts = new ListenerTimeouts(),
                };
                scenario.AddOrigin(wire => wire.Send("in"));
                for (var i = 0; i < 2; i++)
                {
                    if (!isLetIn)
                    {
                        scenario.ExpectRefusal();
                        continue;
                    }
                    using var client = Wire.Connect(scenario.Address);
                    Assert.Equal("in"u8.ToArray(), client.ReadToEnd());
                }
                if (isLetIn) return;
                scenario.WaitForLog("a client's address is not allowed about=main");
                Assert.Equal(2, scenario.Counters.Denied);
            });
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void They_are_about_the_address_that_a_trusted_proxy_says(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = s_listener with
        {
            Cluster = "origins",
            Deny = ["192.0.2.0/24"],
            Timeouts = new ListenerTimeouts(),
            ProxyProtocol = new ProxyProtocolOptions { Accept = ProxyProtocolMode.Required },
        };
        scenario.AddOrigin(wire => wire.Send("in"));
        var denied = scenario.Connect();
        denied.Send("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n");
        denied.ExpectReset();
        var allowed = scenario.Connect();
        allowed.Send("PROXY TCP4 198.51.100.7 198.51.100.1 1 2\r\n");
        Assert.Equal("in"u8.ToArray(), allowed.ReadToEnd());
        allowed.EndSending();
    });
}
