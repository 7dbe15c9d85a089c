using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tailrace.Io.Backends;

/// <content>Datagrams: a peek in flight tells that some are there, and they are then received one by one.</content>
/// <remarks>
/// The framework cannot send from an address of the caller's choice. So at a wildcard address each own address that
/// somebody sends to gets a socket of its own, a branch, which systems prefer to the wildcard's from then on: what
/// comes for that address comes there, and answers leave from there. Several loops could not share that, so one loop
/// has a listener for itself.
/// </remarks>
internal sealed partial class PortableLoop
{
    private const int BranchesMax = 64;

    private readonly SocketAddress _addressV4 = new(AddressFamily.InterNetwork, 16);
    private readonly SocketAddress _addressV6 = new(AddressFamily.InterNetworkV6, DatagramAddress.BytesMax);

    /// <inheritdoc/>
    internal override bool CanShareDatagrams => false;

    /// <inheritdoc/>
    internal override IoHandle BindDatagrams(EndPoint address, bool shared, int receiveBuffer)
    {
        Debug.Assert(!shared);
        var ip = (IPEndPoint)address;
        var isWildcard = ip.Address.Equals(IPAddress.Any) || ip.Address.Equals(IPAddress.IPv6Any);
        var socket = BindSocket(ip, mayBranch: false, receiveBuffer);
        if (isWildcard)
        {
            // Who would let others in has to make sure first that there are none.
            var bound = new IPEndPoint(ip.Address, ((IPEndPoint)socket.LocalEndPoint!).Port);
            socket.Dispose();
            socket = BindSocket(bound, mayBranch: true, receiveBuffer);
        }
        var handle = RegisterDatagrams(socket, DatagramTraits.Bound);
        if (!isWildcard) return handle;
        handle.Traits |= DatagramTraits.TellsLocal;
        handle.Branches = [];
        handle.ReceiveBuffer = receiveBuffer;
        return handle;
    }

    /// <inheritdoc/>
    internal override int ReceiveBufferOf(IoHandle socket) => Of(socket).Socket.ReceiveBufferSize;

