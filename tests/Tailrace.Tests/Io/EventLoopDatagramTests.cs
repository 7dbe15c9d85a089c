using System.Net;
using System.Net.Sockets;
using Tailrace.Conformance.Support;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>What every back end does with datagrams: batches, order, sizes, own addresses, errors, closing.</summary>
public sealed class EventLoopDatagramTests
{
    public static TheoryData<string> Engines => LoopRig.Engines;

    [Theory, MemberData(nameof(Engines))]
    public void Datagrams_come_in_order_and_whole_whatever_their_size(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            using var client = new Client(rig.Loop.BindDatagrams(Any(IPAddress.Loopback), shared: false), rig.Loop);
            // Equal ones in a row, shorter and longer ones between them, none, and the longest that there are.
            int[] sizes = [100, 100, 100, 40, 100, 0, 0, 65_507, 1, 1, 1200, 1200, 1199, 1200, 30_000, 30_000, 30_000];
            for (var i = 0; i < sizes.Length; i++) client.Send(Bytes(sizes[i], i));
            for (var seen = 0; seen < sizes.Length;) seen += await EchoAsync(rig, client.Bound);
            for (var i = 0; i < sizes.Length; i++) Assert.Equal(Bytes(sizes[i], i), client.Receive());
            rig.Loop.Close(client.Bound);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void The_receive_buffer_is_what_was_asked_for(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(() =>
        {
            var usual = rig.Loop.BindDatagrams(Any(IPAddress.Loopback), shared: false);
            // Any system gives so much less.
            var small = rig.Loop.BindDatagrams(Any(IPAddress.Loopback), shared: false, receiveBuffer: 20_000);
            // .NET tells what the system says, and Linux says twice as much.
            Assert.InRange(rig.Loop.ReceiveBufferOf(small), 20_000, engine == "portable" ? 40_000 : 20_000);
            Assert.True(rig.Loop.ReceiveBufferOf(usual) > 20_000);
            rig.Loop.Close(usual);
            rig.Loop.Close(small);
            return LoopTask.Completed;
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_connected_socket_exchanges_with_one_address(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            using var origin = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
            origin.Bind(Any(IPAddress.Loopback));
            Assert.False(rig.Loop.ConnectDatagrams(origin.LocalEndPoint!.Serialize(), out var socket).IsError);
            using var stranger = new Client(rig.Loop.LocalAddress(socket!));
            stranger.Send([9]);
            var batch = rig.Loop.Datagrams;
            var place = batch.Used;
            for (var i = 0; i < 5; i++)
            {
                batch[place + i] = new Datagram { Length = 3 };
                batch.Slots.Of(place + i)[..3].Fill((byte)i);
            }
            batch.Add(5);
            var run = new DatagramRun { First = place, Count = 5 };
            rig.Loop.SendDatagrams(socket!, new Span<DatagramRun>(ref run));
            Assert.Equal((5, 15L, IoError.None), (run.Sent, run.Bytes, run.Error));
            batch.Used = 0;
            var buffer = new byte[100];
            EndPoint from = Any(IPAddress.Any);
            for (var i = 0; i < 5; i++)
            {
                Assert.Equal(3, origin.ReceiveFrom(buffer, ref from));
                Assert.Equal(i, buffer[0]);
            }
            origin.SendTo([7], from);
            var received = await rig.Loop.ReceiveDatagramsAsync(socket!, new IoOperation());
            Assert.Equal(1, received.Bytes);
            Assert.Equal(7, batch.Slots.Of(0)[0]);
            batch.Used = 0;
            rig.Loop.Close(socket!);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_destination_where_nobody_listens_refuses(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var address = new IPEndPoint(IPAddress.Loopback, Silence.UnusedDatagramPort()).Serialize();
            Assert.False(rig.Loop.ConnectDatagrams(address, out var socket).IsError);
            var receive = rig.Loop.ReceiveDatagramsAsync(socket!, new IoOperation());
            rig.Loop.Datagrams[0] = new Datagram { Length = 1 };
            rig.Loop.Datagrams.Add(1);
            var run = new DatagramRun { First = 0, Count = 1 };
            rig.Loop.SendDatagrams(socket!, new Span<DatagramRun>(ref run));
            Assert.Equal(IoError.Refused, (await receive).Error);
            rig.Loop.Datagrams.Used = 0;
            rig.Loop.Close(socket!);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void What_is_sent_alone_and_together_in_one_turn_goes_in_order_and_before_the_close(string engine)
    {
        using var rig = new LoopRig(engine);
        using var origin = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
        origin.Bind(Any(IPAddress.Loopback));
        rig.Run(async () =>
        {
            await rig.TurnsAsync(1);
            Assert.False(rig.Loop.ConnectDatagrams(origin.LocalEndPoint!.Serialize(), out var socket).IsError);
            var number = 0;
            foreach (var count in new[] { 1, 1, 3, 1, 2, 1 }) Send(rig.Loop, socket!, count, ref number);
            rig.Loop.Close(socket!);
            await rig.TurnsAsync(2);
        });
        var buffer = new byte[100];
        for (var i = 0; i < 9; i++)
        {
            Assert.Equal(3, origin.Receive(buffer));
            Assert.Equal(i, buffer[0]);
        }
    }

    [Theory, InlineData("epoll"), InlineData("io_uring")]
    public void What_a_connected_socket_drops_is_told_now_or_later(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            using var origin = new Client(rig.Loop.BindDatagrams(Any(IPAddress.Loopback), shared: false), rig.Loop);
            Assert.False(
                rig.Loop.ConnectDatagrams(rig.Loop.LocalAddress(origin.Bound).Serialize(), out var socket).IsError);
            // A send fails then, by itself and at once.
            rig.Loop.ShutdownSend(socket!);
            var number = 0;
            var first = Send(rig.Loop, socket!, 1, ref number);
            var receive = new IoOperation();
            if (engine == "io_uring")
                Assert.Equal(IoError.BrokenPipe, (await rig.Loop.ReceiveDatagramsAsync(socket!, receive)).Error);
            var second = Send(rig.Loop, socket!, 1, ref number);
            await rig.TurnsAsync(5);
            first.Add(second);
            first.Add(rig.Loop.TakeDropped(socket!));
            Assert.Equal((2, IoError.BrokenPipe), (first.Failed, first.Error));
            Assert.Equal(0, rig.Loop.TakeDropped(socket!).Failed);
            rig.Loop.Close(socket!);
            rig.Loop.Close(origin.Bound);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_wildcard_socket_tells_where_a_datagram_was_sent_to(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            foreach (var (bound, to) in new[]
            {
                (IPAddress.Any, "127.0.0.2"), (IPAddress.IPv6Any, "127.0.0.3"), (IPAddress.IPv6Any, "::1"),
            })
            {
                using var client = new Client(rig.Loop.BindDatagrams(Any(bound), shared: false), rig.Loop, IPAddress.Parse(to));
                // The second comes by another way on some loops.
                for (byte i = 0; i < 2; i++)
                {
                    client.Send([i]);
                    Assert.Equal(1, await EchoAsync(rig, client.Bound, one => Assert.Equal(to, Text(one.To))));
                    Assert.Equal([i], client.Receive());
                }
                rig.Loop.Close(client.Bound);
                await rig.TurnsAsync(5);
            }
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_address_that_is_taken_cannot_be_had(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(() =>
        {
            var first = rig.Loop.BindDatagrams(Any(IPAddress.Loopback), shared: false);
            var address = rig.Loop.LocalAddress(first);
            var error = Assert.Throws<IoException>(() => rig.Loop.BindDatagrams(address, shared: false));
            Assert.Equal((IoError.AddressInUse, true), (error.Error, error.IsDatagram));
            rig.Loop.Close(first);
            rig.Loop.Close(rig.Loop.BindDatagrams(address, shared: false));
            return default;
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Closing_a_socket_aborts_its_receive(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var socket = rig.Loop.BindDatagrams(Any(IPAddress.Loopback), shared: false);
            var receive = rig.Loop.ReceiveDatagramsAsync(socket, new IoOperation());
            rig.Loop.Close(socket);
            Assert.Equal(IoError.Aborted, (await receive).Error);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_datagram_that_is_too_long_for_its_way_is_dropped_alone(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            using var client = new Client(rig.Loop.BindDatagrams(Any(IPAddress.Loopback), shared: false), rig.Loop);
            client.Send([1]);
            var batch = rig.Loop.Datagrams;
            Assert.Equal(1, (await rig.Loop.ReceiveDatagramsAsync(client.Bound, new IoOperation())).Bytes);
            for (var i = 1; i < 3; i++) batch[i] = batch[0];
            batch.Add(2);
            batch[1].Length = 65_530;
            var run = new DatagramRun { First = 0, Count = 3, To = batch[0].From };
            rig.Loop.SendDatagrams(client.Bound, new Span<DatagramRun>(ref run));
            Assert.Equal((2, 1, 0, 0), (run.Sent, run.TooLong, run.Full, run.Failed));
            batch.Used = 0;
            rig.Loop.Close(client.Bound);
        });
    }

    /// <summary>Sends back what comes, all that came of one address as one run.</summary>
    private static async LoopTask<int> EchoAsync(LoopRig rig, IoHandle socket, Action<Datagram>? check = null)
    {
        var batch = rig.Loop.Datagrams;
        var result = await rig.Loop.ReceiveDatagramsAsync(socket, new IoOperation());
        Assert.False(result.IsError, result.ToString());
        check?.Invoke(batch[0]);
        var run = new DatagramRun { First = 0, Count = result.Bytes, To = batch[0].From, From = batch[0].To };
        rig.Loop.SendDatagrams(socket, new Span<DatagramRun>(ref run));
        Assert.Equal((0, 0, 0), (run.Full, run.TooLong, run.Failed));
        batch.Used = 0;
        return run.Sent;
    }

    /// <summary>Sends datagrams of three bytes, the first of which counts them.</summary>
    private static DatagramRun Send(EventLoop loop, IoHandle socket, int count, ref int number)
    {
        var batch = loop.Datagrams;
        for (var i = 0; i < count; i++)
        {
            batch[i] = new Datagram { Length = 3 };
            batch.Slots.Of(i)[..3].Fill((byte)number++);
        }
        batch.Add(count);
        var run = new DatagramRun { First = 0, Count = count };
        loop.SendDatagrams(socket, new Span<DatagramRun>(ref run));
        batch.Used = 0;
        return run;
    }

    private static IPEndPoint Any(IPAddress address) => new(address, 0);

    private static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static string Text(NetAddress address)
    {
        Span<byte> text = stackalloc byte[NetAddress.TextLengthMax];
        return System.Text.Encoding.ASCII.GetString(text[..address.Format(text)]);
    }

    /// <summary>Somebody who sends to one address and takes answers from there alone.</summary>
    private sealed class Client : IDisposable
    {
        private readonly Socket _socket;
        private readonly byte[] _buffer = new byte[70_000];

        internal Client(EndPoint to)
        {
            _socket = new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp)
            {
                ReceiveTimeout = 10_000,
                ReceiveBufferSize = 400_000,
                SendBufferSize = 400_000,
            };
            _socket.Connect(to);
        }

        internal Client(IoHandle bound, EventLoop loop, IPAddress? address = null)
            : this(new IPEndPoint(address ?? IPAddress.Loopback, ((IPEndPoint)loop.LocalAddress(bound)).Port)) => Bound = bound;

        internal IoHandle Bound { get; } = null!;

        internal void Send(ReadOnlySpan<byte> bytes) => Assert.Equal(bytes.Length, _socket.Send(bytes));

        internal byte[] Receive() => _buffer[.._socket.Receive(_buffer)];

        public void Dispose() => _socket.Dispose();
    }
}
