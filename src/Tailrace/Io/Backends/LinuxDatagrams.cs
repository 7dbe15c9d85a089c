using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>Receives and sends the datagrams of one loop in batches, and opens their sockets, on Linux.</summary>
/// <remarks>
/// The headers that recvmmsg(2) fills are prepared once, one for each place of the loop's <see cref="DatagramBatch"/>,
/// so that a receive sets up nothing but what the last one has changed.
/// </remarks>
internal sealed unsafe class LinuxDatagrams : IDisposable
{
    private const int Capacity = DatagramBatch.Capacity;

    private readonly DatagramBatch _batch;
    private readonly byte* _memory;
    private readonly DatagramAbi.Entry* _fromAnybody;
    private readonly DatagramAbi.Entry* _fromOne;
    private readonly DatagramSender _sender;
    private bool _canSegment = true;

    /// <summary>Prepares the headers.</summary>
    internal LinuxDatagrams(DatagramBatch batch)
    {
        _batch = batch;
        _sender = new DatagramSender(batch);
        var entryBytes = sizeof(DatagramAbi.Entry) * Capacity;
        var vectorBytes = sizeof(SocketAbi.Vector) * Capacity;
        const int nameBytes = 32;
        _memory = (byte*)NativeMemory.AllocZeroed(
            (nuint)(2 * entryBytes + vectorBytes + (nameBytes + DatagramAbi.ControlBytes) * Capacity));
        _fromAnybody = (DatagramAbi.Entry*)_memory;
        _fromOne = _fromAnybody + Capacity;
        var vectors = (SocketAbi.Vector*)(_fromOne + Capacity);
        var names = (byte*)(vectors + Capacity);
        var controls = names + nameBytes * Capacity;
        for (var i = 0; i < Capacity; i++)
        {
            vectors[i] = new SocketAbi.Vector { Base = batch.Slots.At(i), Length = Memory.DatagramSlots.Bytes };
            _fromOne[i].Message = new SocketAbi.Message
            {
                Vectors = vectors + i,
                VectorCount = 1,
                Control = controls + i * DatagramAbi.ControlBytes,
            };
            _fromAnybody[i].Message = _fromOne[i].Message;
            _fromAnybody[i].Message.Name = names + i * nameBytes;
            Prepare(ref _fromOne[i]);
            Prepare(ref _fromAnybody[i]);
        }
    }

    /// <summary>Opens a socket that receives from anybody.</summary>
    /// <exception cref="IoException">The address cannot be had.</exception>
    internal int Bind(EndPoint address, bool shared, int receiveBuffer, out DatagramTraits traits)
    {
        traits = DatagramTraits.Bound;
        var raw = address.Serialize();
        var fd = LinuxSockets.Open(raw.Family, SocketAbi.SockDatagram);
        if (fd < 0) throw LinuxSockets.StartError(address, isDatagram: true);
        if (shared) LinuxSockets.SetOption(fd, SocketAbi.SolSocket, SocketAbi.SoReusePort, 1);
        var ip = (IPEndPoint)address;
        var isIPv6 = ip.AddressFamily == AddressFamily.InterNetworkV6;
        var isWildcard = ip.Address.Equals(isIPv6 ? IPAddress.IPv6Any : IPAddress.Any);
        // [::] takes IPv4 too; any other IPv6 address is only itself.
        if (isIPv6) LinuxSockets.SetOption(fd, SocketAbi.IpProtoIpv6, SocketAbi.Ipv6Only, isWildcard ? 0 : 1);
        if (isWildcard)
        {
            traits |= DatagramTraits.TellsLocal;
            if (isIPv6) LinuxSockets.SetOption(fd, SocketAbi.IpProtoIpv6, DatagramAbi.Ipv6ReceivePacketInfo, 1);
            else LinuxSockets.SetOption(fd, DatagramAbi.IpProtoIp, DatagramAbi.IpPacketInfo, 1);
        }
        // Above net.core.rmem_max only who administers the network may go.
        if (receiveBuffer > 0
            && !LinuxSockets.SetOption(fd, SocketAbi.SolSocket, SocketAbi.SoReceiveBufferForce, receiveBuffer))
            LinuxSockets.SetOption(fd, SocketAbi.SolSocket, SocketAbi.SoReceiveBuffer, receiveBuffer);
        traits |= Accelerate(fd);
        fixed (byte* bytes = raw.Buffer.Span)
        {
            if (Libc.bind(fd, bytes, (uint)raw.Size) == 0) return fd;
            var error = LinuxSockets.StartError(address, isDatagram: true);
            Libc.close(fd);
            throw error;
        }
    }

    /// <summary>Bytes of a socket's receive buffer: twice what it was asked for (socket(7)).</summary>
    internal static int ReceiveBufferOf(int fd)
    {
        int bytes = 0;
        uint length = sizeof(int);
        Libc.getsockopt(fd, SocketAbi.SolSocket, SocketAbi.SoReceiveBuffer, &bytes, &length);
        // The kernel doubles what is set, for its own use (socket(7)).
        return bytes / 2;
    }

