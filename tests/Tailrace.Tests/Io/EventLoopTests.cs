using System.Net;
using System.Net.Sockets;
using Tailrace.Conformance.Support;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>What every back end does besides streams: listeners, connects, posts, yields, start and stop.</summary>
public sealed class EventLoopTests
{
    public static TheoryData<string> Engines => LoopRig.Engines;

    /// <summary>The same and the simulated one.</summary>
    public static TheoryData<string> AllEngines => LoopRig.AllEngines;

    [Theory, MemberData(nameof(AllEngines))]
    public void Who_waits_for_a_time_alone_is_not_left_waiting_when_the_loop_cannot_go_on(string engine)
    {
        using var rig = new LoopRig(engine);
        var (pauses, ends) = (new[] { new Pause(rig.Loop), new Pause(rig.Loop) }, new List<PauseEnd>());
        rig.Run(async () =>
        {
            foreach (var pause in pauses) WaitAsync(pause).Detach();
            await rig.TurnsAsync(1);
        });
        rig.Loop.RunOut(() => { });
        // Those that come late too, but not for ever.
        Assert.InRange(ends.Count, 3, 1000);
        Assert.All(ends, end => Assert.Equal(PauseEnd.Lost, end));

        async LoopTask WaitAsync(Pause pause)
        {
            while (ends.Count < 1000)
            {
                ends.Add(await pause.Until(rig.Loop.Now + 60_000, null));
                if (pause == pauses[0]) return;
            }
        }
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_connect_that_nobody_listens_for_is_refused(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var address = new IPEndPoint(IPAddress.Loopback, Silence.UnusedPort()).Serialize();
            var connection = SocketConnection.Rent(rig.Reactor);
            Assert.Equal(IoError.Refused, (await connection.ConnectAsync(address)).Error);
            connection.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_connection_that_is_reset_before_its_connect_is_looked_at_was_there(string engine)
    {
        using var rig = new LoopRig(engine);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        rig.Run(async () =>
        {
            await rig.TurnsAsync(2);
            var connection = SocketConnection.Rent(rig.Reactor);
            var connecting = connection.ConnectAsync(server.LocalEndpoint.Serialize());
            LoopRig.AcceptAndReset(server, "x"u8);
            Assert.Equal(IoError.None, (await connecting).Error);
            Assert.Equal(1, (await connection.FillAsync()).Bytes);
            Assert.Equal("x"u8, connection.Input.Unread);
            connection.Input.Consume(1);
            Assert.Equal(IoError.Reset, (await connection.FillAsync()).Error);
            connection.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void One_that_is_reset_so_and_has_brought_nothing_was_none(string engine)
    {
        using var rig = new LoopRig(engine);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        rig.Run(async () =>
        {
            await rig.TurnsAsync(2);
            var connection = SocketConnection.Rent(rig.Reactor);
            var connecting = connection.ConnectAsync(server.LocalEndpoint.Serialize());
            LoopRig.AcceptAndReset(server, default);
            var error = (await connecting).Error;
            // The framework may have looked in between.
            if (engine == "portable" && error == IoError.None) error = (await connection.FillAsync()).Error;
            Assert.Equal(IoError.Reset, error);
            connection.Close();
        });
    }

    [Theory, MemberData(nameof(AllEngines))]
    public void It_is_known_who_opened_a_stream(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            var connect = new SendOperation { Buffer = new(rig.Reactor.Buffers) };
            var connecting = rig.Loop.ConnectAsync(rig.AddressOf(listener), connect, out var opened);
            var accept = new AcceptOperation();
            Assert.False((await rig.Loop.AcceptAsync(listener, accept)).IsError);
            Assert.False((await connecting).IsError);
            Assert.Equal((true, false), (accept.Opened!.IsAccepted, opened!.IsAccepted));
            rig.Loop.Close(accept.Opened);
            rig.Loop.Close(opened!);
            rig.Loop.Close(listener);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Nobody_is_accepted_without_an_address(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            var address = (IPEndPoint)rig.Loop.LocalAddress(listener);
            // It has said all that it has to say, and is gone.
            using (var hasty = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
            {
                hasty.Connect(address);
                hasty.Send("GET / HTTP/1.1\r\n\r\n"u8);
                hasty.LingerState = new LingerOption(true, 0);
            }
            using var patient = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            patient.Connect(address);
            var expected = NetAddress.From((IPEndPoint)patient.LocalEndPoint!);
            while (true)
            {
                var accept = new AcceptOperation();
                if ((await rig.Loop.AcceptAsync(listener, accept)).IsError) continue;
                var remote = accept.Opened!.Remote;
                Assert.Equal(AddressFamily.InterNetwork, remote.Family);
                rig.Loop.Close(accept.Opened);
                if (remote.Equals(expected)) break;
            }
            rig.Loop.Close(listener);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_cancelled_connect_can_be_closed(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            var connection = SocketConnection.Rent(rig.Reactor);
            var connecting = connection.ConnectAsync(rig.AddressOf(listener));
            // Over loopback a connect may succeed at once.
            var expected = connecting.IsCompleted ? IoError.None : IoError.Cancelled;
            connection.CancelFlush();
            Assert.Equal(expected, (await connecting).Error);
            connection.Close();
            rig.Loop.Close(listener);
            await rig.TurnsAsync(10);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Closing_a_connection_that_is_connecting_aborts_it(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            var connection = SocketConnection.Rent(rig.Reactor);
            var connecting = connection.ConnectAsync(rig.AddressOf(listener));
            var expected = connecting.IsCompleted ? IoError.None : IoError.Aborted;
            connection.Close();
            Assert.Equal(expected, (await connecting).Error);
            rig.Loop.Close(listener);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Closing_a_listener_aborts_its_accept(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            var accept = rig.Loop.AcceptAsync(listener, new AcceptOperation());
            rig.Loop.Close(listener);
            Assert.Equal(IoError.Aborted, (await accept).Error);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_connection_that_came_while_no_accept_waited_is_accepted_later(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            var operation = new AcceptOperation();
            var accept = rig.Loop.AcceptAsync(listener, operation);
            rig.Loop.Cancel(operation, IoError.Cancelled);
            Assert.Equal(IoError.Cancelled, (await accept).Error);
            var client = SocketConnection.Rent(rig.Reactor);
            Assert.False((await client.ConnectAsync(rig.AddressOf(listener))).IsError);
            await rig.TurnsAsync(10);
            Assert.False((await rig.Loop.AcceptAsync(listener, operation)).IsError);
            var server = SocketConnection.Adopt(rig.Reactor, operation.Opened!);
            await LoopRig.SendAsync(client, "hello");
            await LoopRig.ExpectAsync(server, "hello");
            client.Close();
            server.Close();
            rig.Loop.Close(listener);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_busy_address_is_named_in_the_error(string engine)
    {
        using var rig = new LoopRig(engine);
        var listener = rig.Listen();
        var address = rig.Loop.LocalAddress(listener);
        var error = Assert.Throws<IoException>(() => rig.Loop.Listen(address, new ListenSettings(1, Shared: false)));
        Assert.Equal(IoError.AddressInUse, error.Error);
        Assert.Equal(address, error.Address);
        rig.Loop.Close(listener);
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_address_of_another_machine_cannot_be_listened_on(string engine)
    {
        using var rig = new LoopRig(engine);
        var address = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0);
        var error = Assert.Throws<IoException>(() => rig.Loop.Listen(address, new ListenSettings(1, Shared: false)));
        Assert.Equal(IoError.AddressNotAvailable, error.Error);
    }

    [Theory, MemberData(nameof(Engines))]
    public void Loops_share_an_address_where_they_say_so(string engine)
    {
        using var first = new LoopRig(engine);
        using var second = new LoopRig(engine);
        Assert.Equal(OperatingSystem.IsLinux(), first.Loop.CanShareListeners);
        if (!first.Loop.CanShareListeners) return;
        var shared = new ListenSettings(16, Shared: true);
        var one = first.Loop.Listen(new IPEndPoint(IPAddress.Loopback, 0), shared);
        var two = second.Loop.Listen(first.Loop.LocalAddress(one), shared);
        Assert.Equal(first.Loop.LocalAddress(one), second.Loop.LocalAddress(two));
        first.Loop.Close(one);
        second.Loop.Close(two);
    }

    [Theory, MemberData(nameof(Engines))]
    public void The_unspecified_IPv6_address_takes_IPv4_too(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Listen(IPAddress.IPv6Any);
            var port = ((IPEndPoint)rig.Loop.LocalAddress(listener)).Port;
            var mapped = IPAddress.Loopback.MapToIPv6();
            var targets = new[]
            {
                (IPAddress.Loopback, "127.0.0.1:"), (IPAddress.IPv6Loopback, "[::1]:"), (mapped, "127.0.0.1:"),
            };
            foreach (var (target, shown) in targets)
            {
                var client = SocketConnection.Rent(rig.Reactor);
                var connecting = client.ConnectAsync(new IPEndPoint(target, port).Serialize());
                var operation = new AcceptOperation();
                Assert.False((await rig.Loop.AcceptAsync(listener, operation)).IsError);
                Assert.False((await connecting).IsError);
                Assert.StartsWith(shown, operation.Opened!.Remote.ToString());
                rig.Loop.Close(operation.Opened);
                client.Close();
            }
            rig.Loop.Close(listener);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_Unix_socket_carries_bytes(string engine)
    {
        var path = Path.Combine(Path.GetTempPath(), $"tailrace-{Guid.NewGuid():N}.sock");
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Loop.Listen(new UnixDomainSocketEndPoint(path), new ListenSettings(16, Shared: false));
            var client = SocketConnection.Rent(rig.Reactor);
            var connecting = client.ConnectAsync(new UnixDomainSocketEndPoint(path).Serialize());
            var operation = new AcceptOperation();
            Assert.False((await rig.Loop.AcceptAsync(listener, operation)).IsError);
            Assert.False((await connecting).IsError);
            var server = SocketConnection.Adopt(rig.Reactor, operation.Opened!);
            Assert.Equal("unix", server.Remote.ToString());
            await LoopRig.SendAsync(client, "local");
            await LoopRig.ExpectAsync(server, "local");
            client.Close();
            server.Close();
            rig.Loop.Close(listener);
        });
        File.Delete(path);
    }

    [Theory, MemberData(nameof(Engines))]
    public void Posts_from_other_threads_all_run_on_the_loops_thread(string engine)
    {
        const int threads = 4, posts = 2000;
        using var rig = new LoopRig(engine);
        var (ran, elsewhere) = (0, 0);
        var home = Environment.CurrentManagedThreadId;
        var posters = new Thread[threads];
        for (var t = 0; t < threads; t++)
        {
            posters[t] = new Thread(() =>
            {
                for (var i = 0; i < posts; i++)
                {
                    rig.Loop.Post(() =>
                    {
                        ran++;
                        if (Environment.CurrentManagedThreadId != home) elsewhere++;
                    });
                }
            });
        }
        foreach (var poster in posters) poster.Start();
        rig.Run(() => rig.UntilAsync(() => ran == threads * posts));
        foreach (var poster in posters) poster.Join();
        Assert.Equal(0, elsewhere);
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_posted_call_that_throws_harms_nobody_else(string engine)
    {
        using var rig = new LoopRig(engine);
        var ran = false;
        rig.Loop.Post(() => throw new InvalidOperationException("first"));
        rig.Loop.Post(() => ran = true);
        rig.Run(() => rig.UntilAsync(() => ran));
        Assert.Equal("first", Assert.Single(rig.Unhandled).Message);
        rig.Unhandled.Clear();
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_message_that_posts_itself_does_not_starve_the_loop(string engine)
    {
        using var rig = new LoopRig(engine);
        var rounds = 0;
        rig.Run(async () =>
        {
            rig.Loop.Post(Again);
            await rig.UntilAsync(() => rounds > 3);
            rounds = int.MinValue;
            await rig.TurnsAsync(3);

            void Again()
            {
                if (++rounds > 0 && rounds < 1000) rig.Loop.Post(Again);
                Assert.InRange(rounds, int.MinValue, 900);
            }
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_yield_lets_what_is_ready_run_first(string engine)
    {
        using var rig = new LoopRig(engine);
        var order = new List<int>();
        rig.Run(async () =>
        {
            var other = OtherAsync();
            order.Add(2);
            await rig.Loop.YieldAsync();
            order.Add(4);
            await other;
        });
        Assert.Equal([1, 2, 3, 4], order);

        async LoopTask OtherAsync()
        {
            order.Add(1);
            await rig.Loop.YieldAsync();
            order.Add(3);
        }
    }

    [Theory, MemberData(nameof(Engines))]
    public void Stop_ends_a_run_that_waits(string engine)
    {
        using var rig = new LoopRig(engine);
        var thread = new Thread(rig.Loop.Run);
        thread.Start();
        var seen = new ManualResetEventSlim();
        rig.Loop.Post(seen.Set);
        Assert.True(seen.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        rig.Loop.Stop();
        Assert.True(thread.Join(TimeSpan.FromSeconds(30)));
    }

    [Theory, MemberData(nameof(Engines))]
    public void Disposing_of_a_loop_closes_what_is_open(string engine)
    {
        EndPoint address;
        using (var rig = new LoopRig(engine)) address = rig.Loop.LocalAddress(rig.Listen());
        using var again = new LoopRig(engine);
        again.Loop.Close(again.Loop.Listen(address, new ListenSettings(1, Shared: false)));
    }
}
