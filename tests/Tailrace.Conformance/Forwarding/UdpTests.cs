using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Forwarding;

/// <summary>Datagrams that are forwarded as they are, over real sockets.</summary>
public sealed class UdpTests
{
    private static readonly ListenerOptions s_listener = new()
    {
        Address = "127.0.0.1:0",
        Name = "main",
        Protocol = ListenerProtocol.Udp,
        Cluster = "origins",
    };

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Datagrams_of_any_size_go_and_come_back_in_order(EngineChoice engine) => Run(engine, scenario =>
    {
        using var origin = new UdpPeer();
        scenario.AddDestination($"udp://{origin.Address}");
        origin.Echo();
        using var client = new UdpPeer(scenario.Address);
        int[] sizes = [1, 0, 100, 100, 100, 40, 1472, 9000, 65_507];
        for (var round = 0; round < 20; round++)
        {
            var sent = sizes.Select((size, i) => Payload.Of(size, round + i)).ToArray();
            foreach (var bytes in sent) client.Send(bytes);
            foreach (var bytes in sent) Payload.Same(bytes, client.Receive());
        }
        var all = sizes.Sum() * 20;
        WaitFor(scenario, udp => udp.Traffic.Down == sizes.Length * 20);
        var udp = scenario.Counters.Udp;
        Assert.Equal((1, 1, sizes.Length * 20, all), (udp.Opened, udp.Active, udp.Traffic.Up, udp.Traffic.BytesUp));
        Assert.Equal((all, 0L, 0L), (udp.Traffic.BytesDown, udp.Refused, udp.DroppedFull + udp.DroppedTooLong + udp.DroppedFailed));
        var destination = Assert.Single(scenario.Server.Destinations);
        Assert.Equal((1, sizes.Length * 20, all), (destination.Requests, destination.Datagrams.Up, destination.Datagrams.BytesDown));
        Assert.Equal(all, scenario.Server.UdpListeners["main"].Traffic.BytesUp);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Many_sources_get_their_own_answers(EngineChoice engine) => Run(engine, scenario =>
    {
        // All of them together fit the receive buffer that sockets have by default.
        const int clients = 40;
        const int rounds = 20;
        const int window = 4;
        using var origin = new UdpPeer();
        scenario.AddDestination($"udp://{origin.Address}");
        origin.Echo();
        var all = Enumerable.Range(0, clients).Select(_ => new UdpPeer(scenario.Address)).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < window; i++)
            {
                for (var c = 0; c < clients; c++) all[c].Send(Mark(c, round * window + i));
            }
            for (var c = 0; c < clients; c++)
            {
                for (var i = 0; i < window; i++) Assert.Equal(Mark(c, round * window + i), all[c].Receive());
            }
        }
        WaitFor(scenario, udp => udp.Traffic.Down == clients * rounds * window);
        Assert.Equal(clients, scenario.Counters.Udp.Opened);
        foreach (var client in all) client.Dispose();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_a_client_sends_as_one_arrives_as_many(EngineChoice engine) => Run(engine, scenario =>
    {
        using var origin = new UdpPeer();
        scenario.AddDestination($"udp://{origin.Address}");
        origin.Echo();
        using var client = new UdpPeer(scenario.Address);
        client.SendInSegments(Payload.Of(2500), 1000);
        Payload.Same(Payload.Of(2500), [.. client.Receive(), .. client.Receive(), .. client.Receive()]);
        WaitFor(scenario, udp => udp.Traffic.Down == 3);
        Assert.Equal((3, 2500), (scenario.Counters.Udp.Traffic.Up, scenario.Counters.Udp.Traffic.BytesUp));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_silent_session_ends_and_a_new_one_follows(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = s_listener with { Timeouts = new ListenerTimeouts { Idle = TimeSpan.FromSeconds(1) } };
        using var origin = new UdpPeer();
        scenario.AddDestination($"udp://{origin.Address}");
        origin.Echo();
        using var client = new UdpPeer(scenario.Address);
        for (var i = 1; i <= 2; i++)
        {
            client.Send([1]);
            Assert.Equal([1], client.Receive());
            WaitFor(scenario, udp => udp.Expired == i && udp.Active == 0);
            Assert.Equal(i, scenario.Counters.Udp.Opened);
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void At_the_cap_new_sources_are_dropped_and_known_ones_are_not(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = s_listener with { MaxConnections = 2 };
        using var origin = new UdpPeer();
        scenario.AddDestination($"udp://{origin.Address}");
        origin.Echo();
        using var first = new UdpPeer(scenario.Address);
        using var second = new UdpPeer(scenario.Address);
        using var third = new UdpPeer(scenario.Address);
        foreach (var client in new[] { first, second })
        {
            client.Send([1]);
            Assert.Equal([1], client.Receive());
        }
        for (var i = 0; i < 10; i++) third.Send([3]);
        WaitFor(scenario, udp => udp.RefusedByLimit == 10);
        first.Send([4]);
        Assert.Equal([4], first.Receive());
        Assert.Equal(2, scenario.Counters.Udp.Opened);
        scenario.WaitForLog("session limit reached");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Each_source_address_has_a_cap_of_its_own(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = s_listener with
        {
            Address = "0.0.0.0:0",
            ConnectionLimits = new ConnectionLimitOptions { PerSource = new SourceLimitOptions { Connections = 1 } },
            Timeouts = new ListenerTimeouts { Idle = TimeSpan.FromSeconds(3) },
        };
        using var origin = new UdpPeer();
        scenario.AddDestination($"udp://{origin.Address}");
        origin.Echo();
        var address = new IPEndPoint(IPAddress.Loopback, scenario.Address.Port);
        using var one = new UdpPeer(address, IPAddress.Parse("127.0.0.5"));
        using var same = new UdpPeer(address, IPAddress.Parse("127.0.0.5"));
        using var other = new UdpPeer(address, IPAddress.Parse("127.0.0.6"));
        foreach (var client in new[] { one, other })
        {
            client.Send([1]);
            Assert.Equal([1], client.Receive());
        }
        same.Send([2]);
        WaitFor(scenario, udp => udp.RefusedBySourceLimit == 1);
        // When the address's session has ended there is room for another.
        WaitFor(scenario, udp => udp.Active == 0);
        same.Send([3]);
        Assert.Equal([3], same.Receive());
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Addresses_that_are_not_allowed_are_dropped(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = s_listener with { Allow = ["127.0.0.0/24"], Deny = ["127.0.0.9"] };
        using var origin = new UdpPeer();
        scenario.AddDestination($"udp://{origin.Address}");
        origin.Echo();
        using var denied = new UdpPeer(scenario.Address, IPAddress.Parse("127.0.0.9"));
        using var stranger = new UdpPeer(scenario.Address, IPAddress.Parse("127.0.1.1"));
        using var welcome = new UdpPeer(scenario.Address, IPAddress.Parse("127.0.0.8"));
        denied.Send([1]);
        stranger.Send([2]);
        welcome.Send([3]);
        Assert.Equal([3], welcome.Receive());
        WaitFor(scenario, udp => udp.RefusedByAddress == 2);
        Assert.Equal(1, scenario.Counters.Udp.Opened);
        scenario.WaitForLog("a client's address is not allowed");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_dead_address_of_a_name_is_left_out_for_a_while(EngineChoice engine) => Run(engine, scenario =>
    {
        using var origin = new UdpPeer();
        scenario.AddDestination($"udp://{origin.Address}");
        scenario.SetAddresses(new IPEndPoint(IPAddress.Loopback, Silence.UnusedDatagramPort()), origin.Address);
        origin.Echo();
        using (var first = new UdpPeer(scenario.Address)) first.Send([0]);
        WaitFor(scenario, udp => udp.Unreachable == 1);
        for (byte i = 1; i < 8; i++)
        {
            using var client = new UdpPeer(scenario.Address);
            client.Send([i]);
            Assert.Equal([i], client.Receive());
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_destination_that_is_not_there_is_passed_over(EngineChoice engine) => Run(engine, scenario =>
    {
        var nobody = $"127.0.0.1:{Silence.UnusedDatagramPort()}";
        using var origin = new UdpPeer();
        scenario.AddDestination($"udp://{nobody}");
        scenario.AddDestination($"udp://{origin.Address}");
        scenario.Cluster = new ClusterOptions { Balance = BalancePolicy.Hash };
        origin.Echo();
        for (var i = 1; i <= 20 || (scenario.Counters.Udp.Unreachable == 0 && i <= 100); i++)
        {
            // By its hash half of them belong to the one that is not there; each gets through at the next try.
            using var client = new UdpPeer(scenario.Address, IPAddress.Parse($"127.0.0.{i}")) { PatienceMs = 500 };
            Wait.Until(() => client.TryExchange([1]), "an answer");
        }
        scenario.WaitForLog($"upstream: datagram refused about={nobody}");
        var failing = scenario.Server.Destinations.Single(one => one.Name == nobody);
        Assert.InRange(failing.Failures, 1, failing.Requests);
        Assert.Equal(failing.Failures, scenario.Counters.Udp.Unreachable);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_records_of_a_service_say_where_datagrams_go(EngineChoice engine) => Run(engine, scenario =>
    {
        const string service = "_game._udp.a.example";
        using var names = new FakeNameServer();
        using var first = new UdpPeer();
        using var second = new UdpPeer();
        names.SetHost("o.example", IPAddress.Loopback);
        names.SetService(service, Place(Silence.UnusedDatagramPort()), Place(first.Address.Port));
        scenario.AddDestination($"srv://{service}");
        scenario.Options = scenario.Options with
        {
            Resolve = new ResolveOptions { Servers = [$"{names.Address}"], Interval = TimeSpan.FromSeconds(1) },
        };
        first.Echo();
        second.Echo();
        for (var i = 0; i < 6; i++)
        {
            // At one of the places nobody is: that ends the session which meets it, and nothing else.
            using var client = new UdpPeer(scenario.Address) { PatienceMs = 500 };
            Wait.Until(() => client.TryExchange([1]), "an answer");
        }
        scenario.WaitForLog("upstream: datagram refused");
        Assert.True(scenario.Counters.Udp.Unreachable > 0);
        using var early = new UdpPeer(scenario.Address) { PatienceMs = 500 };
        Wait.Until(() => early.TryExchange([2]), "an answer");
        var before = first.Echoed;
        names.SetService(service, Place(second.Address.Port));
        Wait.Until(() => scenario.Server.Destinations is [var only] && only.Name.EndsWith($":{second.Address.Port}"), "it moves");
        // A session that is open stays where it is; new ones follow the records.
        Wait.Until(() => early.TryExchange([3]), "an answer");
        Assert.True(first.Echoed > before);
        before = first.Echoed;
        using var late = new UdpPeer(scenario.Address);
        Assert.True(late.TryExchange([4]));
        Assert.Equal((before, 1), (first.Echoed, second.Echoed));

        static byte[] Place(int port) => FakeNameServer.Srv(0, 0, port, "o.example");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Sessions_take_turns_by_weight(EngineChoice engine) => Run(engine, scenario =>
    {
        using var a = new UdpPeer();
        using var b = new UdpPeer();
        scenario.AddDestination($"udp://{a.Address}", weight: 3);
        scenario.AddDestination($"udp://{b.Address}");
        a.Echo();
        b.Echo();
        for (var i = 0; i < 8; i++)
        {
            using var client = new UdpPeer(scenario.Address);
            client.Send([1]);
            client.Receive();
        }
        Assert.Equal([6, 2], scenario.Server.Destinations.Select(one => one.Requests));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Answers_leave_from_the_address_that_was_sent_to(EngineChoice engine)
    {
        foreach (var (listen, hosts) in new[]
        {
            ("0.0.0.0:0", new[] { "127.0.0.1", "127.0.0.2" }), (":0", ["127.0.0.1", "127.0.0.3", "::1"]), ("[::1]:0", ["::1"]),
        })
        {
            Run(engine, scenario =>
            {
                scenario.Listener = s_listener with { Address = listen };
                using var origin = new UdpPeer();
                scenario.AddDestination($"udp://{origin.Address}");
                origin.Echo();
                for (var round = 0; round < 3; round++)
                {
                    foreach (var host in hosts)
                    {
                        // A connected client hears nobody else.
                        using var client = new UdpPeer(new IPEndPoint(IPAddress.Parse(host), scenario.Address.Port));
                        for (byte i = 0; i < 3; i++)
                        {
                            client.Send([i]);
                            Assert.Equal([i], client.Receive());
                        }
                    }
                }
            });
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Destinations_may_have_IPv6_addresses_and_names(EngineChoice engine) => Run(engine, scenario =>
    {
        using var origin = new UdpPeer(IPAddress.IPv6Loopback);
        // The name has addresses of both kinds.
        using var named = new UdpPeer(IPAddress.IPv6Any);
        scenario.AddDestination($"udp://{origin.Address}");
        scenario.AddDestination($"udp://localhost:{named.Address.Port}");
        origin.Echo();
        named.Echo();
        for (var i = 0; i < 4; i++)
        {
            using var client = new UdpPeer(scenario.Address);
            client.Send([1]);
            Assert.Equal([1], client.Receive());
        }
        Assert.Equal([2, 2], scenario.Server.Destinations.Select(one => one.Requests));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void At_a_stop_sessions_may_go_on_while_they_talk(EngineChoice engine)
    {
        // A second of silence ends a session then, and on a busy machine that may be our own: this judges nothing.
        for (var tries = 1; !TalksThroughAStop(engine); tries++) Assert.True(tries < 10, "too busy a machine");
    }

    private static bool TalksThroughAStop(EngineChoice engine)
    {
        var silence = new Stopwatch();
        var hasTalked = true;
        Run(engine, scenario =>
        {
            using var origin = new UdpPeer();
            scenario.AddDestination($"udp://{origin.Address}");
            origin.Echo();
            using var client = new UdpPeer(scenario.Address);
            Talk(client, 0);
            var stopping = Task.Run(() => scenario.StopAndCheck());
            try
            {
                scenario.WaitForLog("udp sessions to end sessions=1");
                Wait.Until(() =>
                {
                    Talk(client, 1);
                    using var late = new UdpPeer(scenario.Address);
                    late.Send([9]);
                    return scenario.Counters.Udp.RefusedByStop > 0;
                }, "a new source that is turned away");
                for (byte i = 2; i < 7; i++) Talk(client, i);
            }
            catch (SocketException) when (silence.ElapsedMilliseconds > 500)
            {
                hasTalked = false;
            }
            Assert.True(stopping.Wait(10_000), "it does not stop");
            var udp = scenario.Counters.Udp;
            Assert.Equal((udp.Opened, 0, 0), (udp.Expired, udp.Stopped, udp.Active));
        });
        return hasTalked;

        void Talk(UdpPeer client, byte word)
        {
            client.Send([word]);
            Assert.Equal([word], client.Receive());
            silence.Restart();
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_session_is_a_line_of_the_access_log(EngineChoice engine)
    {
        var file = Path.GetTempFileName();
        Run(engine, scenario =>
        {
            scenario.Options = scenario.Options with { AccessLog = new AccessLogOptions { Format = AccessLogFormat.Json, Path = file } };
            scenario.LogLevel = LogLevel.Debug;
            using var origin = new UdpPeer();
            scenario.AddDestination($"udp://{origin.Address}");
            origin.Echo();
            using var client = new UdpPeer(scenario.Address);
            client.Send(new byte[10]);
            Assert.Equal(10, client.Receive().Length);
            WaitFor(scenario, udp => udp.Traffic.Down == 1);
            scenario.StopAndCheck(graceSeconds: 0);
            scenario.WaitForLog("udp session state=Closed client=127.0.0.1");
        });
        var line = Assert.Single(File.ReadAllLines(file));
        Assert.Contains("\"listener\":\"main\",\"host\":\"\",\"protocol\":\"UDP\",\"end\":\"stopped\",\"bytes_sent\":10,\"bytes_received\":10", line);
        Assert.Contains("\"datagrams_sent\":1,\"datagrams_received\":1,", line);
        File.Delete(file);
    }

    [Theory]
    [InlineData(EngineChoice.Epoll)]
    [InlineData(EngineChoice.IoUring)]
    [InlineData(EngineChoice.Portable)]
    public void Several_workers_share_the_sources(EngineChoice engine) => Run(engine, scenario =>
    {
        using var origin = new UdpPeer();
        scenario.AddDestination($"udp://{origin.Address}");
        origin.Echo();
        scenario.Options = scenario.Options with { Workers = 3 };
        // A port that is free, and nobody else in this process takes one before the listener does.
        using (var other = new UdpPeer()) scenario.Listener = s_listener with { Address = $"{other.Address}" };
        Assert.Equal(scenario.Listener.Address, $"{scenario.Address}");
        var clients = Enumerable.Range(0, 60).Select(_ => new UdpPeer(scenario.Address)).ToArray();
        for (byte round = 0; round < 3; round++)
        {
            foreach (var client in clients) client.Send([round]);
            foreach (var client in clients) Assert.Equal([round], client.Receive());
        }
        Assert.Equal(clients.Length, scenario.Counters.Udp.Opened);
        // One loop has the listener for itself where loops cannot share it.
        var expected = engine == EngineChoice.Portable ? 1 : 3;
        Assert.Equal(expected, scenario.Server.Statistics.Count(worker => worker.Udp.Opened > 0));
        foreach (var client in clients) client.Dispose();
    });

    private static void WaitFor(Scenario scenario, Func<Telemetry.UdpCounters, bool> condition) =>
        Wait.Until(() => condition(scenario.Counters.Udp), "the counters");

    private static byte[] Mark(int client, int number) => BitConverter.GetBytes((long)client << 32 | (uint)number);

    private static void Run(EngineChoice engine, Action<Scenario> body) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = s_listener;
        body(scenario);
    });
}
