using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Simulation;

namespace Tailrace.Tests.Io;

public sealed class SocketConnectionTests
{
    /// <summary>Each engine, and whether the send that depends on the reset stream waits before it, or begins with the bytes.</summary>
    public static TheoryData<string, bool> Dependents =>
        [.. from engine in LoopRig.Engines from isBefore in new[] { true, false } select ((string)engine, isBefore)];

    [Theory, MemberData(nameof(Dependents))]
    public void A_reset_that_comes_with_bytes_aborts_the_send_that_depends_on_the_stream(string engine, bool isBefore)
    {
        using var rig = new LoopRig(engine);
        var body = new ByteBuffer(rig.Reactor.Buffers);
        rig.Run(async () =>
        {
            var (client, downstream) = await rig.PairAsync();
            var (upstream, origin) = await rig.PairAsync();
            var sending = Send();
            while (sending.IsCompleted && !(await sending).IsError) sending = Send();
            if (!isBefore)
            {
                upstream.CancelFlush();
                Assert.Equal(IoError.Cancelled, (await sending).Error);
                body.Clear();
            }
            downstream.AbortWith(upstream, atOnce: true);
            var receiving = downstream.FillAsync();
            await rig.TurnsAsync(3);
            await LoopRig.SendAsync(client, "last");
            client.Close(reset: true);
            Assert.Equal(4, (await receiving).Bytes);
            // A kernel may find more room for what waits, and the reset may come a moment behind the bytes.
            var sent = await (isBefore ? sending : Send());
            while (!sent.IsError) sent = await Send();
            Assert.Equal(IoError.Aborted, sent.Error);
            body.Clear();
            downstream.Input.Clear();
            upstream.Close(reset: true);
            origin.Close();
            downstream.Close();

            IoTask Send()
            {
                Assert.True(body.TryReserve(16384));
                body.Commit(16384 - body.Length);
                return upstream.FlushAsync(body, 16384);
            }
        });
    }

    public static TheoryData<string> Engines => LoopRig.Engines;

