using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tailrace.Io;
using Tailrace.Io.Backends;
using Tailrace.Native;

namespace Tailrace.Tests.Io.Backends;

/// <content>Requests that the kernel gives back undone.</content>
public sealed partial class UringLoopTests
{
    private const ulong ReceiveKind = 1;
    private const ulong ReadPollKind = 2;
    private const ulong WritePollKind = 3;
    private const ulong AcceptKind = 5;
    private const ulong WatchKind = 6;
    private const ulong DatagramsKind = 8;

    [Fact]
    public void A_wake_that_fails_for_good_does_not_keep_the_loop_busy()
    {
        const int idleMs = 300;
        using var rig = Rig(new UringSettings());
        using var unreadable = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var wake = WakeOf(LoopOf(rig)).Descriptor;
            var kept = dup(wake);
            Assert.True(kept >= 0);
            Assert.Equal(wake, dup2((int)unreadable.DangerousGetHandle(), wake));
            // What reads it already reads the old one, once.
            ulong one = 1;
            Assert.Equal(sizeof(ulong), write(kept, ref one, sizeof(ulong)));
            var before = LoopOf(rig).Ring.Enters;
            client.SetTimeout(idleMs);
            Assert.Equal(IoError.TimedOut, (await client.FillAsync()).Error);
            Assert.InRange(LoopOf(rig).Ring.Enters - before, 1, idleMs / 3);
            // With the descriptor whole again it is heard as before.
            Assert.Equal(wake, dup2(kept, wake));
            await rig.UntilAsync(() => rig.Loop.Timers.Count == 0);
            close(kept);
            client.Close();
            server.Close();
        });
    }

    [Fact]
    public void What_nobody_has_cancelled_is_asked_for_again_after_a_while()
    {
        using var rig = Rig(new UringSettings());
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            var accept = new AcceptOperation();
            var accepting = rig.Loop.AcceptAsync(listener, accept);
            await CancelAsync(rig, listener, AcceptKind);
            using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            peer.Connect((IPEndPoint)rig.Loop.LocalAddress(listener));
            Assert.False((await accepting).IsError);
            var server = SocketConnection.Adopt(rig.Reactor, accept.Opened!);
            var filling = server.FillAsync();
            await CancelAsync(rig, accept.Opened!, ReceiveKind);
            peer.Send("late"u8);
            Assert.Equal(4, (await filling).Bytes);
            // One that is closed meanwhile is free all the same.
            filling = server.FillAsync();
            await CancelAsync(rig, accept.Opened!, ReceiveKind);
            server.Close();
            Assert.Equal(IoError.Aborted, (await filling).Error);
            await rig.UntilAsync(() => ((UringHandle)accept.Opened!).IsFree);
            rig.Loop.Close(listener);
        });
    }

    [Fact]
    public void A_poll_for_bytes_that_fails_is_made_again_after_a_while()
    {
        using var rig = Rig(new UringSettings { BufferBytes = 64 });
        rig.Run(async () =>
        {
            using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            var server = await rig.AcceptAsync(peer);
            // More than fits a buffer is bulk, which is polled for.
            peer.Send(new byte[192]);
            for (var received = 0; received < 192;) received += await TakeAsync(server);
            var filling = server.FillAsync();
            var handle = (UringHandle)HandleOf(server);
            await rig.UntilAsync(() => handle.Has(UringWork.ReadPoll));
            await CancelTwiceAsync(rig, handle, ReadPollKind);
            peer.Send(new byte[128]);
            Assert.Equal(128, (await filling).Bytes);
            // One that is closed meanwhile is free all the same.
            server.Input.Clear();
            filling = server.FillAsync();
            await CancelAsync(rig, handle, ReadPollKind);
            server.Close();
            Assert.Equal(IoError.Aborted, (await filling).Error);
            await rig.UntilAsync(() => handle.IsFree);
        });
    }

    [Theory, InlineData(1000), InlineData(16_000)]
    public void A_poll_for_room_that_fails_is_made_again_after_a_while(int pieceLength)
    {
        using var rig = new LoopRig(
            new UringLoop(64, new DescriptorReserve(1 << 20), new UringSettings()) { SocketBuffer = 1 << 14 });
        rig.Run(async () =>
        {
            using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 1 << 14 };
            var server = await rig.AcceptAsync(peer);
            var (sent, flush) = (0, default(IoTask));
            while (true)
            {
                // What is small is sent by the ring, and its rest is waited for by the loop itself.
                Assert.True(server.Output.TryAppend(new byte[pieceLength]));
                sent += pieceLength;
                flush = server.FlushAsync();
                // There may be room again when the system has sorted what it has.
                if (!flush.IsCompleted) await new Pause(rig.Loop).Until(rig.Loop.Now + 200, connection: null);
                if (!flush.IsCompleted) break;
                Assert.False((await flush).IsError);
            }
            await CancelAsync(rig, HandleOf(server), WritePollKind);
            var (room, left) = (new byte[1 << 16], sent);
            peer.Blocking = false;
            await rig.UntilAsync(() =>
            {
                left -= Math.Max(0, peer.Receive(room, SocketFlags.None, out _));
                return left == 0;
            });
            Assert.False((await flush).IsError);
            server.Close();
        });
    }

    [Fact]
    public void A_poll_for_datagrams_that_fails_is_made_again_after_a_while()
    {
        using var rig = Rig(new UringSettings());
        rig.Run(async () =>
        {
            var bound = rig.Loop.BindDatagrams(new IPEndPoint(IPAddress.Loopback, 0), shared: false, receiveBuffer: 0);
            using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            peer.Connect(rig.Loop.LocalAddress(bound));
            var receiving = rig.Loop.ReceiveDatagramsAsync(bound, new IoOperation());
            await CancelTwiceAsync(rig, bound, DatagramsKind);
            peer.Send("late"u8);
            Assert.Equal(1, (await receiving).Bytes);
            rig.Loop.Datagrams.Used = 0;
            rig.Loop.Close(bound);
        });
    }

    [Fact]
    public void A_watch_that_fails_is_made_again_after_a_while()
    {
        using var rig = Rig(new UringSettings());
        rig.Run(async () =>
        {
            using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            var server = await rig.AcceptAsync(peer);
            var loss = new Loss();
            server.WatchLoss(loss);
            for (var i = 0; i < 2; i++)
            {
                await rig.TurnsAsync(2);
                Cancel(rig, HandleOf(server), WatchKind);
                await rig.TurnsAsync(5);
                // As far as others know it goes on.
                Assert.True(rig.Loop.IsWatched(HandleOf(server)));
                await rig.UntilAsync(() => rig.Loop.Timers.Count == 0);
            }
            peer.LingerState = new LingerOption(true, 0);
            peer.Dispose();
            await rig.UntilAsync(() => loss.IsHeard);
            server.Close();
        });
    }

    [Fact]
    public void A_watch_that_fails_is_not_made_again_for_nobody()
    {
        using var rig = Rig(new UringSettings());
        rig.Run(async () =>
        {
            using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            var server = await rig.AcceptAsync(peer);
            server.WatchLoss(new Loss());
            server.WatchLoss(null);
            await CancelAsync(rig, HandleOf(server), WatchKind);
            await rig.UntilAsync(() => rig.Loop.Timers.Count == 0);
            Assert.False(rig.Loop.IsWatched(HandleOf(server)));
            server.Close();
        });
    }

    [Fact]
    public void A_connect_whose_poll_fails_has_failed()
    {
        using var rig = Rig(new UringSettings());
        // Its queue has room for one, and a second is not answered.
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(0);
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        first.Connect(silent.LocalEndPoint!);
        rig.Run(async () =>
        {
            var connect = new SendOperation { Buffer = new(rig.Reactor.Buffers) };
            var connecting = rig.Loop.ConnectAsync(silent.LocalEndPoint!.Serialize(), connect, out var opened);
            Assert.False(connecting.IsCompleted);
            await rig.TurnsAsync(2);
            Cancel(rig, opened!, WritePollKind);
            Assert.Equal(IoError.Other, (await connecting).Error);
            rig.Loop.Close(opened!);
        });
    }

    private static async LoopTask<int> TakeAsync(SocketConnection connection)
    {
        var received = await connection.FillAsync();
        Assert.False(received.IsError);
        connection.Input.Clear();
        return received.Bytes;
    }

    /// <summary>Cancels behind the loop's back, and waits until it has heard of that and has put off what to do.</summary>
    private static LoopTask CancelAsync(LoopRig rig, IoHandle handle, ulong kind)
    {
        Cancel(rig, handle, kind);
        return rig.UntilAsync(() => rig.Loop.Timers.Count == 1);
    }

    /// <summary>The same, and again when what was put off has been done.</summary>
    private static async LoopTask CancelTwiceAsync(LoopRig rig, IoHandle handle, ulong kind)
    {
        for (var i = 0; i < 2; i++)
        {
            await CancelAsync(rig, handle, kind);
            await rig.UntilAsync(() => rig.Loop.Timers.Count == 0);
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_handle")]
    private static extern ref IoHandle HandleFieldOf(SocketConnection connection);

    private static IoHandle HandleOf(SocketConnection connection) => HandleFieldOf(connection);

    /// <summary>Hears of a loss.</summary>
    private sealed class Loss : LoopContinuation
    {
        internal bool IsHeard { get; private set; }

        internal override void Resume() => IsHeard = true;
    }

    private static unsafe void Cancel(LoopRig rig, IoHandle handle, ulong kind)
    {
        var uring = (UringHandle)handle;
        var data = (ulong)uring.Generation << 32 | (uint)uring.Slot << 4 | kind;
        LoopOf(rig).Ring.Add(Uring.OpAsyncCancel, Uring.SqeSkipSuccess, 0, -1, (void*)data, 0, 0, 0);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_wake")]
    private static extern ref WakeEvent WakeOf(UringLoop loop);

    [LibraryImport("libc")]
    private static partial int dup(int fd);

    [LibraryImport("libc")]
    private static partial int dup2(int fd, int number);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    [LibraryImport("libc")]
    private static partial nint write(int fd, ref ulong bytes, nint count);
}
