using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tailrace.Memory;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>
/// Opening, naming and configuring Linux sockets: what the Linux back ends share off their hot paths.
/// </summary>
internal static unsafe class LinuxSockets
{
    /// <summary>The kernel rounds this up to one retransmission of its SYN-ACK: about a second.</summary>
    private const int DeferSeconds = 1;

    /// <summary>Opens a listener. Options set on it are inherited by what it accepts.</summary>
    internal static int Listen(EndPoint address, ListenSettings settings, int bufferBytes)
    {
        var raw = address.Serialize();
        var fd = Open(raw.Family, SocketAbi.SockStream);
        if (fd < 0) throw StartError(address);
        SetOption(fd, SocketAbi.SolSocket, SocketAbi.SoReuseAddr, 1);
        if (raw.Family is not AddressFamily.Unix)
        {
            if (settings.Shared) SetOption(fd, SocketAbi.SolSocket, SocketAbi.SoReusePort, 1);
            SetOption(fd, SocketAbi.IpProtoTcp, SocketAbi.TcpNoDelay, 1);
            if (settings.Deferred) SetOption(fd, SocketAbi.IpProtoTcp, SocketAbi.TcpDeferAccept, DeferSeconds);
            // What is accepted inherits it, and the window that is offered goes by it from the first segment on.
            SetBuffers(fd, bufferBytes);
            SetCongestionControl(fd, raw);
        }
        // [::] takes IPv4 too; any other IPv6 address is only itself.
        if (address is IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } ip)
            SetOption(fd, SocketAbi.IpProtoIpv6, SocketAbi.Ipv6Only, ip.Address.Equals(IPAddress.IPv6Any) ? 0 : 1);
        fixed (byte* bytes = raw.Buffer.Span)
        {
            if (Libc.bind(fd, bytes, (uint)raw.Size) < 0 || Libc.listen(fd, settings.Backlog) < 0)
            {
                var error = StartError(address);
                Libc.close(fd);
                throw error;
            }
        }
        return fd;
    }

    /// <summary>Has a listener hold back no connections any more.</summary>
    internal static void StopDeferring(int listener) =>
        SetOption(listener, SocketAbi.IpProtoTcp, SocketAbi.TcpDeferAccept, 0);

    /// <summary>
    /// Has no connection begin at a listener, which is about to be closed, so that those that are being made can all be
    /// accepted before: they would be reset. A SYN that is dropped is sent again after a second. Where the system does
    /// not let it, they go on to begin.
    /// </summary>
    internal static void Retire(int listener)
    {
        // A filter is shown what comes for the listener from the TCP header on, whose 14th byte has the flags: SYN
        // without ACK is a connection that begins.
        ReadOnlySpan<SocketAbi.FilterStep> steps =
        [
            new(SocketAbi.FilterLoadByte, 0, 0, 13),
            new(SocketAbi.FilterAnd, 0, 0, 0x12),
            new(SocketAbi.FilterJumpIfEqual, 0, 1, 0x02),
            new(SocketAbi.FilterReturn, 0, 0, 0),
            new(SocketAbi.FilterReturn, 0, 0, uint.MaxValue),
        ];
        fixed (SocketAbi.FilterStep* first = steps)
        {
            var filter = new SocketAbi.Filter { Length = (ushort)steps.Length, Steps = first };
            Libc.setsockopt(listener, SocketAbi.SolSocket, SocketAbi.SoAttachFilter, &filter,
                (uint)sizeof(SocketAbi.Filter));
        }
    }

    /// <summary>Whether a listener has connections that nobody has accepted yet.</summary>
    internal static bool HasWaiting(int listener)
    {
        var poll = new SocketAbi.Poll { Descriptor = listener, Events = SocketAbi.PollIn };
        return Libc.poll(&poll, 1, 0) > 0;
    }

    /// <summary>The address that a socket is bound to.</summary>
    internal static EndPoint LocalAddress(int fd)
    {
        var bytes = stackalloc byte[SocketAbi.AddressBytesMax];
        uint length = SocketAbi.AddressBytesMax;
        if (Libc.getsockname(fd, bytes, &length) < 0) throw new IoException(ErrorOf(Libc.Errno), "getsockname failed");
        EndPoint kind = *(ushort*)bytes switch
        {
            SocketAbi.AfInet => new IPEndPoint(IPAddress.Any, 0),
            SocketAbi.AfInet6 => new IPEndPoint(IPAddress.IPv6Any, 0),
            _ => new UnixDomainSocketEndPoint("/"),
        };
        var raw = new SocketAddress(kind.AddressFamily, (int)length);
        new ReadOnlySpan<byte>(bytes, (int)length).CopyTo(raw.Buffer.Span);
        return kind.Create(raw);
    }

    /// <summary>Opens a socket of the address's family and starts to connect it.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="bufferBytes">As <see cref="EventLoop.SocketBuffer"/>.</param>
    /// <param name="fd">The socket, or -1.</param>
    /// <returns>0 when connected, <see cref="Errno.InProgress"/>, or another errno.</returns>
    internal static int Connect(SocketAddress address, int bufferBytes, out int fd)
    {
        fd = Open(address.Family, SocketAbi.SockStream);
        if (fd < 0) return Libc.Errno;
        if (address.Family is not AddressFamily.Unix)
        {
            SetOption(fd, SocketAbi.IpProtoTcp, SocketAbi.TcpNoDelay, 1);
            SetBuffers(fd, bufferBytes);
            SetCongestionControl(fd, address);
        }
        fixed (byte* bytes = address.Buffer.Span)
            return Libc.connect(fd, bytes, (uint)address.Size) == 0 ? 0 : Libc.Errno;
    }

    /// <summary>Bounds what the system holds of each direction (socket(7): twice that, for its own needs).</summary>
    private static void SetBuffers(int fd, int bytes)
    {
        if (bytes == 0) return;
        SetOption(fd, SocketAbi.SolSocket, SocketAbi.SoReceiveBuffer, bytes);
        SetOption(fd, SocketAbi.SolSocket, SocketAbi.SoSendBuffer, bytes);
    }

    /// <summary>
    /// Takes the congestion control that costs least where there is no network to share with others. What the system
    /// has set for its networks may measure and pace every message.
    /// </summary>
    private static void SetCongestionControl(int fd, SocketAddress address)
    {
        fixed (byte* bytes = address.Buffer.Span)
        {
            if (!ReadAddress(bytes).IsLoopback) return;
        }
        // Every kernel has it, and everybody may use it; where that was changed the default stays.
        fixed (byte* name = "reno"u8)
            Libc.setsockopt(fd, SocketAbi.IpProtoTcp, SocketAbi.TcpCongestion, name, 4);
    }

    /// <summary>Takes the socket's pending error (SO_ERROR).</summary>
    internal static int TakeError(int fd)
    {
        int error = 0;
        uint length = sizeof(int);
        return Libc.getsockopt(fd, SocketAbi.SolSocket, SocketAbi.SoError, &error, &length) == 0 ? error : Libc.Errno;
    }

    /// <summary>
    /// Whether a socket whose connect has come to an error was connected, and what the other side has sent is there to
    /// be received: only the other side of a connection resets it (EPIPE: behind its end). Where nothing came of it,
    /// it is as good as no connection, and another may be tried.
    /// </summary>
    internal static bool HasLeftBytes(int fd, int errno)
    {
        if (errno is not (Errno.Reset or Errno.BrokenPipe)) return false;
        int bytes;
        return Libc.ioctl(fd, SocketAbi.InQueue, &bytes) == 0 && bytes > 0;
    }

    /// <summary>
    /// Bytes that the other side has not taken yet (SIOCOUTQ): fewer than before, and it goes on reading.
    /// </summary>
    internal static int OwedTo(int fd)
    {
        int bytes = 0;
        return Libc.ioctl(fd, SocketAbi.OutQueue, &bytes) == 0 ? bytes : 0;
    }

    /// <summary>Whether the other side has ended its direction, or reset the stream. Takes nothing away.</summary>
    internal static bool HasEnded(int fd)
    {
        var poll = new SocketAbi.Poll { Descriptor = fd, Events = (short)Uring.PollReadHangUp };
        return Libc.poll(&poll, 1, 0) > 0;
    }

    /// <summary>Makes the coming close a reset.</summary>
    internal static void ResetOnClose(int fd)
    {
        var linger = new SocketAbi.Linger { OnOff = 1, Seconds = 0 };
        Libc.setsockopt(fd, SocketAbi.SolSocket, SocketAbi.SoLinger, &linger, (uint)sizeof(SocketAbi.Linger));
    }

    /// <summary>Sends what it can of two buffers at once.</summary>
    internal static nint SendBoth(int fd, ByteBuffer head, ByteBuffer body, int bodyLength)
    {
        if (head.IsEmpty) return Libc.send(fd, body.ReadPointer, (nuint)bodyLength, SocketAbi.MsgNoSignal);
        var vectors = stackalloc SocketAbi.Vector[2];
        vectors[0] = new SocketAbi.Vector { Base = head.ReadPointer, Length = (nuint)head.Length };
        vectors[1] = new SocketAbi.Vector { Base = body.ReadPointer, Length = (nuint)bodyLength };
        var message = new SocketAbi.Message { Vectors = vectors, VectorCount = 2 };
        return Libc.sendmsg(fd, &message, SocketAbi.MsgNoSignal);
    }

    /// <summary>Reads a sockaddr as the kernel wrote it.</summary>
    internal static NetAddress ReadAddress(byte* bytes)
    {
        var family = *(ushort*)bytes;
        var port = bytes[2] << 8 | bytes[3];
        return family switch
        {
            SocketAbi.AfInet => NetAddress.FromIPv4(new ReadOnlySpan<byte>(bytes + 4, 4), port),
            SocketAbi.AfInet6 => NetAddress.FromIPv6(new ReadOnlySpan<byte>(bytes + 8, 16), port),
            _ => NetAddress.Unix,
        };
    }

    /// <summary>An errno as the error that the layers above know.</summary>
    internal static IoError ErrorOf(int errno) => errno switch
    {
        Errno.Permission or Errno.AccessDenied => IoError.NotPermitted,
        Errno.HostUnreachable => IoError.Unreachable,
        Errno.NoBuffers => IoError.OutOfMemory,
        _ => Enum.IsDefined((IoError)errno) ? (IoError)errno : IoError.Other,
    };

    /// <summary>What the last call was refused with.</summary>
    internal static IoException Refusal(string call)
    {
        var errno = Libc.Errno;
        return new IoException(ErrorOf(errno), $"{call}: errno {errno}, {Marshal.GetPInvokeErrorMessage(errno)}");
    }

    internal static IoResult FailureOf(int errno) => IoResult.Failure(ErrorOf(errno));

    /// <summary>Opens a socket that never waits; -1 on failure.</summary>
    internal static int Open(AddressFamily family, int type) =>
        Libc.socket(NativeFamily(family), type | SocketAbi.SockNonblock | SocketAbi.SockCloexec, 0);

    /// <summary>Sets an option that is a number.</summary>
    /// <returns>Whether the system knows it.</returns>
    internal static bool SetOption(int fd, int level, int name, int value) =>
        Libc.setsockopt(fd, level, name, &value, sizeof(int)) == 0;

    private static int NativeFamily(AddressFamily family) => family switch
    {
        AddressFamily.InterNetworkV6 => SocketAbi.AfInet6,
        AddressFamily.Unix => SocketAbi.AfUnix,
        _ => SocketAbi.AfInet,
    };

    /// <summary>What the last call's errno means for somebody who wants to listen.</summary>
    internal static IoException StartError(EndPoint address, bool isDatagram = false)
    {
        var errno = Libc.Errno;
        return new IoException(ErrorOf(errno), address) { IsDatagram = isDatagram, Errno = errno };
    }
}
