using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Tailrace.Io;
using Tailrace.Io.Backends;
using Tailrace.Proxy;
using Tailrace.Proxy.Tcp;
using Tailrace.Simulation;
using Tailrace.Telemetry;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>Two byte streams through a tunnel: what arrives, what ends it, and what it holds.</summary>
public sealed partial class TunnelTests
{
    private static readonly TunnelLimits s_noLimits = new(IdleTimeoutMs: 0, LifetimeMs: 0);

    /// <summary>Every back end, and the simulated one.</summary>
    public static TheoryData<string> Engines => LoopRig.AllEngines;

    [Theory, MemberData(nameof(Engines))]
    public void Bytes_go_both_ways_and_a_side_may_end_first(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.Run(s_noLimits);
        await LoopRig.SendAsync(rig.Client, "ask");
        await LoopRig.ExpectAsync(rig.Origin, "ask");
        await LoopRig.SendAsync(rig.Origin, "answer");
        await LoopRig.ExpectAsync(rig.Client, "answer");
        await LoopRig.SendAsync(rig.Client, "last");
        rig.Client.ShutdownSend();
        await LoopRig.ExpectAsync(rig.Origin, "last");
        Assert.Equal(0, (await rig.Origin.FillAsync()).Bytes);
        Assert.True(rig.Tunnel.IsRunning);
        await LoopRig.SendAsync(rig.Origin, "and more");
        rig.Origin.ShutdownSend();
        await LoopRig.ExpectAsync(rig.Client, "and more");
        var result = await running;
        Assert.Equal(
            new TunnelResult(TunnelEnd.Closed, TunnelSide.Downstream, IoError.None, MustReset: false, 7, 14), result);
        var counters = rig.Downstream.Reactor.Counters;
        Assert.Equal((7, 14), (counters.BytesReceived, counters.BytesSent));
        Assert.Equal(default, rig.Downstream.TakeTraffic());
        // The second end is told by the close that follows.
        rig.CloseTunnel(result);
        Assert.Equal(0, (await rig.Client.FillAsync()).Bytes);
    });

    [Theory, MemberData(nameof(Engines))]
    public void What_was_there_before_goes_first(string engine) => WithRig(engine, async rig =>
    {
        await LoopRig.SendAsync(rig.Client, "early");
        Assert.Equal(5, (await rig.Downstream.FillAsync()).Bytes);
        await LoopRig.SendAsync(rig.Origin, "server first");
        Assert.Equal(12, (await rig.Upstream.FillAsync()).Bytes);
        Assert.True(rig.Upstream.Output.TryAppend("head "u8));
        Assert.True(rig.Downstream.Output.TryAppend("101 "u8));
        var running = rig.Run(s_noLimits);
        await LoopRig.ExpectAsync(rig.Origin, "head early");
        await LoopRig.ExpectAsync(rig.Client, "101 server first");
        rig.Client.ShutdownSend();
        rig.Origin.ShutdownSend();
        var result = await running;
        Assert.Equal((TunnelEnd.Closed, 5, 12), (result.End, result.BytesUp, result.BytesDown));
    });

    [Theory, MemberData(nameof(Engines))]
    public void An_idle_tunnel_holds_no_block(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.Run(s_noLimits);
        for (var i = 0; i < 3; i++)
        {
            // Long enough to earn a large block.
            await LoopRig.SendAsync(rig.Client, new string('x', 4096));
            await LoopRig.ExpectAsync(rig.Origin, new string('x', 4096));
            await LoopRig.SendAsync(rig.Origin, "y");
            await LoopRig.ExpectAsync(rig.Client, "y");
            rig.Client.Output.Release();
            rig.Origin.Output.Release();
            await rig.Loop.TurnsAsync(5);
            var reactor = rig.Downstream.Reactor;
            Assert.Equal(0, reactor.Buffers.Rented);
            // And nothing else that others could use meanwhile, but the buffer that has earned its large block.
            Assert.InRange(reactor.FreeBuffers.Count, 3, 4);
            Assert.InRange(reactor.FreeSends.Count, 1, 2);
            Assert.Same(rig.Upstream.Input, rig.Downstream.Output);
            Assert.Same(rig.Upstream.Input, rig.Upstream.Output);
        }
        rig.Tunnel.Stop();
        Assert.Equal(TunnelEnd.Aborted, (await running).End);
    });

    // Beside them there are places in the loop's and the server's tables: some 60 bytes.
    [Theory]
    [InlineData(typeof(EpollHandle), 920)]
    [InlineData(typeof(UringHandle), 984)]
    public void The_objects_of_an_idle_tunnel_are_small(Type handle, int limit)
    {
        var receive = typeof(SocketConnection).GetNestedType("Receive", BindingFlags.NonPublic)!;
        var side = SizeOf(typeof(SocketConnection)) + SizeOf(receive) + SizeOf(handle);
        Assert.InRange(2 * side + SizeOf(typeof(TcpSession)), 0, limit);
        Assert.InRange(2 * side + SizeOf(typeof(UpstreamTunnel)) + SizeOf(typeof(Tunnel)), 0, limit);
    }

    [Theory]
    [InlineData("epoll", true)]
    [InlineData("epoll", false)]
    [InlineData("portable", true)]
    [InlineData("portable", false)]
    [InlineData("sim", true)]
    [InlineData("sim", false)]
    public void A_reset_ends_both_directions(string engine, bool byClient) => WithRig(engine, async rig =>
    {
        var running = rig.Run(s_noLimits);
        var (broken, other) = byClient ? (rig.Client, rig.Origin) : (rig.Origin, rig.Client);
        await LoopRig.SendAsync(broken, "before");
        await LoopRig.ExpectAsync(other, "before");
        broken.Close(reset: true);
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, byClient ? TunnelSide.Downstream : TunnelSide.Upstream), (result.End, result.By));
        Assert.True(result.MustReset);
        rig.CloseTunnel(result);
        Assert.Equal(IoError.Reset, (await other.FillAsync()).Error);
    });

    [Theory]
    [InlineData("epoll")]
    [InlineData("io_uring")]
    [InlineData("portable")]
    [InlineData("sim")]
    public void A_reset_behind_an_end_is_noticed_while_nothing_else_moves(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.Run(s_noLimits);
        rig.Origin.ShutdownSend();
        Assert.Equal(0, (await rig.Client.FillAsync()).Bytes);
        await rig.Loop.TurnsAsync(3);
        rig.Origin.Close(reset: true);
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, TunnelSide.Upstream, true), (result.End, result.By, result.MustReset));
    });

    [Theory, MemberData(nameof(Engines))]
    public void Silence_both_ways_ends_it_in_order(string engine) => WithRig(engine, async rig =>
    {
        var began = rig.Loop.Loop.Now;
        var running = rig.Run(new TunnelLimits(IdleTimeoutMs: 200, LifetimeMs: 0));
        await LoopRig.SendAsync(rig.Client, "x");
        await LoopRig.ExpectAsync(rig.Origin, "x");
        var result = await running;
        Assert.Equal((TunnelEnd.Idle, TunnelSide.None, false), (result.End, result.By, result.MustReset));
        Assert.True(rig.Loop.Loop.Now - began >= 200);
    });

    [Theory]
    [InlineData(0, true)]
    [InlineData(9_000, true)]
    [InlineData(11_000, false)]
    public void One_that_is_cut_ends_in_order_only_when_it_was_quiet(int quietMs, bool isReset) => WithRig("sim", async rig =>
    {
        var running = rig.Run(s_noLimits);
        await LoopRig.SendAsync(rig.Client, "x");
        await LoopRig.ExpectAsync(rig.Origin, "x");
        if (quietMs > 0) await new Pause(rig.Loop.Loop).Until(rig.Loop.Loop.Now + quietMs, null);
        rig.Tunnel.Stop();
        var result = await running;
        Assert.Equal((TunnelEnd.Aborted, isReset), (result.End, result.MustReset));
    });

    [Theory, MemberData(nameof(Engines))]
    public void A_stream_that_is_cut_does_not_look_like_one_that_ended(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.Run(new TunnelLimits(IdleTimeoutMs: 0, LifetimeMs: 1500));
        // Nobody reads at the other end.
        var sending = SendForEverAsync(rig.Client);
        var result = await running;
        Assert.Equal((TunnelEnd.Expired, true), (result.End, result.MustReset));
        Assert.True(result.BytesUp > 0);
        rig.CloseTunnel(result);
        await sending;
    });

    [Theory, MemberData(nameof(Engines))]
    public void It_can_be_stopped_before_it_has_anything_to_do_and_run_again(string engine) => WithRig(engine, async rig =>
    {
        rig.Tunnel.Stop();
        for (var i = 0; i < 2; i++)
        {
            var running = rig.Run(new TunnelLimits(60_000, 60_000));
            Assert.Equal(StreamState.Connected, rig.Tunnel.State);
            rig.Tunnel.Stop();
            Assert.Equal(StreamState.Closing, rig.Tunnel.State);
            Assert.Equal(
                new TunnelResult(TunnelEnd.Aborted, TunnelSide.None, IoError.None, MustReset: false, 0, 0), await running);
            Assert.Equal(StreamState.Closed, rig.Tunnel.State);
        }
    });

    [Theory, MemberData(nameof(Engines))]
    public void One_that_is_used_again_allocates_nothing(string engine) => WithRig(engine, async rig =>
    {
        var owner = new IdleOwner();
        var allocated = -1L;
        for (var i = 0; i < 2; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            rig.Tunnel.Begin(rig.Downstream, rig.Upstream, new TunnelLimits(60_000, 0), owner);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(rig.Tunnel.IsRunning);
            rig.Tunnel.Stop();
            await rig.Loop.UntilAsync(() => !rig.Tunnel.IsRunning);
        }
        if (engine is not ("portable" or "sim" or "sim/copying")) Assert.Equal(0, allocated);
        Assert.Equal(2, owner.Ends);
    });

    [Fact]
    public void A_bug_ends_it_and_is_told()
    {
        var exception = new InvalidOperationException("a bug");
        WithRig("sim", async rig =>
        {
            rig.Tunnel.Changed = state =>
            {
                if (state == StreamState.Reading) throw exception;
            };
            var running = rig.Run(s_noLimits);
            await LoopRig.SendAsync(rig.Client, "x");
            var result = await running;
            // It is not known what has become of the bytes.
            Assert.Equal((TunnelEnd.Aborted, true), (result.End, result.MustReset));
            Assert.Equal([exception], rig.Loop.Unhandled);
            rig.Loop.Unhandled.Clear();
        });
    }

    [Fact]
    public void An_owner_that_fails_is_told_once()
    {
        WithRig("sim", async rig =>
        {
            var owner = new IdleOwner { Failure = new InvalidOperationException("a bug of the owner") };
            rig.Tunnel.Begin(rig.Downstream, rig.Upstream, s_noLimits, owner);
            rig.Client.ShutdownSend();
            rig.Origin.ShutdownSend();
            await rig.Loop.UntilAsync(() => owner.Ends > 0);
            await rig.Loop.Reactor.Loop.YieldAsync();
            Assert.Equal((1, false), (owner.Ends, rig.Tunnel.IsRunning));
            Assert.Equal([owner.Failure], rig.Loop.Unhandled);
            rig.Loop.Unhandled.Clear();
        });
    }

    [Fact]
    public void Every_state_is_told()
    {
        var states = new List<StreamState>();
        WithRig("sim", async rig =>
        {
            rig.Tunnel.Changed = states.Add;
            var running = rig.Run(s_noLimits);
            await LoopRig.SendAsync(rig.Client, "x");
            await LoopRig.ExpectAsync(rig.Origin, "x");
            await rig.Loop.TurnsAsync(5);
            rig.Client.ShutdownSend();
            rig.Origin.ShutdownSend();
            await running;
        });
        Assert.Equal(
            [StreamState.Connected, StreamState.Reading, StreamState.Connected, StreamState.Closing], states);
    }

    [Theory, MemberData(nameof(Engines))]
    public void Twenty_megabytes_each_way_at_once_are_the_same_at_the_other_end(string engine) => WithRig(engine, async rig =>
    {
        const int total = 20 << 20;
        var running = rig.RunAndCloseAsync(s_noLimits);
        var up = SendPatternAsync(rig.Client, total, 1);
        var down = SendPatternAsync(rig.Origin, total, 2);
        var upHash = ReadPatternAsync(rig.Origin, 1);
        var downHash = ReadPatternAsync(rig.Client, 2);
        Assert.Equal(total, await upHash);
        Assert.Equal(total, await downHash);
        await up;
        await down;
        var result = await running;
        Assert.Equal((TunnelEnd.Closed, total, total), (result.End, result.BytesUp, result.BytesDown));
        if (engine is "epoll" or "io_uring") Assert.InRange(rig.Counters.BytesSpliced, total, 2L * total);
        else Assert.Equal(0, rig.Counters.BytesSpliced);
    });

    [Theory, MemberData(nameof(Engines))]
    public void Bulk_that_waits_for_a_reader_is_cut_with_its_tunnel(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.Run(s_noLimits);
        var sending = SendForEverAsync(rig.Client);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State == StreamState.Writing);
        rig.Tunnel.Stop();
        var result = await running;
        Assert.Equal((TunnelEnd.Aborted, true), (result.End, result.MustReset));
        Assert.True(result.BytesUp > 0);
        rig.CloseTunnel(result);
        Assert.Equal(0, rig.Loop.Loop.UnseenHeld);
        await sending;
    });

    [Theory, MemberData(nameof(Engines))]
    public void Bulk_that_waits_for_a_reader_goes_with_its_reset(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.Run(s_noLimits);
        var sending = SendForEverAsync(rig.Client);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State == StreamState.Writing);
        rig.Origin.Close(reset: true);
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, TunnelSide.Upstream, true), (result.End, result.By, result.MustReset));
        rig.CloseTunnel(result);
        Assert.Equal(0, rig.Loop.Loop.UnseenHeld);
        await sending;
    });

    private static long SizeOf(Type type)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        RuntimeHelpers.GetUninitializedObject(type);
        var after = GC.GetAllocatedBytesForCurrentThread();
        RuntimeHelpers.GetUninitializedObject(type);
        // The first one may have brought other things with it.
        return Math.Min(after - before, GC.GetAllocatedBytesForCurrentThread() - after);
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_reset_is_heard_while_what_came_before_waits_for_a_reader(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.Run(s_noLimits);
        var sending = SendForEverAsync(rig.Client);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State == StreamState.Writing);
        await rig.Loop.TurnsAsync(20);
        rig.Client.Close(reset: true);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State is StreamState.Closing or StreamState.Closed);
        // Who does not read is waited for.
        rig.Tunnel.Stop();
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, TunnelSide.Downstream, true), (result.End, result.By, result.MustReset));
        rig.CloseTunnel(result);
        Assert.Equal(0, rig.Loop.Loop.UnseenHeld);
        await sending;
    });

    [Theory]
    [InlineData("epoll")]
    [InlineData("epoll/copying")]
    [InlineData("io_uring")]
    [InlineData("io_uring/copying")]
    [InlineData("portable")]
    [InlineData("sim")]
    public void A_reset_is_heard_while_both_directions_wait_for_room(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.Run(s_noLimits);
        var up = SendForEverAsync(rig.Client);
        var down = SendForEverAsync(rig.Origin);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State == StreamState.Writing);
        await rig.Loop.TurnsAsync(200);
        // A poll for room at the client comes to its end.
        for (var taken = 0; taken < 8 << 20;)
        {
            var filled = await rig.Client.FillAsync();
            taken += filled.Bytes;
            rig.Client.Input.Clear();
        }
        await rig.Loop.TurnsAsync(200);
        rig.Client.Close(reset: true);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State is StreamState.Closing or StreamState.Closed);
        // Who does not read is waited for.
        rig.Tunnel.Stop();
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, TunnelSide.Downstream, true), (result.End, result.By, result.MustReset));
        rig.CloseTunnel(result);
        await up;
        await down;
    });

    [Fact]
    public void What_came_before_a_reset_still_goes_to_who_reads_it() => WithRig("sim", async rig =>
    {
        var running = rig.RunAndCloseAsync(s_noLimits);
        var sending = SendForEverAsync(rig.Client);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State == StreamState.Writing);
        await rig.Loop.TurnsAsync(20);
        var before = rig.Tunnel.BytesUp;
        rig.Client.Close(reset: true);
        await sending;
        while (await rig.Origin.FillAsync() is { IsError: false, Bytes: > 0 }) rig.Origin.Input.Clear();
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, TunnelSide.Downstream, true), (result.End, result.By, result.MustReset));
        Assert.True(result.BytesUp > before, $"{result.BytesUp} bytes were sent, {before} before the reset");
    });

    [Theory, MemberData(nameof(Engines))]
    public void A_reset_is_heard_behind_the_other_sides_end_while_what_came_before_waits(string engine) => WithRig(engine, async rig =>
    {
        var (running, sending) = await rig.EndAndStallAsync(s_noLimits);
        rig.Origin.Close(reset: true);
        await sending;
        // Long after it has been heard: who does not read would be waited for.
        await new Pause(rig.Loop.Loop).Until(rig.Loop.Loop.Now + 1000, null);
        rig.Tunnel.Stop();
        var result = await running;
        Assert.Equal((TunnelEnd.Reset, TunnelSide.Upstream, true), (result.End, result.By, result.MustReset));
        rig.CloseTunnel(result);
        Assert.Equal(0, rig.Loop.Loop.UnseenHeld);
    });

    [Theory, MemberData(nameof(Engines))]
    public void Both_ends_are_no_reset_however_long_a_reader_waits(string engine) => WithRig(engine, async rig =>
    {
        const int total = 20_000_000;
        var running = rig.RunAndCloseAsync(s_noLimits);
        rig.Client.ShutdownSend();
        Assert.Equal(0, (await rig.Origin.FillAsync()).Bytes);
        var sending = SendPatternAsync(rig.Origin, total, seed: 3);
        await rig.UntilNothingMovesAsync();
        Assert.Equal(total, await ReadPatternAsync(rig.Client, seed: 3));
        await sending;
        var result = await running;
        Assert.Equal((TunnelEnd.Closed, TunnelSide.Downstream, false), (result.End, result.By, result.MustReset));
    });

    [Theory, MemberData(nameof(Engines))]
    public void One_that_waits_for_a_reader_ends_with_its_connection_here(string engine) => WithRig(engine, async rig =>
    {
        var running = rig.Run(s_noLimits);
        var sending = SendForEverAsync(rig.Client);
        await rig.Loop.UntilAsync(() => rig.Tunnel.State == StreamState.Writing);
        rig.Downstream.Abort();
        var result = await running;
        Assert.Equal((TunnelEnd.Aborted, true), (result.End, result.MustReset));
        rig.CloseTunnel(result);
        await sending;
    });

    private static async LoopTask SendPatternAsync(SocketConnection connection, int total, int seed)
    {
        for (var sent = 0; sent < total;)
        {
            Assert.True(connection.Output.TryReserve(1));
            var part = Math.Min(total - sent, connection.Output.Free);
            for (var i = 0; i < part; i++) connection.Output.Writable[i] = At(sent + i, seed);
            connection.Output.Commit(part);
            Assert.Equal(part, (await connection.FlushAsync()).Bytes);
            sent += part;
        }
        connection.Output.Release();
        connection.ShutdownSend();
    }

    private static async LoopTask<int> ReadPatternAsync(SocketConnection connection, int seed)
    {
        for (var read = 0; ;)
        {
            var result = await connection.FillAsync();
            Assert.False(result.IsError, result.ToString());
            if (result.Bytes == 0) return read;
            for (var i = 0; i < result.Bytes; i++)
            {
                if (connection.Input.Unread[i] != At(read + i, seed)) Assert.Fail($"byte {read + i} is another one");
            }
            read += result.Bytes;
            connection.Input.Consume(result.Bytes);
            connection.Input.Release();
        }
    }

    private static byte At(int offset, int seed) => (byte)((offset * 2654435761u + (uint)seed * 40503u) >> 24);

    private static async LoopTask SendForEverAsync(SocketConnection connection)
    {
        do
        {
            await connection.Reactor.Loop.YieldAsync();
            Assert.True(connection.Output.TryAppend(Encoding.ASCII.GetBytes(new string('x', 4096))));
        }
        while (!(await connection.FlushAsync()).IsError);
        connection.Output.Clear();
    }

    private static void WithRig(string engine, Func<TunnelRig, LoopTask> body, int receiverBytes = int.MaxValue)
    {
        using var loop = new LoopRig(engine, receiverBytes: receiverBytes);
        loop.Run(async () =>
        {
            var (client, downstream) = await loop.PairAsync();
            var (upstream, origin) = await loop.PairAsync();
            var rig = new TunnelRig(loop, client, downstream, upstream, origin);
            await body(rig);
            rig.Close();
            await loop.TurnsAsync(3);
        });
    }

    /// <summary>An owner that counts, and may fail.</summary>
    private sealed class IdleOwner : ITunnelOwner
    {
        internal int Ends { get; private set; }

        internal Exception? Failure { get; init; }

        public void OnEnded(Connection downstream, Connection upstream, in TunnelResult result)
        {
            Ends++;
            if (Failure is not null) throw Failure;
        }
    }

    /// <summary>A client, both ends of a tunnel, and an origin.</summary>
    private sealed record TunnelRig(
        LoopRig Loop, SocketConnection Client, SocketConnection Downstream, SocketConnection Upstream, SocketConnection Origin)
    {
        private bool _isClosed;

        internal Tunnel Tunnel { get; } = new();

        internal Counters Counters => Loop.Reactor.Counters;

        internal LoopTask<TunnelResult> Run(TunnelLimits limits) => TunnelRun.Begin(Tunnel, Downstream, Upstream, limits);

        internal async LoopTask<TunnelResult> RunAndCloseAsync(TunnelLimits limits)
        {
            var result = await Run(limits);
            CloseTunnel(result);
            return result;
        }

        /// <summary>The client ends its stream, and reads nothing of the answer; returns when that moves no more.</summary>
        internal async LoopTask<(LoopTask<TunnelResult> Running, LoopTask Sending)> EndAndStallAsync(TunnelLimits limits)
        {
            var running = Run(limits);
            Client.ShutdownSend();
            Assert.Equal(0, (await Origin.FillAsync()).Bytes);
            var sending = SendForEverAsync(Origin);
            await UntilNothingMovesAsync();
            return (running, sending);
        }

        internal async LoopTask UntilNothingMovesAsync()
        {
            long before;
            do
            {
                before = Tunnel.BytesDown;
                await Loop.TurnsAsync(300);
            }
            while (Tunnel.BytesDown == 0 || Tunnel.BytesDown != before);
        }

        internal void CloseTunnel(in TunnelResult result)
        {
            _isClosed = true;
            Downstream.Close(result.MustReset);
            Upstream.Close(result.MustReset);
        }

        internal void Close()
        {
            if (!_isClosed) CloseTunnel(default);
            Client.Close();
            Origin.Close();
        }
    }
}
