using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>The end of a stream travels with the last bytes before it, and not in a segment of its own.</summary>
public sealed class LastSegmentTests
{
    private const int TcpInfo = 11;
    private const int SegmentsReceivedAt = 140;

    public static TheoryData<string> Joining => ["epoll", "io_uring"];

    public static TheoryData<string> Engines => LoopRig.Engines;

    [Theory, MemberData(nameof(Joining))]
    public void An_end_and_the_bytes_before_it_are_one_segment(string engine) => WithServer(engine, async (rig, client, server) =>
    {
        // What the handshake has still under way is seen before counting begins.
        await LoopRig.SendAsync(server, "first");
        await rig.UntilAsync(() => client.Available == 5);
        var before = SegmentsReceived(client);
        await LoopRig.SendAsync(server, "last");
        server.ShutdownSend();
        await rig.UntilAsync(() => client.Available == 9);
        Assert.Equal("firstlast", Receive(client));
        Assert.Equal("", Receive(client));
        Assert.Equal(1, SegmentsReceived(client) - before);
        server.Close();
    });

    [Theory, MemberData(nameof(Engines))]
    public void What_was_sent_before_a_close_comes_though_something_is_unread(string engine) =>
        WithServer(engine, async (rig, client, server) =>
        {
            client.Send("unread"u8);
            await rig.UntilAsync(() => client.Poll(0, SelectMode.SelectWrite));
            await LoopRig.SendAsync(server, "last");
            server.Close();
            await rig.UntilAsync(() => client.Poll(0, SelectMode.SelectRead));
            Assert.Equal("last", Receive(client));
        });

    [Theory, MemberData(nameof(Engines))]
    public void What_was_sent_before_an_end_comes_though_a_reset_follows(string engine) =>
        WithServer(engine, async (rig, client, server) =>
        {
            await LoopRig.SendAsync(server, "last");
            server.ShutdownSend();
            server.Close(reset: true);
            await rig.UntilAsync(() => client.Poll(0, SelectMode.SelectRead));
            Assert.Equal("last", Receive(client));
        });

    private static void WithServer(string engine, Func<LoopRig, Socket, SocketConnection, LoopTask> body)
    {
        using var rig = new LoopRig(engine);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        rig.Run(async () =>
        {
            await body(rig, client, await rig.AcceptAsync(client));
        });
    }

    private static string Receive(Socket socket)
    {
        var bytes = new byte[64];
        return Encoding.ASCII.GetString(bytes, 0, socket.Receive(bytes));
    }

    private static int SegmentsReceived(Socket socket)
    {
        var info = new byte[SegmentsReceivedAt + sizeof(int)];
        Assert.Equal(info.Length, socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, TcpInfo, info));
        return BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(SegmentsReceivedAt));
    }
}