    /// <inheritdoc/>
    internal override IoResult ConnectDatagrams(SocketAddress address, out IoHandle? socket)
    {
        socket = null;
        Socket? opened = null;
        try
        {
            opened = new Socket(address.Family, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            opened.Connect(PortableSockets.EndPointOf(address));
        }
        catch (SocketException exception)
        {
            opened?.Dispose();
            // The system has no port for it.
            return exception.SocketErrorCode == SocketError.WouldBlock
                ? IoResult.Failure(IoError.AddressNotAvailable)
                : PortableSockets.FailureOf(exception.SocketErrorCode);
        }
        if (Reserve.Touches(opened.Handle))
        {
            opened.Dispose();
            return IoResult.Failure(IoError.OutOfDescriptors);
        }
        socket = RegisterDatagrams(opened, DatagramTraits.Connected);
        return IoResult.Success(0);
    }

    /// <inheritdoc/>
    internal override IoTask ReceiveDatagramsAsync(IoHandle socket, IoOperation operation)
    {
        var handle = Of(socket);
        if (TryReceiveDatagrams(handle) is { } done) return new IoTask(done);
        Debug.Assert(handle.Receiving is null, "one receive at a time");
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    internal override void SendDatagrams(IoHandle socket, Span<DatagramRun> runs)
    {
        var trunk = Of(socket);
        foreach (ref var run in runs)
        {
            var handle = trunk.Branches is { } branches ? branches.GetValueOrDefault(run.From, trunk) : trunk;
            for (var at = run.First; at < run.First + run.Count; at++)
            {
                var slot = Datagrams.Order[at];
                var bytes = Datagrams.Slots.Of(slot)[..Datagrams[slot].Length];
                CountSent(ref run, bytes.Length, SendDatagram(handle, run.To, bytes));
            }
        }
    }

    private static void CountSent(ref DatagramRun run, int length, SocketError error)
    {
        switch (error)
        {
            case SocketError.Success:
                run.Sent++;
                run.Bytes += length;
                break;
            case SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable:
                run.Full++;
                break;
            case SocketError.MessageSize:
                run.TooLong++;
                break;
            default:
                run.Failed++;
                if (run.To.Length == 0) run.Error = PortableSockets.ErrorOf(error);
                break;
        }
    }

    private SocketError SendDatagram(PortableHandle handle, in DatagramAddress to, ReadOnlySpan<byte> bytes)
    {
        if (to.Length == 0)
        {
            handle.Socket.Send(bytes, SocketFlags.None, out var error);
            return error;
        }
        var address = to.IsIPv6 ? _addressV6 : _addressV4;
        Span<byte> raw = stackalloc byte[DatagramAddress.BytesMax];
        to.CopyTo(raw);
        raw[..to.Length].CopyTo(address.Buffer.Span);
        try
        {
            handle.Socket.SendTo(bytes, SocketFlags.None, address);
            return SocketError.Success;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode;
        }
    }

    private void OnDatagrams(PortableHandle handle)
    {
        var owner = handle.Trunk ?? handle;
        if (owner.Receiving is not { } operation || TryReceiveDatagrams(owner) is not { } done) return;
        owner.Receiving = null;
        operation.Complete(done);
    }

    private IoResult? TryReceiveDatagrams(PortableHandle handle)
    {
        var before = Datagrams.Used;
        FillFrom(handle);
        if (handle.Branches is { } branches)
        {
            foreach (var branch in branches.Values) FillFrom(branch);
        }
        if (Datagrams.Used > before) return IoResult.Success(Datagrams.Used - before);
        if (handle.Failure == IoError.None) return null;
        var failure = IoResult.Failure(handle.Failure);
        handle.Failure = IoError.None;
        return failure;
    }

    /// <summary>Receives what there is on one socket, and has a peek in flight when that is all.</summary>
    private void FillFrom(PortableHandle handle)
    {
        if (!handle.IsReadable) Probe(handle);
        while (handle.IsReadable && Datagrams.Free > 0)
        {
            ref var datagram = ref Datagrams[Datagrams.Used];
            var length = ReceiveDatagram(handle, ref datagram, Datagrams.Slots.Of(Datagrams.Used));
            if (length < 0)
            {
                handle.IsReadable = false;
                if (handle.Failure == IoError.None) Probe(handle);
                continue;
            }
            datagram.Length = length;
            Datagrams.Add(1);
        }
    }

    /// <summary>Receives one; -1 when there is none.</summary>
    private int ReceiveDatagram(PortableHandle handle, ref Datagram datagram, Span<byte> place)
    {
        datagram.To = handle.Local;
        try
        {
            if ((handle.Traits & DatagramTraits.Connected) != 0)
            {
                var length = handle.Socket.Receive(place, SocketFlags.None, out var error);
                if (error == SocketError.Success) return length;
                if (error != SocketError.WouldBlock) handle.Failure = PortableSockets.ErrorOf(error);
                return -1;
            }
            // What came before for others than this one's clients is none of its business.
            handle.Failure = IoError.None;
            if (!handle.Socket.Poll(0, SelectMode.SelectRead)) return -1;
            return handle.Branches is null
                ? ReceiveOwn(handle, ref datagram, place)
                : ReceiveAny(handle, ref datagram, place);
        }
        catch (SocketException)
        {
            return -1;
        }
    }

    private int ReceiveOwn(PortableHandle handle, ref Datagram datagram, Span<byte> place)
    {
        var address = handle.Socket.AddressFamily == AddressFamily.InterNetworkV6 ? _addressV6 : _addressV4;
        var length = handle.Socket.ReceiveFrom(place, SocketFlags.None, address);
        datagram.From = new DatagramAddress(address.Buffer.Span[..address.Size]);
        return length;
    }

    private int ReceiveAny(PortableHandle trunk, ref Datagram datagram, Span<byte> place)
    {
        EndPoint from = trunk.Socket.AddressFamily == AddressFamily.InterNetworkV6
            ? new IPEndPoint(IPAddress.IPv6Any, 0)
            : new IPEndPoint(IPAddress.Any, 0);
        var flags = SocketFlags.None;
        var length = trunk.Socket.ReceiveMessageFrom(place, ref flags, ref from, out var packet);
        var raw = from.Serialize();
        datagram.From = new DatagramAddress(raw.Buffer.Span[..raw.Size]);
        var isOwn = packet.Address is { } own && !own.Equals(IPAddress.Any) && !own.Equals(IPAddress.IPv6Any);
        if (isOwn) datagram.To = Branch(trunk, packet.Address);
        return length;
    }

    /// <summary>Has a socket for one of the own addresses, if that is possible.</summary>
    private NetAddress Branch(PortableHandle trunk, IPAddress address)
    {
        var local = NetAddress.From(new IPEndPoint(address, 0));
        if (trunk.Branches!.ContainsKey(local) || trunk.Branches.Count == BranchesMax) return local;
        var isIPv6 = trunk.Socket.AddressFamily == AddressFamily.InterNetworkV6;
        var port = ((IPEndPoint)trunk.Socket.LocalEndPoint!).Port;
        try
        {
            var own = new IPEndPoint(isIPv6 ? address.MapToIPv6() : address, port);
            var socket = BindSocket(own, mayBranch: true, trunk.ReceiveBuffer);
            var branch = RegisterDatagrams(socket, DatagramTraits.Bound);
            branch.Trunk = trunk;
            branch.Local = local;
            trunk.Branches.Add(local, branch);
        }
        catch (IoException)
        {
            // A group of hosts, say: answers leave by the trunk.
        }
        return local;
    }

    private void CloseBranches(Dictionary<NetAddress, PortableHandle> branches)
    {
        foreach (var branch in branches.Values) Close(branch);
        branches.Clear();
    }

    private static Socket BindSocket(IPEndPoint address, bool mayBranch, int receiveBuffer)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            if (receiveBuffer > 0) AskForReceiveBuffer(socket, receiveBuffer);
            // [::] takes IPv4 too, and IPv4 addresses in its notation; any other IPv6 address is only itself.
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = address.Address.Equals(IPAddress.IPv6Any) || address.Address.IsIPv4MappedToIPv6;
            if (mayBranch) socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(address);
            return socket;
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            throw new IoException(PortableSockets.ErrorOf(exception.SocketErrorCode), address)
            {
                IsDatagram = true,
                Errno = exception.NativeErrorCode,
            };
        }
    }

    /// <summary>Some systems give less than they are asked for, others nothing at all.</summary>
    private static void AskForReceiveBuffer(Socket socket, int bytes)
    {
        try
        {
            socket.ReceiveBufferSize = bytes;
        }
        catch (SocketException)
        {
            // Who compares finds that it is the usual size.
        }
    }

    private PortableHandle RegisterDatagrams(Socket socket, DatagramTraits traits)
    {
        var handle = Register(socket);
        handle.Traits = traits;
        handle.Incoming.SetBuffer(ArrayPool<byte>.Shared.Rent(1), 0, 1);
        return handle;
    }
}
