using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Forwarding;

/// <summary>PROXY headers that come from another proxy, and those that go to destinations.</summary>
public sealed class ProxyProtocolTests
{
    private const string Line = "PROXY TCP4 192.0.2.7 198.51.100.1 1111 443\r\n";

    private static readonly ListenerOptions s_http = new() { Address = "127.0.0.1:0", Name = "main" };

    private static readonly ListenerOptions s_tcp =
        s_http with { Protocol = ListenerProtocol.Tcp, Cluster = "origins" };

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_address_in_it_is_what_logs_and_origins_see(EngineChoice engine)
    {
        var path = Path.GetTempFileName();
        Scenario.Run(engine, scenario =>
        {
            scenario.Options = scenario.Options with
            {
                AccessLog = new AccessLogOptions { Format = AccessLogFormat.Json, Path = path },
            };
            scenario.Listener = Accepting(s_http, ProxyProtocolMode.Required);
            var origin = scenario.AddOrigin(Reply.Of("x"));
            using var client = scenario.Connect();
            client.SendSplit(System.Text.Encoding.ASCII.GetBytes(Line + Reply.Get()), 7);
            Assert.Equal("x", client.ReadAnswer().Text);
            client.Send(Reply.Get());
            Assert.Equal("x", client.ReadAnswer().Text);
            Assert.All(origin.Requests, request => Assert.Equal("192.0.2.7", request.Field("X-Forwarded-For")));
            Assert.Equal(2, origin.Requests.Count);
        });
        var entries = File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        File.Delete(path);
        Assert.Equal(2, entries.Length);
        Assert.All(entries, entry => Assert.Equal("192.0.2.7", entry.GetProperty("client").GetString()));
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_connection_without_one_is_closed_where_one_is_required(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = Accepting(s_tcp, ProxyProtocolMode.Required) with { MaxConnections = 1 };
        var origin = scenario.AddOrigin(wire => wire.Send(wire.ReadToEnd()));
        foreach (var text in new[] { "GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 1.2.3.4\r\n", "\r\n\r\n\0\r\nQUIT\n\xff" })
        {
            // Were a place of the one connection not given back, the next one would wait for ever.
            var client = scenario.Connect();
            client.Send(text);
            client.ExpectReset();
        }
        scenario.WaitForLog("no PROXY header about=main");
        scenario.WaitForLog("wrong or unfinished PROXY header about=main");
        Assert.Equal((0, 3), (origin.Accepts, scenario.Counters.ProxyHeaderErrors));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Who_leaves_before_it_is_whole_has_sent_no_wrong_one(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = Accepting(s_tcp, ProxyProtocolMode.Required, timeoutMs: 60_000);
        scenario.AddOrigin(wire => wire.ReadToEnd());
        var (resets, ends, stays) = (scenario.Connect(), scenario.Connect(), scenario.Connect());
        foreach (var client in new[] { resets, ends, stays }) client.Send("PROXY TCP4 ");
        Wait.Until(() => scenario.Counters.Active == 3, "not all are there");
        resets.Reset();
        ends.Dispose();
        Wait.Until(() => scenario.Counters.ProxyHeadersUnfinished == 2, "they are not counted");
        scenario.StopAndCheck(graceSeconds: 0);
        stays.ExpectReset();
        var counters = scenario.Counters;
        Assert.Equal(
            (3, 3, 0), (counters.Accepted, counters.ProxyHeadersUnfinished, counters.ProxyHeaderErrors));
        Assert.Empty(scenario.Log.With("PROXY header"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_does_not_come_is_not_waited_for(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = Accepting(s_tcp, ProxyProtocolMode.Required, timeoutMs: 200);
        scenario.AddOrigin(wire => wire.ReadToEnd());
        var (silent, slow) = (scenario.Connect(), scenario.Connect());
        slow.Send("PROXY TCP4 ");
        silent.ExpectReset();
        slow.ExpectReset();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Where_it_is_optional_it_may_be_left_out(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = Accepting(s_tcp, ProxyProtocolMode.Optional, timeoutMs: 300, "127.0.0.0/8");
        scenario.AddOrigin(wire =>
        {
            wire.Send("ready ");
            wire.Send(wire.ReadToEnd());
        });
        foreach (var (sent, echoed) in new[] { (Line + "a", "a"), ("b", "b"), ("PROXX", "PROXX") })
        {
            using var client = scenario.Connect();
            client.Send(sent);
            client.EndSending();
            Assert.Equal("ready " + echoed, System.Text.Encoding.ASCII.GetString(client.ReadToEnd()));
        }
        // The server speaks first, and nobody waits longer than the header may take.
        using var silent = scenario.Connect();
        Assert.Equal("ready "u8.ToArray(), silent.ReadExactly(6));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Where_it_is_optional_what_ends_before_it_is_one_is_none(EngineChoice engine) => Run(engine, scenario =>
    {
        const string signature = "\r\n\r\n\0\r\nQUIT\n";
        scenario.Listener = Accepting(s_tcp, ProxyProtocolMode.Optional, timeoutMs: 60_000, "127.0.0.0/8");
        scenario.AddOrigin(wire => wire.Send(wire.ReadToEnd()));
        foreach (var beginning in new[] { "PROXY", signature[..^1] })
        {
            for (var length = 1; length <= beginning.Length; length++)
            {
                using var client = scenario.Connect();
                client.Send(beginning[..length]);
                client.EndSending();
                Assert.Equal(beginning[..length], System.Text.Encoding.ASCII.GetString(client.ReadToEnd()));
            }
        }
        Assert.Equal(0, scenario.Counters.ProxyHeadersUnfinished);
        // What is one beyond doubt, and is not whole, is nobody's bytes.
        foreach (var begun in new[] { "PROXY ", "PROXY TCP4 1.2.3.4", signature, signature + "\x21\x11" })
        {
            var client = scenario.Connect();
            client.Send(begun);
            client.EndSending();
            client.ExpectReset();
        }
        Assert.Equal(4, scenario.Counters.ProxyHeadersUnfinished);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_from_a_stranger_is_not_believed(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = Accepting(s_tcp, ProxyProtocolMode.Optional, timeoutMs: 5000, "10.0.0.0/8");
        scenario.AddOrigin(wire => wire.Send(wire.ReadToEnd()));
        using var client = scenario.Connect();
        client.Send(Line);
        client.EndSending();
        Assert.Equal(Line, System.Text.Encoding.ASCII.GetString(client.ReadToEnd()));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_clients_of_a_Unix_socket_are_trusted_by_name(EngineChoice engine)
    {
        var folder = Directory.CreateTempSubdirectory();
        var path = Path.Combine(folder.FullName, "front");
        Run(engine, scenario =>
        {
            var listener = s_http with { Address = $"unix:{path}" };
            string[] trusted = ["10.0.0.0/8", "unix"];
            scenario.Listener = Accepting(listener, ProxyProtocolMode.Optional, timeoutMs: 60_000, trusted);
            var origin = scenario.AddOrigin(Reply.Of("x"));
            Assert.Equal(path, scenario.Server.Addresses[0].ToString());
            foreach (var header in new[] { Line, "PROXY UNKNOWN\r\n", "" })
            {
                using var client = Wire.Connect(new UnixDomainSocketEndPoint(path));
                client.Send(header + Reply.Get());
                Assert.Equal("x", client.ReadAnswer().Text);
            }
            var told = origin.Requests.Select(request => request.Field("X-Forwarded-For"));
            Assert.Equal(["192.0.2.7", "unix", "unix"], told);
        });
        folder.Delete(recursive: true);
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_stranger_is_closed_where_one_is_required(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = Accepting(s_tcp, ProxyProtocolMode.Required, timeoutMs: 5000, "10.0.0.0/8");
        scenario.AddOrigin(wire => wire.ReadToEnd());
        scenario.Connect().ExpectReset();
        scenario.WaitForLog("PROXY header from somebody who is not trusted about=main");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_address_cannot_take_all_places_without_one(EngineChoice engine) => Run(engine, scenario =>
    {
        var listener = Accepting(s_http, ProxyProtocolMode.Required);
        scenario.Listener = listener with
        {
            MaxConnections = 20,
            ProxyProtocol = listener.ProxyProtocol with { Timeout = TimeSpan.FromMinutes(10) },
        };
        scenario.AddOrigin(Reply.Of("x"));
        var strangers = Enumerable.Range(0, 20).Select(_ => Stranger(scenario.Address)).ToArray();
        using var client = scenario.Connect();
        client.Send(Line + Reply.Get());
        Assert.Equal("x", client.ReadAnswer().Text);
        Wait.Until(() => scenario.Counters.ProxyHeaderErrors == 12, "not all but eight are closed");
        scenario.WaitForLog("too many connections of one address have sent no PROXY header yet about=main");
        foreach (var stranger in strangers) stranger.Dispose();
        Wait.Until(() => scenario.Counters.Active == 1, "those that have left are still there");
        // Their places are free again.
        using var other = Stranger(scenario.Address);
        other.Send("ROXY TCP4 192.0.2.7 198.51.100.1 1111 443\r\n" + Reply.Get());
        Assert.Equal("x", other.ReadAnswer().Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_connection_at_the_gate_does_not_outlive_the_server(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = Accepting(s_tcp, ProxyProtocolMode.Required, timeoutMs: 60_000);
        scenario.AddOrigin(wire => wire.ReadToEnd());
        var client = scenario.Connect();
        client.Send("PROXY ");
        Wait.Until(() => scenario.Counters.Active == 1, "nobody is at the gate");
        scenario.StopAndCheck(graceSeconds: 0);
        client.ExpectReset();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_came_in_version_2_is_passed_on_in_it(EngineChoice engine) => Run(engine, scenario =>
    {
        const string header =
            "0D0A0D0A000D0A515549540A" + "21110011" + "C0000207" + "C6336401" + "0457" + "01BB" + "0100026832";
        scenario.Listener = Accepting(s_tcp, ProxyProtocolMode.Required);
        scenario.Cluster = scenario.Cluster with { ProxyProtocol = ProxyProtocolVersion.V2 };
        scenario.AddOrigin(wire => wire.Send(Convert.ToHexString(wire.ReadToEnd())));
        using var client = scenario.Connect();
        client.Send(Convert.FromHexString(header + "AABB"));
        client.EndSending();
        Assert.Equal(header + "AABB", System.Text.Encoding.ASCII.GetString(client.ReadToEnd()));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_fields_of_a_client_without_an_address_are_passed_on(EngineChoice engine) => Run(engine, scenario =>
    {
        const string signature = "0D0A0D0A000D0A515549540A", field = "0100026832";
        scenario.Listener = Accepting(s_tcp, ProxyProtocolMode.Required);
        scenario.Cluster = scenario.Cluster with { ProxyProtocol = ProxyProtocolVersion.V2 };
        scenario.AddOrigin(wire => wire.Send(Convert.ToHexString(wire.ReadToEnd())));
        using var client = scenario.Connect();
        client.Send(Convert.FromHexString(signature + "21000005" + field + "AABB"));
        client.EndSending();
        // The connection's own addresses, and the field.
        var seen = System.Text.Encoding.ASCII.GetString(client.ReadToEnd());
        Assert.StartsWith(signature + "21110011" + "7F0000017F000001", seen);
        Assert.EndsWith(field + "AABB", seen);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Checks_begin_with_a_header_of_their_own(EngineChoice engine) => Run(engine, scenario =>
    {
        var lines = new System.Collections.Concurrent.ConcurrentQueue<string>();
        scenario.Listener = s_tcp;
        scenario.Cluster = scenario.Cluster with
        {
            ProxyProtocol = ProxyProtocolVersion.V1,
            Health = new HealthOptions
            {
                Check = new CheckOptions { Type = CheckType.Http, Interval = TimeSpan.FromMilliseconds(50) },
            },
        };
        scenario.AddOrigin(wire =>
        {
            lines.Enqueue(wire.ReadLine());
            lines.Enqueue(wire.ReadLine());
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
        Wait.Until(() => scenario.Server.Destinations[0].IsChecked && lines.Count >= 2, "it is not checked");
        Assert.Equal(["PROXY UNKNOWN", "GET / HTTP/1.1"], lines.Take(2));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Requests_of_two_clients_share_no_connection(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { ProxyProtocol = ProxyProtocolVersion.V1 };
        var origin = scenario.AddOrigin(wire =>
        {
            var line = wire.ReadLine();
            while (wire.HasMore())
            {
                wire.ReadRequest();
                wire.Send(Reply.Of(line));
            }
        });
        using var first = scenario.Connect();
        using var second = scenario.Connect();
        foreach (var client in new[] { first, second, first })
        {
            client.Send(Reply.Get());
            var expected = $"PROXY TCP4 127.0.0.1 127.0.0.1 {client.Port} {scenario.Address.Port}";
            Assert.Equal(expected, client.ReadAnswer().Text);
        }
        Assert.Equal(3, origin.Accepts);
    });

    /// <summary>Connects from another address than the usual one, and sends what a header may begin with.</summary>
    private static Wire Stranger(IPEndPoint address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(IPEndPoint.Parse("127.0.0.2:0"));
        socket.Connect(address);
        var stranger = new Wire(socket);
        try
        {
            stranger.Send("P");
        }
        catch (IOException)
        {
            // There is no place for it.
        }
        return stranger;
    }

    private static void Run(EngineChoice engine, Action<Scenario> body) => Scenario.Run(engine, body);

    private static ListenerOptions Accepting(
        ListenerOptions listener, ProxyProtocolMode mode, int timeoutMs = 5000, params string[] trusted) =>
        listener with
        {
            ProxyProtocol = new ProxyProtocolOptions
            {
                Accept = mode,
                Trusted = trusted,
                Timeout = TimeSpan.FromMilliseconds(timeoutMs),
            },
        };
}
