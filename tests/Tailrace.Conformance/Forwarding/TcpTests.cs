using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Forwarding;

/// <summary>Connections that are forwarded as they are, over real sockets.</summary>
public sealed class TcpTests
{
    private static readonly byte[] s_piece = new byte[64 << 10];

    private static readonly ListenerOptions s_listener = new()
    {
        Address = "127.0.0.1:0",
        Name = "main",
        Protocol = ListenerProtocol.Tcp,
        Cluster = "origins",
    };

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_server_may_speak_first(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.Send("220 ready\r\n");
            Assert.Equal("QUIT", wire.ReadLine());
            wire.Send("221 bye\r\n");
        });
        var client = scenario.Connect();
        Assert.Equal("220 ready", client.ReadLine());
        client.Send("QUIT\r\n");
        Assert.Equal("221 bye", client.ReadLine());
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Bodies_of_any_size_arrive_both_ways(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.AddOrigin(wire => wire.Send(wire.ReadToEnd()));
        foreach (var size in Payload.Sizes)
        {
            var bytes = Payload.Of(size);
            using var client = Wire.Connect(scenario.Address);
            client.Send(bytes);
            client.EndSending();
            Payload.Same(bytes, client.ReadToEnd());
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Random_transfers_with_slow_readers_arrive_whole(EngineChoice engine) => Run(engine, scenario =>
    {
        const int clients = 8;
        const int transfers = 40;
        scenario.AddOrigin(wire =>
        {
            // A length and a seed in a line; the answer is the hash of what came, then as many bytes of its own.
            var words = wire.ReadLine().Split(' ');
            var (up, down, seed) = (int.Parse(words[0]), int.Parse(words[1]), int.Parse(words[2]));
            if (seed % 3 == 0) Thread.Sleep(1);
            wire.Send(Convert.ToHexString(SHA256.HashData(wire.ReadExactly(up))) + "\r\n");
            wire.Send(Payload.Of(down, seed));
        });
        var address = scenario.Address;
        Crowd.Run(clients, index =>
        {
            var random = new Random(index);
            for (var i = 0; i < transfers; i++)
            {
                var seed = index * 1000 + i;
                var up = Payload.Of(1 << random.Next(18) | random.Next(1 << 10), seed);
                var down = Payload.Of(1 << random.Next(18) | random.Next(1 << 10), seed);
                using var wire = Wire.Connect(address, windowBytes: i % 4 == 0 ? 64 << 10 : 0);
                wire.Send($"{up.Length} {down.Length} {seed}\r\n");
                wire.SendSplit(up, i % 5 == 0 ? 777 : 100_000);
                Assert.Equal(Convert.ToHexString(SHA256.HashData(up)), wire.ReadLine());
                if (i % 7 == 0) Thread.Sleep(1);
                Payload.Same(down, wire.ReadExactly(down.Length));
                wire.ExpectEnd();
            }
        });
        scenario.WaitUntilIdle();
        var tunnels = scenario.Counters.Tcp;
        Assert.Equal((clients * transfers, clients * transfers), (tunnels.Opened, tunnels.OriginClosed));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_destination_that_refuses_is_passed_over(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.AddDestination($"tcp://127.0.0.1:{Silence.UnusedPort()}");
        var origin = scenario.AddOrigin(wire => wire.Send("here"));
        for (var i = 0; i < 4; i++) Assert.Equal("here", ReadAll(scenario));
        Assert.Equal(4, origin.Accepts);
        Assert.InRange(scenario.Counters.UpstreamConnectErrors, 1, 4);
        Assert.Equal(0, scenario.Counters.Tcp.Unreachable);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Destinations_take_turns_by_weight(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.AddOrigin(wire => wire.Send("a"), weight: 3);
        scenario.AddOrigin(wire => wire.Send("b"));
        Assert.Equal("aaaaaabb", string.Concat(Enumerable.Range(0, 8).Select(_ => ReadAll(scenario)).Order()));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Without_a_destination_the_client_connects_and_is_closed(EngineChoice engine) => Run(engine, scenario =>
    {
        var nobody = $"127.0.0.1:{Silence.UnusedPort()}";
        scenario.AddDestination($"tcp://{nobody}");
        // A reset would often meet the client's connect before that has returned.
        for (var i = 0; i < 100; i++)
        {
            using var client = Wire.Connect(scenario.Address);
            client.ExpectEnd();
        }
        scenario.WaitForLog($"upstream: connect refused about={nobody}");
        scenario.WaitUntilIdle();
        Assert.Equal((100, 100), (scenario.Counters.Tcp.Unreachable, scenario.Counters.Tcp.ConnectErrors));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_idle_connection_is_closed_and_a_slow_one_is_not(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = s_listener with { Timeouts = new ListenerTimeouts { Idle = TimeSpan.FromMilliseconds(600) } };
        scenario.AddOrigin(wire =>
        {
            for (var i = 0; i < 6; i++)
            {
                wire.Send("x");
                Thread.Sleep(200);
            }
            wire.ReadToEnd();
        });
        var client = scenario.Connect();
        // The client never says a word, and only the other direction moves.
        Assert.Equal("xxxxxx"u8.ToArray(), client.ReadExactly(6));
        client.ExpectEnd();
        scenario.WaitUntilIdle();
        Assert.Equal(1, scenario.Counters.Tcp.IdleTimeouts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_that_leaves_during_the_connect_is_not_connected_for(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Timeouts = new ClusterTimeouts { Connect = TimeSpan.FromMinutes(10) } };
        using var silent = new FullListener();
        scenario.AddDestination($"tcp://{silent.Address}");
        var client = scenario.Connect();
        Wait.Until(() => scenario.Counters.Tcp.Connecting == 1, "it does not connect");
        Assert.Equal([1, 0, 0, 0, 0], scenario.Server.CountStates());
        client.Reset();
        scenario.WaitUntilIdle();
        Assert.Equal((0, 1), (scenario.Counters.Tcp.Connecting, scenario.Counters.Tcp.ClientReset));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_moves_may_end_at_shutdown_and_what_does_not_is_cut(EngineChoice engine) => Run(engine, scenario =>
    {
        using var go = new ManualResetEventSlim();
        scenario.AddOrigin(wire =>
        {
            wire.Send("begin");
            go.Wait(30_000);
            wire.Send(" end");
        });
        var client = scenario.Connect();
        Assert.Equal("begin"u8.ToArray(), client.ReadExactly(5));
        var stopping = new Thread(() => scenario.StopAndCheck());
        stopping.Start();
        scenario.WaitForLog("tcp connections to end connecting=0 connected=1 reading=0 writing=0 closing=0");
        go.Set();
        Assert.Equal(" end"u8.ToArray(), client.ReadToEnd());
        client.EndSending();
        stopping.Join();
        Assert.Equal(1, scenario.Counters.Tcp.OriginClosed);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_does_not_end_in_time_is_cut(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.AddOrigin(wire => wire.ReadToEnd());
        var client = scenario.Connect();
        // The origin may have the connection before the proxy knows.
        Wait.Until(() => scenario.Counters.Tcp.Active == 1, "the connection has not arrived");
        scenario.StopAndCheck(graceSeconds: 0);
        client.ExpectEnd();
        Assert.Equal(1, scenario.Counters.Tcp.Aborted);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_stalled_reader_stops_the_writer_and_holds_one_block(EngineChoice engine) => Run(engine, scenario =>
    {
        Wire? origin = null;
        scenario.AddOrigin(wire =>
        {
            origin = wire;
            wire.SendSplit(new byte[64 << 20], 64 << 10);
        });
        using var client = scenario.Connect(windowBytes: 16 << 10);
        Wait.Until(() => origin is { Sent: > 0 }, "nothing is sent");
        Assert.True(Wait.Standstill(() => origin!.Sent) < 60 << 20, "all of it was swallowed");
        Assert.InRange(scenario.Ask(reactor => reactor.Buffers.Rented), 0, 1);
        Assert.Equal([0, 0, 0, 1, 0], scenario.Server.CountStates());
        Assert.Equal(64 << 20, client.ReadToEnd().Length);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_stalled_reader_costs_no_more_than_the_buffers_that_are_configured(EngineChoice engine) => Run(engine, scenario =>
    {
        const int total = 16 << 20;
        // A buffer of the kernel's at both ends of both streams (twice as large as asked for), one here, and a pipe.
        const int most = 4 * (2 * 32 << 10) + (64 << 10) + (256 << 10);
        scenario.Options = scenario.Options with { Buffers = new BufferOptions { Socket = 32 << 10 } };
        Wire? origin = null;
        using var mayRead = new ManualResetEventSlim();
        scenario.AddOrigin(wire =>
        {
            origin = wire;
            wire.SendBufferBytes = 32 << 10;
            wire.SendSplit(new byte[total], 32 << 10);
            mayRead.Wait();
            Assert.Equal(total, wire.ReadToEnd().Length);
        });
        using var client = scenario.Connect(windowBytes: 32 << 10);
        Wait.Until(() => origin is { Sent: > 0 }, "nothing is sent");
        Assert.InRange(Wait.Standstill(() => origin!.Sent), 1, most);
        client.SendBufferBytes = 32 << 10;
        var upload = new Thread(() =>
        {
            client.SendSplit(new byte[total], 32 << 10);
            client.EndSending();
        });
        upload.Start();
        Wait.Until(() => client.Sent > 0, "nothing is sent");
        // The origin's own window is the system's choice.
        Assert.InRange(Wait.Standstill(() => client.Sent), 1, most + (128 << 10));
        client.ReadExactly(total);
        mayRead.Set();
        upload.Join();
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Unix_sockets_work_on_both_sides(EngineChoice engine)
    {
        var folder = Directory.CreateTempSubdirectory();
        var (front, back) = (Path.Combine(folder.FullName, "front"), Path.Combine(folder.FullName, "back"));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(back));
        listener.Listen();
        // What a process that was killed leaves behind is in nobody's way.
        using (var stale = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            stale.Bind(new UnixDomainSocketEndPoint(front + ".moved"));
            File.Move(front + ".moved", front);
        }
        Assert.True(File.Exists(front));
        Run(engine, scenario =>
        {
            scenario.Options = scenario.Options with { Workers = 2 };
            scenario.Listener = s_listener with { Address = $"unix:{front}" };
            scenario.AddDestination($"unix:{back}");
            Assert.Equal(front, scenario.Server.Addresses[0].ToString());
            using var client = Wire.Connect(new UnixDomainSocketEndPoint(front));
            client.Send("over files");
            client.EndSending();
            using var origin = new Wire(listener.Accept());
            Assert.Equal("over files"u8.ToArray(), origin.ReadToEnd());
            origin.Send("and back");
            origin.EndSending();
            Assert.Equal("and back"u8.ToArray(), client.ReadToEnd());
        });
        Assert.False(File.Exists(front));
        folder.Delete(recursive: true);
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_unix_peer_that_closes_is_heard_out(EngineChoice engine)
    {
        var folder = Directory.CreateTempSubdirectory();
        var (front, back) = (Path.Combine(folder.FullName, "front"), Path.Combine(folder.FullName, "back"));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(back));
        listener.Listen();
        Run(engine, scenario =>
        {
            scenario.Listener = s_listener with { Address = $"unix:{front}" };
            scenario.AddDestination($"unix:{back}");
            Assert.Equal(front, scenario.Server.Addresses[0].ToString());
            using var client = Wire.Connect(new UnixDomainSocketEndPoint(front));
            client.Send("ask");
            // As much as all sockets hold: the end comes while the tunnel waits for room.
            var sent = 0L;
            using (var origin = listener.Accept())
            {
                origin.Receive(new byte[3]);
                origin.Blocking = false;
                Wait.Standstill(() => sent += Math.Max(0, origin.Send(s_piece, SocketFlags.None, out _)));
            }
            scenario.WaitUntilHeard();
            Assert.Equal([0, 0, 0, 1, 0], scenario.Server.CountStates());
            Assert.Equal(sent, client.ReadToEnd().Length);
        });
        folder.Delete(recursive: true);
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_unix_peer_that_closes_during_the_connect_is_heard_out(EngineChoice engine)
    {
        var folder = Directory.CreateTempSubdirectory();
        var front = Path.Combine(folder.FullName, "front");
        using var full = new FullListener();
        Run(engine, scenario =>
        {
            scenario.Listener = s_listener with { Address = $"unix:{front}" };
            scenario.Cluster = new ClusterOptions
            {
                Timeouts = new ClusterTimeouts { Connect = TimeSpan.FromSeconds(30) },
            };
            scenario.AddDestination($"tcp://{full.Address}");
            Assert.Equal(front, scenario.Server.Addresses[0].ToString());
            var bytes = Payload.Of(100_000);
            using (var client = Wire.Connect(new UnixDomainSocketEndPoint(front))) client.Send(bytes);
            Wait.Until(() => scenario.Server.CountStates()[0] == 1, "it does not connect");
            scenario.WaitUntilHeard();
            using var origin = new Wire(full.Accept());
            Payload.Same(bytes, origin.ReadToEnd());
        });
        folder.Delete(recursive: true);
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_full_queue_of_a_Unix_socket_is_waited_for(EngineChoice engine)
    {
        var folder = Directory.CreateTempSubdirectory();
        var path = new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, "back"));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(path);
        // One may wait to be accepted.
        listener.Listen(0);
        Run(engine, scenario =>
        {
            scenario.AddDestination($"unix:{path}");
            using var first = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            first.Connect(path);
            using (var refused = Wire.Connect(scenario.Address)) refused.ExpectEnd();
            scenario.WaitForLog("upstream: the queue of its socket is full");
            Assert.All(scenario.Server.Destinations, one => Assert.Equal(0, one.Failures));
            // One that begins while the queue is full. What comes too late for it begins again.
            for (var tries = 1; ; tries++)
            {
                using var client = Wire.Connect(scenario.Address);
                client.Send("late");
                client.EndSending();
                Wait.Until(() => scenario.Server.CountStates()[0] == 1, "it does not wait");
                listener.Accept().Dispose();
                if (tries < 10 && !listener.Poll(TimeSpan.FromSeconds(2), SelectMode.SelectRead))
                {
                    using var again = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    again.Connect(path);
                    continue;
                }
                Assert.True(listener.Poll(TimeSpan.Zero, SelectMode.SelectRead), "nothing comes when there is room");
                using var origin = new Wire(listener.Accept());
                Assert.Equal("late"u8.ToArray(), origin.ReadToEnd());
                break;
            }
        });
        folder.Delete(recursive: true);
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_full_queue_of_a_Unix_socket_is_not_waited_for_when_the_client_has_left(EngineChoice engine)
    {
        using var full = new FullUnixListener();
        Run(engine, scenario =>
        {
            scenario.AddDestination(full.Address);
            // One that is not heard to leave in time, for whatever reason, is told that there is no way.
            for (var tries = 1; ; tries++)
            {
                using var client = scenario.Connect();
                client.Send("x");
                Wait.Until(() => scenario.Server.CountStates()[0] == 1, "it does not wait");
                client.Reset();
                scenario.WaitUntilIdle();
                if (scenario.Counters.Tcp.ClientReset > 0) break;
                Assert.True(tries < 10, "it is tried on for a client that has left");
            }
            Assert.Equal(scenario.Counters.Tcp.Unreachable, scenario.Counters.UpstreamConnectErrors);
            var destination = Assert.Single(scenario.Server.Destinations);
            Assert.Equal((0, 0), (destination.Active, destination.Failures));
        });
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Every_connection_is_recorded(EngineChoice engine)
    {
        var path = Path.GetTempFileName();
        var name = "";
        Run(engine, scenario =>
        {
            scenario.Options = scenario.Options with
            {
                AccessLog = new AccessLogOptions { Format = AccessLogFormat.Json, Path = path },
            };
            scenario.LogLevel = LogLevel.Debug;
            var origin = scenario.AddOrigin(wire =>
            {
                if (wire.ReadLine() == "reset") wire.Reset();
                else wire.Send("hello");
            });
            name = origin.Address.ToString();
            using (var client = Wire.Connect(scenario.Address))
            {
                client.Send("say\r\n");
                Assert.Equal("hello"u8.ToArray(), client.ReadToEnd());
            }
            scenario.WaitUntilIdle();
            using (var client = Wire.Connect(scenario.Address))
            {
                client.Send("reset\r\n");
                client.ExpectReset();
            }
            scenario.WaitUntilIdle();
            foreach (var state in new[] { "Connecting", "Connected", "Reading", "Closing", "Closed" })
                scenario.WaitForLog($"tcp connection state={state} client=127.0.0.1:");
            scenario.WaitForLog($"destination={name}");
        });
        var entries = File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        File.Delete(path);
        Assert.Equal(["origin-closed", "origin-reset"], All("end"));
        Assert.Equal(["5", "7"], All("bytes_received"));
        Assert.Equal(["5", "0"], All("bytes_sent"));
        Assert.Equal(["TCP", "TCP"], All("protocol"));
        Assert.Equal(["main", "main"], All("listener"));
        Assert.Equal([name, name], All("upstream"));
        Assert.Equal(["127.0.0.1", "127.0.0.1"], All("client"));

        IEnumerable<string> All(string key) => entries.Select(entry => entry.GetProperty(key).ToString());
    }

    private static void Run(EngineChoice engine, Action<Scenario> body) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = s_listener;
        body(scenario);
    });

    private static string ReadAll(Scenario scenario)
    {
        using var client = Wire.Connect(scenario.Address);
        return System.Text.Encoding.ASCII.GetString(client.ReadToEnd());
    }
}
