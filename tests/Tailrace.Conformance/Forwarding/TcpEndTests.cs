using System.Diagnostics;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Conformance.Support;
using Tailrace.Memory;

namespace Tailrace.Conformance.Forwarding;

/// <summary>How forwarded connections end: what is delivered before, what the sides are told, and what is logged.</summary>
public sealed class TcpEndTests
{
    private static readonly ListenerOptions s_listener = new()
    {
        Address = "127.0.0.1:0",
        Name = "main",
        Protocol = ListenerProtocol.Tcp,
        Cluster = "origins",
    };

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_reset_waits_for_as_long_as_a_slow_reader_reads(EngineChoice engine) => Run(engine, scenario =>
    {
        const int total = 300_000;
        scenario.AddOrigin(wire =>
        {
            wire.Send(Payload.Of(total));
            // What its own system still holds would go with the reset.
            Wait.Until(() => wire.Owed == 0, "the proxy's system has not taken it");
            wire.Reset();
        });
        using var client = scenario.Connect(windowBytes: 8 << 10);
        ReadSlowly(client, Payload.Of(total));
        client.ExpectReset();
        scenario.WaitUntilIdle();
        Assert.Equal((1, total), (scenario.Counters.Tcp.OriginReset, scenario.Counters.Tcp.BytesDown));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_was_sent_before_an_end_arrives_when_a_late_word_is_answered_by_a_reset(EngineChoice engine) => Run(engine, scenario =>
    {
        const int total = 300_000;
        using var hasSent = new ManualResetEventSlim();
        scenario.AddOrigin(wire =>
        {
            wire.Send(Payload.Of(total));
            Wait.Until(() => wire.Owed == 0, "the proxy's system has not taken it");
            wire.Dispose();
            hasSent.Set();
        });
        using var client = scenario.Connect(windowBytes: 8 << 10);
        // Its system has closed it by then.
        hasSent.Wait(30_000);
        client.Send("too late\r\n");
        // Then a reset, or before it the end: that has gone on its way if all of this had.
        ReadSlowly(client, Payload.Of(total));
        scenario.WaitUntilIdle();
        Assert.Equal(total, scenario.Counters.Tcp.BytesDown);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_download_that_outlives_its_time_does_not_look_complete(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Listener = s_listener with
        {
            Timeouts = new ListenerTimeouts { Lifetime = TimeSpan.FromMilliseconds(500) },
        };
        scenario.AddOrigin(SendSteadily);
        for (var i = 0; i < 3; i++)
        {
            using var client = Wire.Connect(scenario.Address);
            client.ExpectReset();
        }
        scenario.WaitUntilIdle();
        Assert.Equal(3, scenario.Counters.Tcp.Expired);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_lifetime_ends_the_wait_for_what_a_client_says_first(EngineChoice engine)
    {
        foreach (var protocol in new[] { ListenerProtocol.Tcp, ListenerProtocol.Mixed })
        {
            Run(engine, scenario =>
            {
                scenario.AddOrigin(wire => wire.ReadToEnd());
                scenario.Listener = s_listener with
                {
                    Protocol = protocol,
                    TlsRoutes = [new TlsRouteOptions { Host = ["a.example"], Cluster = "origins" }],
                    Timeouts = new ListenerTimeouts
                    {
                        Hello = TimeSpan.FromMinutes(10),
                        Lifetime = TimeSpan.FromMilliseconds(300),
                    },
                };
                using var silent = Wire.Connect(scenario.Address);
                silent.ExpectEnd();
                using var half = Wire.Connect(scenario.Address);
                half.Send("\x16\x03\x01\0\x10\x01");
                half.ExpectReset();
                scenario.WaitUntilIdle();
                Assert.Equal(2, scenario.Counters.Tcp.Expired);
            });
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_lifetime_ends_the_connects(EngineChoice engine)
    {
        if (!OperatingSystem.IsLinux()) return;
        using var full = new FullListener();
        Run(engine, scenario =>
        {
            scenario.AddDestination($"tcp://{full.Address}");
            var timeouts = new ClusterTimeouts { Connect = TimeSpan.FromMinutes(5) };
            scenario.Cluster = scenario.Cluster with { Timeouts = timeouts };
            scenario.Listener = s_listener with
            {
                Timeouts = new ListenerTimeouts { Lifetime = TimeSpan.FromMilliseconds(300) },
            };
            using var silent = Wire.Connect(scenario.Address);
            silent.ExpectEnd();
            scenario.WaitUntilIdle();
            Assert.Equal((1, 0), (scenario.Counters.Tcp.Expired, scenario.Counters.Tcp.ConnectErrors));
            Assert.All(scenario.Server.Destinations, one => Assert.Equal(0, one.Failures));
        });
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_download_at_the_end_of_the_process_does_not_look_complete(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.AddOrigin(SendSteadily);
        var client = scenario.Connect();
        client.ReadExactly(5000);
        scenario.StopAndCheck(graceSeconds: 0);
        client.ExpectReset();
        Assert.Equal(1, scenario.Counters.Tcp.Aborted);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Bulk_is_counted_as_reading(EngineChoice engine) => Run(engine, scenario =>
    {
        using var isSeen = new ManualResetEventSlim();
        var piece = new byte[64 << 10];
        scenario.AddOrigin(wire =>
        {
            // Slower than whoever reads it.
            while (!isSeen.Wait(2)) wire.Send(piece);
            wire.Send(new byte[piece.Length]);
        });
        using var client = scenario.Connect();
        var reading = Task.Run(() =>
        {
            while (!isSeen.IsSet) client.ReadExactly(piece.Length);
        });
        Wait.Until(() => scenario.Server.TcpStates().Any(one => one is ("reading", 1)), "it is never reading");
        isSeen.Set();
        reading.Wait();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Each_change_of_state_is_logged_once(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.LogLevel = LogLevel.Debug;
        scenario.AddOrigin(wire =>
        {
            wire.Send(wire.ReadLine());
            wire.ReadToEnd();
        });
        using (var client = Wire.Connect(scenario.Address))
        {
            client.Send("x\r\n");
            client.ReadExactly(1);
        }
        scenario.WaitForLog("tcp connection state=Closed");
        string[] lines = [.. scenario.Log.With("tcp connection state=")];
        var states = lines.Select(line => line.Split("state=")[1].Split(' ')[0]);
        Assert.Equal(
            ["Connecting", "Connected", "Reading", "Connected", "Reading", "Connected", "Closing", "Closed"], states);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_end_of_a_stream_needs_no_buffer_and_bytes_without_one_are_logged(EngineChoice engine) => Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Buffers = new BufferOptions { Max = 1 << 20, Pipes = 0 } };
        using var mayEnd = new ManualResetEventSlim();
        scenario.AddOrigin(wire =>
        {
            wire.Send("begin");
            mayEnd.Wait(30_000);
            wire.EndSending();
            wire.ReadToEnd();
        });
        var client = scenario.Connect();
        var other = scenario.Connect();
        Assert.Equal("begin"u8.ToArray(), client.ReadExactly(5));
        Assert.Equal("begin"u8.ToArray(), other.ReadExactly(5));
        var taken = scenario.Ask(reactor =>
        {
            List<ByteBuffer> buffers = [];
            do buffers.Add(reactor.RentBuffer());
            while (buffers[^1].TryReserve(1));
            return buffers;
        });
        // More than a loop passes on by itself.
        other.Send(new byte[60_000]);
        other.ExpectReset();
        scenario.WaitForLog("no buffer is left: a connection is closed about=main");
        mayEnd.Set();
        client.ExpectEnd();
        client.EndSending();
        Wait.Until(() => scenario.Counters.Tcp.Active == 0, "it does not end");
        scenario.Ask(_ =>
        {
            foreach (var buffer in taken) buffer.Release();
            return true;
        });
        Assert.Equal((1, 1), (scenario.Counters.Tcp.OriginClosed, scenario.Counters.Tcp.NoBuffers));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Why_a_Unix_socket_cannot_be_connected_to_is_said(EngineChoice engine)
    {
        var folder = Directory.CreateTempSubdirectory();
        var path = new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, "back"));
        Run(engine, scenario =>
        {
            // Each is a cause of its own, and none is left out because of the one before.
            scenario.Cluster = new ClusterOptions { Health = new HealthOptions { Eject = new EjectOptions { Failures = 0 } } };
            scenario.AddDestination($"unix:{path}");
            Expect("its socket does not exist");
            using (var stale = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                stale.Bind(path);
                Expect("connect refused");
            }
            File.Delete(path.ToString());
            using (var other = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified))
            {
                other.Bind(path);
                Expect("its socket is of another type");
            }

            void Expect(string cause)
            {
                using var client = Wire.Connect(scenario.Address);
                client.ExpectEnd();
                scenario.WaitForLog(cause);
            }
        });
        folder.Delete(recursive: true);
    }

    private static void SendSteadily(Wire wire)
    {
        var piece = new byte[1000];
        while (true)
        {
            wire.Send(piece);
            Thread.Sleep(2);
        }
    }

    /// <summary>Reads for longer than a second.</summary>
    private static void ReadSlowly(Wire client, byte[] expected)
    {
        const int piece = 4000;
        var watch = Stopwatch.StartNew();
        for (var read = 0; read < expected.Length; read += piece)
        {
            var length = Math.Min(piece, expected.Length - read);
            Payload.Same(expected.AsSpan(read, length).ToArray(), client.ReadExactly(length));
            Thread.Sleep(25);
        }
        Assert.True(watch.ElapsedMilliseconds > 1500, "it was not slow");
    }

    private static void Run(EngineChoice engine, Action<Scenario> body) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = s_listener;
        body(scenario);
    });
}
