using System.Runtime.InteropServices;

namespace Tailrace.Native;

/// <summary>Constants and layouts of datagrams on Linux (udp(7), ip(7), ipv6(7), cmsg(3), recvmmsg(2)).</summary>
internal static unsafe class DatagramAbi
{
    internal const int IpProtoIp = 0;
    internal const int IpPacketInfo = 8;
    internal const int Ipv6ReceivePacketInfo = 49;
    internal const int Ipv6PacketInfo = 50;
    internal const int SolUdp = 17;
    internal const int UdpSegment = 103;
    internal const int UdpReceiveOffload = 104;

    /// <summary>Bytes of a sockaddr_in6, the longest address that datagrams come from here.</summary>
    internal const int NameBytes = 28;

    /// <summary>Room for the control messages of one datagram: where it came in, and what it was made of.</summary>
    internal const int ControlBytes = 80;

    /// <summary>struct mmsghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Entry
    {
        internal SocketAbi.Message Message;
        internal uint Length;
    }

    /// <summary>struct cmsghdr; its data follow.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Control
    {
        internal nuint Length;
        internal int Level;
        internal int Type;
    }

    /// <summary>struct in_pktinfo.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PacketInfo
    {
        internal int Interface;
        internal uint Local;
        internal uint Destination;
    }

    /// <summary>struct in6_pktinfo.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PacketInfo6
    {
        internal fixed byte Address[16];
        internal uint Interface;
    }

    /// <summary>Data of a control message: behind its header, which is a multiple of the alignment.</summary>
    internal static byte* DataOf(Control* control) => (byte*)(control + 1);

    /// <summary>What a control message with so many bytes of data takes (CMSG_SPACE).</summary>
    internal static nuint SpaceOf(nuint length) => (nuint)sizeof(Control) + Aligned(length);

    /// <summary>A length rounded up to the alignment of control messages.</summary>
    internal static nuint Aligned(nuint length) => (length + (nuint)sizeof(nuint) - 1) & ~((nuint)sizeof(nuint) - 1);
}
