using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Forwarding;

/// <summary>Which destination a forwarded connection gets, how long it may last, and what is counted of it.</summary>
public sealed class TcpPolicyTests
{
    private static readonly ListenerOptions s_listener = new()
    {
        Address = "127.0.0.1:0",
        Name = "main",
        Protocol = ListenerProtocol.Tcp,
        Cluster = "origins",
    };

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_one_with_the_fewest_connections_gets_the_next(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Balance = BalancePolicy.LeastRequests };
        scenario.AddOrigin(wire => Name(wire, "a"));
        scenario.AddOrigin(wire => Name(wire, "b"));
        var first = scenario.Connect();
        var name = first.ReadLine();
        for (var i = 0; i < 4; i++)
        {
            var next = Wire.Connect(scenario.Address);
            Assert.NotEqual(name, next.ReadLine());
            next.Dispose();
            Wait.Until(() => scenario.Counters.Tcp.Active == 1, "it is still open");
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_stays_with_its_destination_by_its_address(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Balance = BalancePolicy.Hash };
        var header = new ProxyProtocolOptions { Accept = ProxyProtocolMode.Required };
        scenario.Listener = s_listener with { ProxyProtocol = header };
        foreach (var name in new[] { "a", "b", "c" }) scenario.AddOrigin(wire => Name(wire, name));
        // Whose an address is depends on the origins' ports: so many that none is left out by chance.
        var chosen = Enumerable.Range(1, 80).Select(i => Ask($"192.0.2.{i}")).ToArray();
        Assert.Equal(["a", "b", "c"], chosen.Distinct().Order());
        Assert.Equal(chosen, Enumerable.Range(1, 80).Select(i => Ask($"192.0.2.{i}")));

        string Ask(string source)
        {
            using var client = Wire.Connect(scenario.Address);
            client.Send($"PROXY TCP4 {source} 198.51.100.1 {1024 + Random.Shared.Next(60_000)} 2\r\n");
            return client.ReadLine();
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_does_not_answer_in_time_is_left_out(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with
        {
            Timeouts = new ClusterTimeouts { Connect = TimeSpan.FromMilliseconds(150) },
            Health = new HealthOptions { Eject = new EjectOptions { Failures = 2, Time = TimeSpan.FromMinutes(10) } },
        };
        using var silent = new FullListener();
        scenario.AddDestination($"tcp://{silent.Address}");
        scenario.AddOrigin(wire => Name(wire, "well"));
        for (var i = 0; i < 8; i++)
        {
            using var client = Wire.Connect(scenario.Address);
            Assert.Equal("well", client.ReadLine());
        }
        scenario.WaitForLog("destination is left out");
        Assert.Equal(2, scenario.Counters.Tcp.ConnectErrors);
        var left = Assert.Single(scenario.Server.Destinations, one => one.EjectedBy > 0);
        Assert.Equal((2, 0), (left.Tcp.ConnectErrors, left.Tcp.Opened));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_was_left_out_is_tried_again(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with
        {
            Health = new HealthOptions
            {
                Eject = new EjectOptions
                {
                    Failures = 2,
                    Time = TimeSpan.FromMilliseconds(100),
                    TimeMax = TimeSpan.FromMilliseconds(100),
                },
            },
        };
        var port = Silence.UnusedPort();
        scenario.AddDestination($"tcp://127.0.0.1:{port}");
        scenario.AddOrigin(wire => Name(wire, "well"));
        Wait.Until(() => Ask() == "well" && scenario.Log.With("destination is left out").Any(), "it is not left out");
        using var back = new Origin(wire => Name(wire, "back"), port);
        Wait.Until(() => Ask() == "back", "it is not tried again");

        string Ask()
        {
            using var client = Wire.Connect(scenario.Address);
            return client.ReadLine();
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_dead_address_of_a_name_is_left_out_for_a_while(EngineChoice engine) => Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(wire => Name(wire, "well"));
        scenario.SetAddresses(new IPEndPoint(IPAddress.Loopback, Silence.UnusedPort()), origin.Address);
        for (var i = 0; i < 8; i++)
        {
            using var client = Wire.Connect(scenario.Address);
            Assert.Equal("well", client.ReadLine());
        }
        // It is counted each time that it is tried, although another address has answered.
        Assert.Equal((1, 1), (scenario.Counters.UpstreamConnectErrors, scenario.Counters.Tcp.ConnectErrors));
        Assert.Equal(1, Assert.Single(scenario.Server.Destinations).Tcp.ConnectErrors);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Where_there_is_no_destination_that_is_the_reason(EngineChoice engine) => Run(engine, scenario =>
    {
        using var names = new FakeNameServer();
        scenario.Options = scenario.Options with { Resolve = new ResolveOptions { Servers = [$"{names.Address}"] } };
        scenario.AddDestination("srv://_tcp._tcp.none.example");
        scenario.Connect().ExpectEnd();
        scenario.WaitForLog("upstream: no destination about=origins");
        Assert.Equal(1, scenario.Counters.Tcp.Unreachable);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_connection_lasts_no_longer_than_it_may_though_busy(EngineChoice engine) => Run(engine, scenario =>
    {
        var timeouts = new ListenerTimeouts { Lifetime = TimeSpan.FromMilliseconds(400) };
        scenario.Listener = s_listener with { Timeouts = timeouts };
        scenario.AddOrigin(wire =>
        {
            while (true)
            {
                wire.Send("x");
                Thread.Sleep(5);
            }
        });
        var client = scenario.Connect();
        Assert.ThrowsAny<Exception>(() => client.ReadExactly(1 << 20));
        scenario.WaitUntilIdle();
        Assert.Equal(1, scenario.Counters.Tcp.Expired);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_cluster_that_is_full_takes_no_more(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Limits = new ClusterLimits { ConnectionsPerDestination = 1 } };
        scenario.AddOrigin(wire => Name(wire, "a"));
        var first = scenario.Connect();
        Assert.Equal("a", first.ReadLine());
        scenario.Connect().ExpectEnd();
        scenario.WaitForLog("upstream: connection limit reached about=origins");
        Assert.Equal(1, scenario.Counters.Tcp.Unreachable);
        first.EndSending();
        first.ExpectEnd();
        scenario.WaitUntilIdle();
        Assert.Equal("a", scenario.Connect().ReadLine());
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Listeners_and_destinations_are_counted_while_they_run(EngineChoice engine) => Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(wire =>
        {
            Assert.Equal("ask", wire.ReadLine());
            wire.Send("answer!");
            if (wire.ReadLine() == "reset") wire.Reset();
        });
        var stays = scenario.Connect();
        stays.Send("ask\r\n");
        Assert.Equal("answer!"u8.ToArray(), stays.ReadExactly(7));
        var leaves = scenario.Connect();
        leaves.Send("ask\r\n");
        Assert.Equal("answer!"u8.ToArray(), leaves.ReadExactly(7));
        leaves.Send("reset\r\n");
        Assert.ThrowsAny<IOException>(() => leaves.ReadToEnd());
        Wait.Until(() => scenario.Counters.Tcp.Active == 1, "it is still open");

        Assert.Equal(("connected", 1), Assert.Single(scenario.Server.TcpStates(), state => state.Connections > 0));
        var listener = Assert.Single(scenario.Server.Listeners);
        Assert.Equal(("main", 2, 1, 0), (listener.Name, listener.Accepted, listener.Active, listener.Refused));
        var destination = Assert.Single(scenario.Server.Destinations);
        foreach (var counters in new[] { listener.Tcp, destination.Tcp, scenario.Counters.Tcp })
        {
            Assert.Equal((2, 1, 17, 14), (counters.Opened, counters.Active, counters.BytesUp, counters.BytesDown));
            Assert.Equal((1, 0, 0), (counters.OriginReset, counters.ClientReset, counters.ConnectErrors));
        }
        stays.Reset();
        scenario.WaitUntilIdle();
        scenario.StopAndCheck();
        Assert.Empty(scenario.Server.TcpStates());
        var totals = scenario.Server.Listeners[0];
        Assert.Equal((1, 17, 0), (totals.Tcp.ClientReset, totals.Tcp.BytesUp, totals.Active));
        Assert.Equal(2, origin.Accepts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_clients_of_a_Unix_socket_are_allowed_and_denied_by_name(EngineChoice engine)
    {
        var folder = Directory.CreateTempSubdirectory();
        var path = Path.Combine(folder.FullName, "front");
        Check(isLetIn: true, allow: ["unix"], deny: []);
        Check(isLetIn: true, allow: ["10.0.0.0/8", "unix"], deny: []);
        Check(isLetIn: false, allow: [], deny: ["unix"]);
        folder.Delete(recursive: true);

        void Check(bool isLetIn, string[] allow, string[] deny) => Run(engine, scenario =>
        {
            scenario.Listener = s_listener with { Address = $"unix:{path}", Allow = allow, Deny = deny };
            scenario.AddOrigin(wire => Name(wire, "in"));
            Assert.Equal(path, scenario.Server.Addresses[0].ToString());
            using var client = Wire.Connect(new UnixDomainSocketEndPoint(path));
            if (isLetIn) Assert.Equal("in", client.ReadLine());
            else client.ExpectEnd();
            Assert.Equal(isLetIn ? 0 : 1, scenario.Counters.Denied);
        });
    }

    /// <summary>Says a name, and stays until the client leaves.</summary>
    private static void Name(Wire wire, string name)
    {
        wire.Send(name + "\r\n");
        wire.ReadToEnd();
    }

    private static void Run(EngineChoice engine, Action<Scenario> body) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = s_listener;
        body(scenario);
    });
}
