using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Tailrace.Conformance.Support;
using Tailrace.Io;
using Tailrace.Io.Backends;

namespace Tailrace.Tests.Io.Backends;

/// <summary>What the kernel may answer to the calls of epoll(7) besides success.</summary>
[SupportedOSPlatform("linux")]
public sealed class EpollLoopTests
{
    private const uint Interrupted = 4;
    private const int WaitMs = 20;

    [Fact]
    public void A_wait_that_a_signal_ends_is_made_again() => OnThreadOfItsOwn(() =>
    {
        using var rig = Rig();
        Seccomp.DenyEpollWait(Interrupted);
        rig.Run(async () =>
        {
            var due = rig.Loop.Now + WaitMs;
            await new Pause(rig.Loop).Until(due, null);
            Assert.True(rig.Loop.Now >= due, "it came too early");
        });
    });

    [Fact]
    public void A_wait_that_fails_otherwise_fails_the_loop() => OnThreadOfItsOwn(() =>
    {
        using var rig = Rig();
        rig.Run(() => rig.TurnsAsync(1));
        Seccomp.DenyEpollWait();
        var failure = Assert.Throws<IoException>(() => rig.Run(() => rig.TurnsAsync(1)));
        Assert.Equal(IoError.NotPermitted, failure.Error);
        Assert.StartsWith("epoll_wait: errno 1", failure.Message);
        rig.Loop.Fail();
    });

    [Fact]
    public void What_waits_when_it_fails_is_aborted() => OnThreadOfItsOwn(() =>
    {
        using var peer = NewPeer();
        using var rig = Rig();
        SocketConnection? server = null;
        var ended = IoError.None;
        Assert.Throws<IoException>(() => rig.Run(async () =>
        {
            server = await rig.AcceptAsync(peer);
            server.PrepareFill();
            Seccomp.DenyEpollWait();
            ended = (await server.FillAsync()).Error;
        }));
        rig.Loop.RunOut(() => { });
        Assert.Equal(IoError.Aborted, ended);
        rig.Loop.Fail();
    });

    [Theory, InlineData(false), InlineData(true)]
    public void What_it_has_not_sent_when_it_fails_does_not_end_as_if_it_were_whole(bool isClosed)
    {
        using var peer = NewPeer();
        OnThreadOfItsOwn(() =>
        {
            using var rig = Rig();
            SocketConnection? server = null;
            Assert.Throws<IoException>(() => rig.Run(async () =>
            {
                server = await rig.AcceptAsync(peer);
                // Until the system takes no more, and the loop has the rest.
                while (Send(server)) await rig.TurnsAsync(2);
                if (isClosed) server.Close();
                Seccomp.DenyEpollWait();
                await rig.TurnsAsync(2);
            }));
            rig.Loop.RunOut(() =>
            {
                if (!isClosed) server!.Close();
            });
            rig.Loop.Fail();
        });
        var buffer = new byte[1 << 16];
        var broken = Assert.Throws<SocketException>(() =>
        {
            while (peer.Receive(buffer) > 0)
            {
            }
        });
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);

        static bool Send(SocketConnection connection)
        {
            Assert.True(connection.Output.TryAppend(new byte[4096]));
            return connection.FlushAsync().IsCompleted;
        }
    }

    [Fact]
    public void A_loop_that_is_refused_leaves_nothing_open() => OnThreadOfItsOwn(() =>
    {
        const int loops = 200;
        Seccomp.DenyCall(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 233u : 21u);
        var before = OpenOnes();
        for (var i = 0; i < loops; i++)
        {
            var refusal = Assert.Throws<IoException>(() => new EpollLoop(64, new DescriptorReserve(1 << 20)));
            Assert.StartsWith("epoll_ctl: errno 1", refusal.Message);
        }
        // Other tests open and close loops of their own meanwhile, but never so many.
        Assert.InRange(OpenOnes(), 0, before + loops / 2);

        static int OpenOnes() => Directory.GetFiles("/proc/self/fd").Count(path =>
            File.ResolveLinkTarget(path, false)?.Name is "anon_inode:[eventpoll]" or "anon_inode:[eventfd]");
    });

    private static LoopRig Rig() => new(new EpollLoop(64, new DescriptorReserve(1 << 20)));

    private static Socket NewPeer() =>
        new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 30_000 };

    private static void OnThreadOfItsOwn(Action body)
    {
        if (LoopRig.OnThreadOfItsOwn(body) is { } failure) Assert.Fail(failure.ToString());
    }
}
