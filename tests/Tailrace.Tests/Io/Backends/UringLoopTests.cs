using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Tailrace.Conformance.Support;
using Tailrace.Io;
using Tailrace.Io.Backends;
using Tailrace.Native;

namespace Tailrace.Tests.Io.Backends;

/// <summary>What the kernel may answer to io_uring_enter besides success: nothing is lost, and it is counted.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class UringLoopTests
{
    private const uint EnterCall = 426;
    private const int Pairs = 40;
    private const uint Again = 11;
    private const uint NoMemory = 12;
    private const uint Busy = 16;

    [Fact]
    public void What_the_kernel_does_not_know_at_set_up_is_done_without()
    {
        // Flags that no kernel knows are answered as new ones are by older kernels.
        const uint unknown = 1u << 31;
        using var rig = Rig(new UringSettings { Optional = Uring.SetupNoSqArray | unknown });
        Assert.Equal(0u, LoopOf(rig).Ring.SetupFlags & (Uring.SetupNoSqArray | unknown));
        Exchange(rig);
    }

    [Fact]
    public void The_array_of_indexes_is_done_without_where_the_kernel_can()
    {
        using var ring = new UringRing(new UringSettings());
        var isKnown = Environment.OSVersion.Version >= new Version(6, 6);
        Assert.Equal(isKnown ? Uring.SetupNoSqArray : 0, ring.SetupFlags & Uring.SetupNoSqArray);
    }

    [Fact]
    public void A_full_submission_queue_is_submitted_at_once()
    {
        using var rig = Rig(new UringSettings { Submissions = 2, Completions = 4096 });
        Exchange(rig);
        Assert.True(LoopOf(rig).Ring.Full > 0, "it was never full: the test shows nothing");
    }

    [Fact]
    public void Completions_that_do_not_fit_come_later()
    {
        using var rig = Rig(new UringSettings { Submissions = 8, Completions = 8 });
        Exchange(rig);
        Assert.True(LoopOf(rig).Ring.Overflows > 0, "none was too many: the test shows nothing");
    }

    [Fact]
    public void Receives_that_find_no_buffer_go_by_direct_calls_and_the_ring_of_buffers_grows()
    {
        using var rig = Rig(new UringSettings { Receives = 1, ReceivesMax = 64 });
        Exchange(rig);
        var loop = LoopOf(rig);
        Assert.True(loop.Starved > 0, "there were buffers enough: the test shows nothing");
        Assert.InRange(loop.Receives.Published, 2, 64);
        Assert.Equal(loop.Receives.InUse, loop.Receives.Published);
    }

    [Fact]
    public void With_two_buffers_in_all_nothing_is_lost_either()
    {
        using var rig = Rig(new UringSettings { Receives = 1, ReceivesMax = 2, BufferBytes = 64 });
        Exchange(rig);
        Assert.True(LoopOf(rig).Starved > 0, "there were buffers enough: the test shows nothing");
    }

    [Fact]
    public void With_memory_for_few_small_sends_the_others_go_directly()
    {
        using var rig = Rig(new UringSettings { SendBytes = 512 });
        Exchange(rig);
    }

    [Fact]
    public void A_signal_ends_a_wait_and_harms_nothing()
    {
        using var rig = Rig(new UringSettings());
        using var handled = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, context => context.Cancel = true);
        var (process, thread, stop) = (getpid(), gettid(), false);
        var disturber = new Thread(() =>
        {
            while (!Volatile.Read(ref stop)) tgkill(process, thread, WindowChanged);
        });
        rig.Run(() => rig.TurnsAsync(1));
        disturber.Start();
        try
        {
            // The loop has nothing to do and waits, until it is disturbed.
            while (LoopOf(rig).Ring.Interrupted == 0) LoopOf(rig).Ring.Enter(timeoutMs: 10);
            Exchange(rig);
        }
        finally
        {
            Volatile.Write(ref stop, true);
            disturber.Join();
        }
    }

    [Theory, InlineData(Again), InlineData(Busy), InlineData(NoMemory)]
    public void What_the_kernel_refuses_is_submitted_again(uint errno)
    {
        var failure = LoopRig.OnThreadOfItsOwn(() =>
        {
            // Two submissions at once are refused for ever, one is not.
            Seccomp.DenyCall(EnterCall, argument: 1, value: 2, errno);
            using var rig = Rig(new UringSettings());
            rig.Run(async () =>
            {
                var (client, server) = await rig.PairAsync();
                for (var round = 0; round < 20; round++)
                {
                    await LoopRig.SendAsync(client, "one");
                    await rig.TurnsAsync(3);
                    await LoopRig.SendAsync(server, "two");
                    await LoopRig.ExpectAsync(server, "one");
                    await LoopRig.ExpectAsync(client, "two");
                }
                client.PrepareFill();
                server.PrepareFill();
                client.Close();
                server.Close();
            });
            Assert.True(LoopOf(rig).Ring.Refused > 0, "nothing was refused: the test shows nothing");
        });
        if (failure is not null) Assert.Fail(failure.ToString());
    }

    [Fact]
    public void A_refusal_for_good_is_said_in_words()
    {
        var failure = LoopRig.OnThreadOfItsOwn(() =>
        {
            Seccomp.DenyCall(EnterCall);
            var loop = new UringLoop(64, new DescriptorReserve(1 << 20), new UringSettings());
            var refusal = Assert.Throws<IoException>(loop.Prepare);
            Assert.Equal(IoError.NotPermitted, refusal.Error);
            Assert.StartsWith("io_uring_enter: EPERM", refusal.Message);
            loop.Dispose();
        });
        if (failure is not null) Assert.Fail(failure.ToString());
    }

    [Theory, InlineData(false), InlineData(true)]
    public void What_it_has_not_sent_when_it_fails_does_not_end_as_if_it_were_whole(bool isClosed)
    {
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        peer.ReceiveTimeout = 30_000;
        var failure = LoopRig.OnThreadOfItsOwn(() =>
        {
            using var rig = Rig(new UringSettings());
            SocketConnection? server = null;
            Assert.Throws<IoException>(() => rig.Run(async () =>
            {
                server = await rig.AcceptAsync(peer);
                Seccomp.DenyCall(EnterCall);
                await LoopRig.SendAsync(server, "half");
                if (isClosed) server.Close();
                await rig.TurnsAsync(2);
            }));
            rig.Loop.RunOut(() =>
            {
                if (!isClosed) server!.Close();
            });
            rig.Loop.Fail();
        });
        if (failure is not null) Assert.Fail(failure.ToString());
        var broken = Assert.Throws<SocketException>(() => peer.Receive(new byte[16]));
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
    }

    [Fact]
    public void A_reactor_whose_loop_cannot_run_does_not_start()
    {
        var failure = LoopRig.OnThreadOfItsOwn(() =>
        {
            Seccomp.DenyCall(EnterCall);
            var loop = new UringLoop(64, new DescriptorReserve(1 << 20), new UringSettings());
            using var reactor = new Reactor(0, loop, new Tailrace.Memory.BufferPools(4096, 16384, 1 << 20));
            IoException? refusal = null;
            reactor.Start(problem => refusal = problem);
            reactor.Stop();
            Assert.StartsWith("io_uring_enter: EPERM", refusal?.Message);
        });
        if (failure is not null) Assert.Fail(failure.ToString());
    }

    [Fact]
    public void Buffers_that_are_never_used_are_given_back()
    {
        var settings = new UringSettings { Receives = 4, ReceivesMax = 64 };
        using var ring = new UringRing(settings);
        using var receives = new UringReceives(ring, settings);
        Assert.Equal(4, receives.Published);
        for (var i = 0; i < 100; i++) receives.Grow();
        Assert.Equal((64, 64), (receives.Published, receives.InUse));
        receives.Trim();
        receives.Trim();
        Assert.Equal((4, 4), (receives.Published, receives.InUse));
    }

    [Fact]
    public void As_many_buffers_lie_ready_as_messages_come_at_once()
    {
        var settings = new UringSettings { Receives = 4, ReceivesMax = 64 };
        using var ring = new UringRing(settings);
        using var receives = new UringReceives(ring, settings);
        Use(messages: 10);
        Assert.Equal((10, 10), (receives.Published, receives.InUse));
        Use(messages: 10);
        Assert.Equal((10, 10), (receives.Published, receives.InUse));
        receives.Trim();
        Use(messages: 3);
        receives.Trim();
        Assert.Equal((6, 6), (receives.Published, receives.InUse));

        void Use(int messages)
        {
            var found = Math.Min(messages, receives.Published);
            for (var i = 0; i < found; i++) receives.Take(i);
            for (var i = found; i < messages; i++) receives.Grow();
            for (var i = 0; i < found; i++) receives.Return(i);
        }
    }

    [Fact]
    public unsafe void The_memory_of_buffers_that_are_free_for_a_while_is_given_back()
    {
        var settings = new UringSettings { Receives = 4, ReceivesMax = 64 };
        using var ring = new UringRing(settings);
        using var receives = new UringReceives(ring, settings);
        for (var i = 0; i < 60; i++) receives.Grow();
        for (var i = 0; i < 64; i++) receives.At(i)[settings.BufferBytes / 2] = 1;
        for (var i = 0; i < 8; i++) receives.Trim();
        var kept = 0;
        for (var i = 0; i < 64; i++) kept += receives.At(i)[settings.BufferBytes / 2];
        // The four that lie ready, and parts of pages beside them.
        Assert.InRange(kept, 4, 8);
    }

    [Fact]
    public void Buffers_that_were_filled_and_not_seen_yet_are_not_taken_back()
    {
        const int streams = 200;
        using var rig = new LoopRig(new UringLoop(2, new DescriptorReserve(1 << 20), new UringSettings { Receives = 4 }));
        rig.Run(async () =>
        {
            var pairs = new List<(SocketConnection Client, SocketConnection Server)>();
            for (var i = 0; i < streams; i++) pairs.Add(await rig.PairAsync());
            for (var i = 0; i < streams; i++) LoopOf(rig).Receives.Grow();
            var received = 0;
            var receivers = pairs.Select((pair, i) => ReceiveAsync(pair.Server, $"{i:0000}")).ToArray();
            var end = Environment.TickCount64 + 2500;
            for (var sent = 0; Environment.TickCount64 < end;)
            {
                for (var i = 0; i < streams; i++) await LoopRig.SendAsync(pairs[i].Client, $"{i:0000}");
                sent += streams;
                await rig.UntilAsync(() => received >= sent);
            }
            foreach (var (client, _) in pairs) client.Close();
            foreach (var receiver in receivers) await receiver;

            async LoopTask ReceiveAsync(SocketConnection server, string expected)
            {
                while (await server.FillAsync() is { Bytes: > 0 })
                {
                    Assert.Equal(expected, Encoding.ASCII.GetString(server.Input.Unread));
                    server.Input.Clear();
                    received++;
                }
                server.Close();
            }
        });
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void An_end_behind_bytes_that_came_while_the_receive_was_armed_is_heard(bool isUnix, bool isReset)
    {
        var path = Path.Combine(Path.GetTempPath(), $"tailrace-{Guid.NewGuid():N}.sock");
        using var rig = Rig(new UringSettings { PollsFirst = true });
        rig.Run(async () =>
        {
            EndPoint address = isUnix ? new UnixDomainSocketEndPoint(path) : new IPEndPoint(IPAddress.Loopback, 0);
            var listener = rig.Loop.Listen(address, new ListenSettings(8, Shared: false));
            var peer = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
            peer.Connect(rig.Loop.LocalAddress(listener));
            var accept = new AcceptOperation();
            Assert.False((await rig.Loop.AcceptAsync(listener, accept)).IsError);
            var server = SocketConnection.Adopt(rig.Reactor, accept.Opened!);
            peer.Send("G"u8);
            if (isReset) peer.LingerState = new LingerOption(true, 0);
            peer.Dispose();
            Assert.Equal(1, (await server.FillAsync()).Bytes);
            var end = await server.FillAsync();
            Assert.Equal(isReset ? IoError.Reset : IoError.None, end.Error);
            Assert.True(end.Bytes <= 0, end.ToString());
            server.Close();
            rig.Loop.Close(listener);
        });
        File.Delete(path);
    }

    [Fact]
    public void A_connection_that_was_accepted_and_not_seen_yet_ends_with_the_loop()
    {
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using (var rig = Rig(new UringSettings()))
        {
            rig.Run(async () =>
            {
                var listener = rig.Listen();
                var address = (IPEndPoint)rig.Loop.LocalAddress(listener);
                var accept = new AcceptOperation();
                _ = rig.Loop.AcceptAsync(listener, accept);
                await rig.TurnsAsync(2);
                peer.Connect(address);
                // As the last entry of a loop that ends does.
                LoopOf(rig).Ring.Enter(0);
                Assert.True(LoopOf(rig).Ring.HasCompletions);
                Assert.Null(accept.Opened);
            });
        }
        Assert.True(peer.Poll(10_000_000, SelectMode.SelectRead), "it is still open");
    }

    [Fact]
    public void While_accepting_pauses_clients_wait_in_the_kernels_queue()
    {
        const int clients = 20;
        using var rig = Rig(new UringSettings());
        rig.Run(async () =>
        {
            var handle = (UringHandle)rig.Listen();
            var (budget, served, pauses) = (new ConnectionBudget(1), new List<Connection>(), 0);
            var listener = new Listener(rig.Reactor, handle, budget, served.Add) { Paused = _ => pauses++ };
            listener.Start();
            var peers = new List<Socket>();
            for (var i = 0; i < clients; i++)
            {
                var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                peers.Add(peer);
                peer.Connect(rig.Loop.LocalAddress(handle));
                if (i == 0) await rig.UntilAsync(() => pauses == 1);
                await rig.TurnsAsync(2);
            }
            Assert.False(handle.Has(UringWork.Accept));
            Assert.Empty(handle.Accepts!.Waiting);
            for (var i = 0; i < clients; i++)
            {
                await rig.UntilAsync(() => served.Count == i + 1);
                peers[i].Dispose();
                served[i].Close();
                budget.Return();
            }
            listener.Close();
            await rig.TurnsAsync(5);
        });
    }

    [Fact]
    public void A_stream_that_nobody_reads_is_received_from_only_so_far()
    {
        const int total = 4 << 20;
        using var rig = Rig(new UringSettings());
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            server.PrepareFill();
            var sending = SendManyAsync(client, total);
            await rig.TurnsAsync(200);
            Assert.True(LoopOf(rig).Receives.InUse <= 128, $"{LoopOf(rig).Receives.InUse} buffers are in use");
            for (var received = 0; received < total;)
            {
                var filled = await server.FillAsync();
                Assert.True(filled.Bytes > 0, filled.ToString());
                received += filled.Bytes;
                server.Input.Consume(server.Input.Length);
            }
            await sending;
            client.Close();
            server.Close();
        });
    }

    [Fact]
    public void A_stream_whose_turn_does_not_come_is_received_from_only_so_far()
    {
        const int others = 700, messages = 100;
        using var rig = Rig(new UringSettings { ReceivesMax = 4096 });
        rig.Run(async () =>
        {
            var pairs = new List<(SocketConnection Client, SocketConnection Server)>();
            for (var i = 0; i < others; i++) pairs.Add(await rig.PairAsync());
            foreach (var (_, server) in pairs) server.PrepareFill();
            using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            var listener = rig.Listen();
            sender.Connect((IPEndPoint)rig.Loop.LocalAddress(listener));
            var accept = new AcceptOperation();
            Assert.False((await rig.Loop.AcceptAsync(listener, accept)).IsError);
            var handle = (UringHandle)accept.Opened!;
            var last = SocketConnection.Adopt(rig.Reactor, handle);
            last.PrepareFill();
            await rig.TurnsAsync(3);
            foreach (var (client, _) in pairs) await LoopRig.SendAsync(client, "before it");
            await rig.TurnsAsync(1);
            var (most, sent) = (0, 0);
            while (last.Input.IsEmpty)
            {
                if (sent < messages) sender.Send([(byte)sent++]);
                await rig.TurnsAsync(1);
                most = Math.Max(most, handle.PutOffCount);
            }
            // One may have come before the kernel was told to stop.
            Assert.InRange(most, 5, 6);
            Assert.True(sent > 10, $"its turn came after {sent} messages: the test shows nothing");
            while (sent < messages) sender.Send([(byte)sent++]);
            for (byte expected = 0; expected < messages;)
            {
                Assert.True((await last.FillAsync()).Bytes > 0);
                foreach (var got in last.Input.Unread.ToArray()) Assert.Equal(expected++, got);
                last.Input.Clear();
            }
            Assert.Equal(0, handle.PutOffCount);
            foreach (var (client, other) in pairs)
            {
                client.Close();
                other.Close();
            }
            last.Close();
            rig.Loop.Close(listener);
        });
    }

    [Fact]
    public unsafe void What_the_kernel_has_not_got_yet_can_be_amended()
    {
        const byte nothing = 0;
        const uint flag = 0x8000;
        using var ring = new UringRing(new UringSettings { Submissions = 8, Completions = 64 });
        ring.Enable();
        for (var round = 0u; round < 20; round++)
        {
            // The queue's places are used again and again.
            var position = ring.Position;
            var first = ring.Add(nothing, 0, 0, -1, null, 0, 0x20, userData: round);
            var second = ring.Add(nothing, 0, 0, -1, null, 0, 0x40, userData: 1000 + round);
            ring.Amend(position, round, flag, isSet: true);
            Assert.Equal((0x20 | flag, 0x40u), (first->OpFlags, second->OpFlags));
            ring.Amend(position, round, flag, isSet: false);
            ring.Amend(position + 1, 1000 + round, flag, isSet: true);
            Assert.Equal((0x20u, 0x40 | flag), (first->OpFlags, second->OpFlags));
            // Another's, and none's.
            ring.Amend(position, 1000 + round, flag, isSet: true);
            ring.Amend(position + 2, round, flag, isSet: true);
            ring.Amend(position - 1, round, flag, isSet: true);
            Assert.Equal((0x20u, 0x40 | flag), (first->OpFlags, second->OpFlags));
            ring.Amend(position + 1, 1000 + round, flag, isSet: false);
            first->OpFlags = second->OpFlags = 0;
            ring.Enter(timeoutMs: 0);
            // Too late.
            ring.Amend(position, round, flag, isSet: true);
            Assert.Equal((0u, 0u), (first->OpFlags, second->OpFlags));
            while (ring.TryTake(out var completion)) Assert.Equal(0, completion.Outcome);
            ring.Release();
        }
    }

    private static async LoopTask SendManyAsync(SocketConnection client, int total)
    {
        var piece = new byte[4096];
        for (var sent = 0; sent < total; sent += piece.Length)
        {
            Assert.True(client.Output.TryAppend(piece));
            Assert.False((await client.FlushAsync()).IsError);
        }
    }

    /// <summary>Many pairs that all send and receive at once, a few times over.</summary>
    private static void Exchange(LoopRig rig) => rig.Run(async () =>
    {
        var pairs = new List<(SocketConnection Client, SocketConnection Server)>();
        for (var i = 0; i < Pairs; i++) pairs.Add(await rig.PairAsync());
        for (var round = 0; round < 10; round++)
        {
            foreach (var (client, server) in pairs)
            {
                server.PrepareFill();
                client.PrepareFill();
            }
            await rig.TurnsAsync(3);
            foreach (var (client, server) in pairs)
            {
                await LoopRig.SendAsync(client, new string((char)('a' + round), 100 + round));
                await LoopRig.SendAsync(server, new string((char)('A' + round), 200 + round));
            }
            foreach (var (client, server) in pairs)
            {
                await LoopRig.ExpectAsync(server, new string((char)('a' + round), 100 + round));
                await LoopRig.ExpectAsync(client, new string((char)('A' + round), 200 + round));
            }
        }
        foreach (var (client, server) in pairs)
        {
            client.Close();
            server.Close();
        }
    });

    private static LoopRig Rig(UringSettings settings) =>
        new(new UringLoop(64, new DescriptorReserve(1 << 20), settings));

    private static UringLoop LoopOf(LoopRig rig) => (UringLoop)rig.Loop;

    private const int WindowChanged = 28;

    [LibraryImport("libc")]
    private static partial int getpid();

    [LibraryImport("libc")]
    private static partial int gettid();

    [LibraryImport("libc")]
    private static partial int tgkill(int process, int thread, int signal);
}