    [Theory, MemberData(nameof(Engines))]
    public void A_reset_aborts_nothing_on_a_stream_that_has_the_place_of_a_closed_dependent(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            var (client, downstream) = await rig.PairAsync();
            var (upstream, origin) = await rig.PairAsync();
            downstream.AbortWith(upstream);
            var watching = downstream.FillAsync();
            // However long the rest takes.
            downstream.SetTimeout(0);
            upstream.Close();
            // What the kernel had in hand for it has to come back first.
            await rig.TurnsAsync(3);
            var bystander = SocketConnection.Rent(rig.Reactor);
            Assert.False((await bystander.ConnectAsync(rig.AddressOf(listener))).IsError);
            var accept = new AcceptOperation();
            Assert.False((await rig.Loop.AcceptAsync(listener, accept)).IsError);
            var peer = SocketConnection.Adopt(rig.Reactor, accept.Opened!);
            var (answer, request) = (bystander.FillAsync(), peer.FillAsync());
            client.Close(reset: true);
            Assert.Equal(IoError.Reset, (await watching).Error);
            downstream.Close();
            await LoopRig.SendAsync(bystander, "request");
            Assert.Equal(7, (await request).Bytes);
            await LoopRig.SendAsync(peer, "answer");
            Assert.Equal(6, (await answer).Bytes);
            rig.Loop.Close(listener);
            foreach (var connection in new[] { origin, bystander, peer }) connection.Close(reset: true);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_aborted_connection_stays_its_owners_until_it_is_closed(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            await LoopRig.SendAsync(client, "kept");
            Assert.Equal(4, (await server.FillAsync()).Bytes);
            var pending = server.FillAsync();
            var remote = server.Remote;
            Assert.NotEqual(default, remote);
            server.Abort();
            server.Abort();
            Assert.True(server.IsClosed);
            server.ForgetText();
            Assert.Equal(remote, server.Remote);
            Assert.Equal(4, server.Input.Length);
            Assert.Equal(IoError.Aborted, (await pending).Error);
            Assert.Equal(IoError.Aborted, (await server.FillAsync()).Error);
            Assert.Equal(IoError.Reset, (await client.FillAsync()).Error);
            Assert.Equal(0, rig.Reactor.FreeConnections.Count);
            server.Close();
            Assert.Equal(1, rig.Reactor.FreeConnections.Count);
            Assert.True(server.Input.IsEmpty);
            Assert.Equal(default, server.Remote);
            client.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_closed_connection_is_used_again(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            server.Close();
            client.Close();
            var (again, other) = await rig.PairAsync();
            Assert.Equal(
                new HashSet<SocketConnection> { client, server }, new HashSet<SocketConnection> { again, other });
            await LoopRig.SendAsync(again, "anew");
            await LoopRig.ExpectAsync(other, "anew");
            again.Close();
            other.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void What_it_gave_back_while_it_waited_comes_again_with_bytes(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            for (var i = 0; i < 3; i++)
            {
                var fill = server.FillAsync();
                server.ReleaseInput();
                server.ReleaseOutput();
                Assert.Equal((2, 0), (rig.Reactor.FreeBuffers.Count, server.Input.Free));
                await LoopRig.SendAsync(client, "bytes");
                Assert.Equal(5, (await fill).Bytes);
                Assert.Equal("bytes"u8, server.Input.Unread);
                Assert.Equal(1, rig.Reactor.FreeBuffers.Count);
                Assert.Equal(5, (await server.FlushAsync(server.Input, 5)).Bytes);
                await LoopRig.ExpectAsync(client, "bytes");
            }
            server.Close();
            var (again, other) = await rig.PairAsync();
            await LoopRig.SendAsync(again, "one way");
            await LoopRig.ExpectAsync(other, "one way");
            await LoopRig.SendAsync(other, "and the other");
            await LoopRig.ExpectAsync(again, "and the other");
            again.Close();
            other.Close();
            client.Close();
        });
    }

    [Fact]
    public void Bytes_that_came_already_are_not_given_back()
    {
        using var rig = new LoopRig("epoll");
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            await LoopRig.SendAsync(client, "kept");
            Assert.Equal(4, (await server.FillAsync()).Bytes);
            Assert.True(server.Output.TryAppend("to go"u8));
            server.ReleaseInput();
            server.ReleaseOutput();
            Assert.Equal("kept"u8, server.Input.Unread);
            Assert.Equal("to go"u8, server.Output.Unread);
            Assert.Equal(0, rig.Reactor.FreeBuffers.Count);
            server.Close();
            client.Close();
        });
    }

    [Theory]
    [InlineData("epoll")]
    [InlineData("io_uring")]
    public void A_short_message_is_passed_on_unseen_as_long_as_its_recipient_is_there(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, source) = await rig.PairAsync();
            var (recipient, origin) = await rig.PairAsync();
            for (var i = 0; i < 3; i++)
            {
                var fill = source.FillForAsync(recipient);
                await LoopRig.SendAsync(client, "bytes");
                Assert.Equal(5, (await fill).Bytes);
                Assert.Equal((5, false), (source.PassedOn, source.Input.HasBlock));
                await LoopRig.ExpectAsync(origin, "bytes");
            }
            // Another stream may have the handle of the recipient by now: it gets nothing.
            var last = source.FillForAsync(recipient);
            recipient.Close();
            origin.Close();
            await rig.TurnsAsync(3);
            var (other, peer) = await rig.PairAsync();
            await LoopRig.SendAsync(client, "bytes");
            Assert.Equal(5, (await last).Bytes);
            Assert.Equal(0, source.PassedOn);
            Assert.Equal("bytes"u8, source.Input.Unread);
            var none = peer.FillAsync();
            await rig.TurnsAsync(3);
            Assert.False(none.IsCompleted);
            peer.CancelFill();
            await none;
            foreach (var connection in new[] { client, source, other, peer }) connection.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_reset_that_a_send_has_heard_is_no_end_to_the_receive(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            server.Close(reset: true);
            await rig.TurnsAsync(3);
            do Assert.True(client.Output.TryAppend("words"u8));
            while (!(await client.FlushAsync()).IsError);
            Assert.Equal(IoError.Reset, (await client.FillAsync()).Error);
            client.Close();
        });
    }

    // The portable loop hears of it behind what has not been read.
    [Theory]
    [InlineData("epoll")]
    [InlineData("io_uring")]
    [InlineData("sim")]
    public void Who_asks_late_is_told_of_a_reset_too(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var filling = server.FillAsync();
            await rig.TurnsAsync(2);
            // Both are there before the loop looks.
            Assert.True(client.Output.TryAppend("last words"u8));
            Assert.Equal(10, (await client.FlushAsync()).Bytes);
            client.Close(reset: true);
            await filling;
            await rig.TurnsAsync(5);
            var told = 0;
            server.WatchLoss(new ActionContinuation(() => told++));
            await rig.UntilAsync(() => told > 0);
            Assert.False(server.IsLossWatched);
            await rig.TurnsAsync(5);
            Assert.Equal(1, told);
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Who_has_withdrawn_is_told_of_nothing(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            server.WatchLoss(new ActionContinuation(() => Assert.Fail("nobody listens any more")));
            Assert.True(server.IsLossWatched);
            server.WatchLoss(null);
            Assert.False(server.IsLossWatched);
            client.Close(reset: true);
            await rig.TurnsAsync(5);
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void What_it_gave_back_keeps_nothing_alive(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var watcher = await StallAsync(client);
            var reading = ReadAllAsync(server);
            await rig.UntilAsync(() => client.HasFlushed);
            Assert.False(client.TakeFlush().IsError);
            client.ReleaseOutput();
            Assert.Equal(1, rig.Reactor.FreeSends.Count);
            GC.Collect();
            Assert.False(watcher.IsAlive, "a send that nobody uses refers to who has awaited it");
            client.Close();
            await reading;
            server.Close();
        });

        static async LoopTask ReadAllAsync(SocketConnection connection)
        {
            while ((await connection.FillAsync()).Bytes > 0) connection.Input.Clear();
        }

        // Sends until the other side has to read, and has somebody told of that.
        static async LoopTask<WeakReference> StallAsync(SocketConnection connection)
        {
            while (true)
            {
                Assert.True(connection.Output.TryAppend(new byte[4000]));
                var flush = connection.FlushAsync();
                if (!flush.IsCompleted) return WatchOf(flush);
                Assert.False((await flush).IsError);
                await connection.Reactor.Loop.YieldAsync();
            }
        }

        static WeakReference WatchOf(in IoTask flush)
        {
            var watcher = new ActionContinuation(() => { });
            flush.Watch(watcher);
            return new WeakReference(watcher);
        }
    }

    [Theory, MemberData(nameof(LoopRig.AllEngines), MemberType = typeof(LoopRig))]
    public void A_send_that_waits_fails_when_the_other_side_resets(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            IoTask sending;
            do
            {
                Assert.True(client.Output.TryAppend(new byte[16_000]));
                sending = client.FlushAsync();
                if (!sending.IsCompleted) break;
            }
            while (!(await sending).IsError);
            Assert.False(sending.IsCompleted);
            server.Close(reset: true);
            Assert.True((await sending).IsError);
            client.Close();
        });
    }

    [Fact]
    public void A_send_that_moves_is_not_timed_out_and_one_that_is_stuck_is()
    {
        const int timeoutMs = 1000;
        using var world = new SimWorld(1, _ => new SimConditions { WindowBytes = 100, Late = 0, Busy = 0 });
        var reactor = world.CreateReactor();
        var isDone = false;
        world.Start(reactor, RunAsync);
        world.RunUntil(() => isDone, limitMs: 1_000_000, () => "the send goes on for ever");
        world.CheckClean();

        async LoopTask RunAsync()
        {
            var (client, server) = await PairAsync();
            Assert.True(client.Output.TryAppend(new byte[3000]));
            client.SetTimeout(timeoutMs);
            var sending = client.FlushAsync();
            var began = reactor.Loop.Now;
            var pause = new SimPause(reactor.Loop);
            // Slowly: some hundred bytes each half second.
            while (!sending.IsCompleted)
            {
                Assert.True((await server.FillAsync()).Bytes > 0);
                server.Input.Clear();
                await pause.For(timeoutMs / 2);
            }
            Assert.Equal(3000, (await sending).Bytes);
            Assert.True(reactor.Loop.Now - began > 3 * timeoutMs);

            // Not at all: at most the time that is left, and then one more.
            Assert.True(client.Output.TryAppend(new byte[3000]));
            client.SetTimeout(timeoutMs);
            began = reactor.Loop.Now;
            Assert.Equal(IoError.TimedOut, (await client.FlushAsync()).Error);
            Assert.InRange(reactor.Loop.Now - began, timeoutMs, 3 * timeoutMs);
            client.Close(reset: true);
            server.Close();
            isDone = true;
        }

        async LoopTask<(SocketConnection, SocketConnection)> PairAsync()
        {
            var listener = reactor.Loop.Listen(new System.Net.IPEndPoint(0, 0), new ListenSettings(1, false));
            var client = SocketConnection.Rent(reactor);
            var connecting = client.ConnectAsync(reactor.Loop.LocalAddress(listener).Serialize());
            var accept = new AcceptOperation();
            Assert.False((await reactor.Loop.AcceptAsync(listener, accept)).IsError);
            Assert.False((await connecting).IsError);
            reactor.Loop.Close(listener);
            return (client, SocketConnection.Adopt(reactor, accept.Opened!));
        }
    }
}
