using System.Runtime.InteropServices;

namespace Tailrace.Native;

/// <summary>Constants and layouts of Linux's socket interface (socket(7), tcp(7), sendmsg(2)).</summary>
internal static unsafe class SocketAbi
{
    internal const int AfUnix = 1;
    internal const int AfInet = 2;
    internal const int AfInet6 = 10;
    internal const int SockStream = 1;
    internal const int SockDatagram = 2;
    internal const int SockNonblock = 0x800;
    internal const int SockCloexec = 0x80000;
    internal const int SolSocket = 1;
    internal const int SoReuseAddr = 2;
    internal const int SoError = 4;
    internal const int SoSendBuffer = 7;
    internal const int SoReceiveBuffer = 8;
    internal const int SoLinger = 13;
    internal const int SoReusePort = 15;
    internal const int SoReceiveBufferForce = 33;
    internal const int SoAttachFilter = 26;
    internal const int IpProtoTcp = 6;
    internal const int IpProtoIpv6 = 41;
    internal const int TcpNoDelay = 1;
    internal const int TcpDeferAccept = 9;
    internal const int TcpCongestion = 13;
    internal const int Ipv6Only = 26;
    internal const int MsgNoSignal = 0x4000;
    internal const int MsgDontWait = 0x40;
    internal const int MsgMore = 0x8000;
    internal const int MsgWaitAll = 0x100;
    internal const int ShutWrite = 1;
    internal const int ShutBoth = 2;
    internal const short PollIn = 1;

    // Classic BPF, as far as it is used (linux/bpf_common.h).
    internal const ushort FilterLoadByte = 0x30;
    internal const ushort FilterAnd = 0x54;
    internal const ushort FilterJumpIfEqual = 0x15;
    internal const ushort FilterReturn = 0x06;

    /// <summary>ioctl(2): bytes that can be received (SIOCINQ).</summary>
    internal const nuint InQueue = 0x541B;

    /// <summary>ioctl(2): bytes that a socket has and its other side has not acknowledged.</summary>
    internal const nuint OutQueue = 0x5411;

    /// <summary>Room for any socket address that is used here (sockaddr_un is the longest).</summary>
    internal const int AddressBytesMax = 128;

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Vector
    {
        internal byte* Base;
        internal nuint Length;
    }

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Message
    {
        internal byte* Name;
        internal uint NameLength;
        internal Vector* Vectors;
        internal nuint VectorCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    /// <summary>struct pollfd (poll(2)).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Poll
    {
        internal int Descriptor;
        internal short Events;
        internal short Found;
    }

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Filter
    {
        internal ushort Length;
        internal FilterStep* Steps;
    }

    /// <summary>struct sock_filter.</summary>
    /// <param name="Code">What is done.</param>
    /// <param name="IfTrue">Steps that a jump skips if it is so.</param>
    /// <param name="IfFalse">The same if not.</param>
    /// <param name="Operand">With what.</param>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly record struct FilterStep(ushort Code, byte IfTrue, byte IfFalse, uint Operand);

    /// <summary>struct linger.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Linger
    {
        internal int OnOff;
        internal int Seconds;
    }
}
