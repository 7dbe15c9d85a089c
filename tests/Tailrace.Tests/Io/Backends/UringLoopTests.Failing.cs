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
    private const ulong WritePollKind = 3;
    private const ulong AcceptKind = 5;

    [Fact]
    public void A_wake_that_fails_for_good_does_not_keep_the_loop_busy()
    {
        const int idleMs = 300;
        using var rig = Rig(new UringSettings());
        using var unreadable = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var wake = (int)WakeOf(LoopOf(rig)).DangerousGetHandle();
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
            Assert.Equal(IoError.Cancelled, (await connecting).Error);
            rig.Loop.Close(opened!);
        });
    }

    /// <summary>Cancels behind the loop's back, and waits until it has heard of that and has put off what to do.</summary>
    private static LoopTask CancelAsync(LoopRig rig, IoHandle handle, ulong kind)
    {
        Cancel(rig, handle, kind);
        return rig.UntilAsync(() => rig.Loop.Timers.Count == 1);
    }

    private static unsafe void Cancel(LoopRig rig, IoHandle handle, ulong kind)
    {
        var uring = (UringHandle)handle;
        var data = (ulong)uring.Generation << 32 | (uint)uring.Slot << 4 | kind;
        LoopOf(rig).Ring.Add(Uring.OpAsyncCancel, Uring.SqeSkipSuccess, 0, -1, (void*)data, 0, 0, 0);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_wake")]
    private static extern ref SafeFileHandle WakeOf(UringLoop loop);

    [LibraryImport("libc")]
    private static partial int dup(int fd);

    [LibraryImport("libc")]
    private static partial int dup2(int fd, int number);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    [LibraryImport("libc")]
    private static partial nint write(int fd, ref ulong bytes, nint count);
}
