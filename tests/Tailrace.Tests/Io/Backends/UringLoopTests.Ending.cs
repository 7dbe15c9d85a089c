using System.Net;
using System.Net.Sockets;
using Tailrace.Io;
using Tailrace.Io.Backends;

namespace Tailrace.Tests.Io.Backends;

/// <content>The kernel tells of a reset once: to a send, whose failure lies in the queue meanwhile.</content>
public sealed partial class UringLoopTests
{
    [Theory, InlineData(true), InlineData(false)]
    public void A_direct_receive_of_nothing_behind_a_send_waits_for_what_that_was_told(bool isReset)
    {
        using var rig = Rig(new UringSettings { Submissions = 2 });
        rig.Run(async () =>
        {
            var (other, another) = await rig.PairAsync();
            var listener = rig.Loop.Listen(new IPEndPoint(IPAddress.Loopback, 0), new ListenSettings(8, Shared: false));
            using var peer = new Socket(SocketType.Stream, ProtocolType.Tcp);
            peer.Connect(rig.Loop.LocalAddress(listener));
            var accept = new AcceptOperation();
            Assert.False((await rig.Loop.AcceptAsync(listener, accept)).IsError);
            var handle = (UringHandle)accept.Opened!;
            var server = SocketConnection.Adopt(rig.Reactor, handle);
            // As if bulk had come before: it is received by direct calls.
            handle.IsBulk = true;
            handle.IsReadable = false;
            peer.Send(new byte[LoopOf(rig).Receives.Bytes]);
            if (isReset) peer.LingerState = new LingerOption(true, 0);
            else peer.Shutdown(SocketShutdown.Send);
            if (isReset) peer.Dispose();
            Assert.Equal(LoopOf(rig).Receives.Bytes, (await server.FillAsync()).Bytes);
            server.Input.Clear();

            Assert.True(server.Output.TryAppend("x"u8));
            Assert.False((await server.FlushAsync()).IsError);
            // A full queue is submitted at once, whatever of what was completed before has been looked at.
            foreach (var one in new[] { other, another })
            {
                Assert.True(one.Output.TryAppend("y"u8));
                Assert.False((await one.FlushAsync()).IsError);
            }
            var end = await server.FillAsync();

            Assert.Equal(isReset ? IoError.Reset : IoError.None, end.Error);
            Assert.True(end.Bytes <= 0, end.ToString());
            server.Close();
            other.Close();
            another.Close();
            rig.Loop.Close(listener);
        });
    }
}