    /// <summary>Opens a socket that exchanges with one address only.</summary>
    /// <param name="address">Which.</param>
    /// <param name="fd">The socket, or -1.</param>
    /// <param name="traits">What it can do.</param>
    /// <returns>0 or an errno.</returns>
    internal int Connect(SocketAddress address, out int fd, out DatagramTraits traits)
    {
        traits = DatagramTraits.Connected;
        fd = LinuxSockets.Open(address.Family, SocketAbi.SockDatagram);
        if (fd < 0) return Libc.Errno;
        fixed (byte* bytes = address.Buffer.Span)
        {
            if (Libc.connect(fd, bytes, (uint)address.Size) == 0)
            {
                traits |= Accelerate(fd);
                return 0;
            }
            var errno = Libc.Errno;
            Libc.close(fd);
            fd = -1;
            return ConnectErrnoOf(errno);
        }
    }

    /// <summary>
    /// What the failure of a connect is about. EAGAIN is how the system says that it has no port for the socket.
    /// </summary>
    internal static int ConnectErrnoOf(int errno) => errno == Errno.Again ? Errno.AddressNotAvailable : errno;

    /// <summary>Receives into the batch's free places; null when there is nothing.</summary>
    /// <param name="fd">From where.</param>
    /// <param name="traits">What kind of socket it is.</param>
    /// <param name="isDrained">Whether there is nothing left.</param>
    internal IoResult? Receive(int fd, DatagramTraits traits, out bool isDrained)
    {
        var (first, room) = (_batch.Used, _batch.Free);
        Debug.Assert(room > 0);
        var isBound = (traits & DatagramTraits.Bound) != 0;
        var entries = (isBound ? _fromAnybody : _fromOne) + first;
        int count;
        while ((count = Libc.recvmmsg(fd, entries, (uint)room, 0, null)) < 0)
        {
            var errno = Libc.Errno;
            if (errno == Errno.Interrupted) continue;
            isDrained = errno == Errno.Again;
            return isDrained ? null : LinuxSockets.FailureOf(errno);
        }
        for (var i = 0; i < count; i++) Take(ref entries[i], ref _batch[first + i]);
        _batch.Add(count);
        isDrained = count < room;
        return IoResult.Success(count);
    }

    /// <summary>Sends runs of the batch; what does not go is dropped.</summary>
    internal void Send(int fd, IoHandle socket, Span<DatagramRun> runs) => _sender.Send(fd, socket, runs);

    /// <inheritdoc/>
    public void Dispose()
    {
        _sender.Dispose();
        NativeMemory.Free(_memory);
    }

    /// <summary>Has the kernel put datagrams together and take them apart, where it can.</summary>
    private DatagramTraits Accelerate(int fd)
    {
        if (!_canSegment) return DatagramTraits.None;
        _canSegment = LinuxSockets.SetOption(fd, DatagramAbi.SolUdp, DatagramAbi.UdpReceiveOffload, 1);
        return _canSegment ? DatagramTraits.Segments : DatagramTraits.None;
    }

    private static void Prepare(ref DatagramAbi.Entry entry)
    {
        entry.Message.NameLength = entry.Message.Name == null ? 0u : DatagramAbi.NameBytes;
        entry.Message.ControlLength = DatagramAbi.ControlBytes;
    }

    private static void Take(ref DatagramAbi.Entry entry, ref Datagram datagram)
    {
        ref var message = ref entry.Message;
        datagram.Length = (int)entry.Length;
        datagram.SegmentBytes = 0;
        if (message.Name != null)
            datagram.From = new DatagramAddress(new ReadOnlySpan<byte>(message.Name, (int)message.NameLength));
        datagram.To = default;
        if (message.ControlLength > 0) TakeControls(message, ref datagram);
        Prepare(ref entry);
    }

    private static void TakeControls(in SocketAbi.Message message, ref Datagram datagram)
    {
        var at = (byte*)message.Control;
        var end = at + message.ControlLength;
        while (at + sizeof(DatagramAbi.Control) <= end)
        {
            var control = (DatagramAbi.Control*)at;
            if (control->Length < (nuint)sizeof(DatagramAbi.Control)) return;
            var data = DatagramAbi.DataOf(control);
            switch (control->Level, control->Type)
            {
                case (DatagramAbi.SolUdp, DatagramAbi.UdpReceiveOffload):
                    var segment = *(int*)data;
                    // All of one length, and one of them: nothing was put together.
                    if (datagram.Length > segment) datagram.SegmentBytes = segment;
                    break;
                case (DatagramAbi.IpProtoIp, DatagramAbi.IpPacketInfo):
                    var local = ((DatagramAbi.PacketInfo*)data)->Local;
                    datagram.To = NetAddress.FromIPv4(new ReadOnlySpan<byte>(&local, sizeof(uint)), 0);
                    break;
                case (SocketAbi.IpProtoIpv6, DatagramAbi.Ipv6PacketInfo):
                    datagram.To = SourceOf(((DatagramAbi.PacketInfo6*)data)->Address);
                    break;
            }
            at += DatagramAbi.Aligned(control->Length);
        }
    }

    /// <summary>The address that answers are sent from: nothing when a group of hosts was meant.</summary>
    private static NetAddress SourceOf(byte* address)
    {
        const byte multicastIPv6 = 0xFF;
        const byte firstMulticastIPv4 = 224;
        var isMapped = Unsafe.ReadUnaligned<ulong>(address) == 0
            && Unsafe.ReadUnaligned<uint>(address + 8) == 0xFFFF_0000 && address[12] >= firstMulticastIPv4;
        return isMapped || address[0] == multicastIPv6
            ? default
            : NetAddress.FromIPv6(new ReadOnlySpan<byte>(address, 16), 0);
    }
}
