using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>The end of a stream travels with the last bytes before it, and not in a segment of its own.</summary>
public sealed class LastSegmentTests
{
    private const int TcpInfo = 11;
    private const int SegmentsReceivedAt = 140;

    public static TheoryData<string, bool> Ends => new()
    {
        { "epoll", false }, { "epoll", true }, { "io_uring", false }, { "io_uring", true },
    };

    [Theory, MemberData(nameof(Ends))]
    public void An_end_and_the_bytes_before_it_are_one_segment(string engine, bool closes)
    {
        using var rig = new LoopRig(engine);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            client.Connect((IPEndPoint)rig.Loop.LocalAddress(listener));
            var accept = new IoOperation();
            Assert.False((await rig.Loop.AcceptAsync(listener, accept)).IsError);
            rig.Loop.Close(listener);
            var server = SocketConnection.Adopt(rig.Reactor, accept.Opened!);
            // What the handshake has still under way is seen before counting begins.
            await LoopRig.SendAsync(server, "first");
            await rig.UntilAsync(() => client.Available == 5);

            var before = SegmentsReceived(client);
            await LoopRig.SendAsync(server, "last");
            if (closes) server.Close();
            else server.ShutdownSend();
            await rig.UntilAsync(() => client.Available == 9);
            var bytes = new byte[16];
            Assert.Equal(9, client.Receive(bytes));
            Assert.Equal(0, client.Receive(bytes));
            Assert.Equal(1, SegmentsReceived(client) - before);
            server.Close();
        });
    }

    private static int SegmentsReceived(Socket socket)
    {
        var info = new byte[SegmentsReceivedAt + sizeof(int)];
        Assert.Equal(info.Length, socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, TcpInfo, info));
        return BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(SegmentsReceivedAt));
    }
}
