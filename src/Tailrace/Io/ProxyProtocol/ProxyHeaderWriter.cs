using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Sockets;
using Tailrace.Memory;

namespace Tailrace.Io.ProxyProtocol;

/// <summary>Writes the PROXY header that goes in front of a connection to a destination.</summary>
internal static class ProxyHeaderWriter
{
    private const int HeadBytes = 16;
    private const int IPv6Bytes = 36;

    /// <summary>Writes what is known of a client's connection.</summary>
    /// <param name="output">Where to; the first that is sent on its connection.</param>
    /// <param name="version">Which version; not <see cref="ProxyVersion.Off"/>.</param>
    /// <param name="client">The client's connection; null when the proxy speaks for itself.</param>
    /// <returns>False when there is no room.</returns>
    internal static bool TryWrite(ByteBuffer output, ProxyVersion version, Connection? client)
    {
        var (source, destination) = client is null ? default : (client.Remote, client.Local);
        if (version == ProxyVersion.V1) return TryWriteLine(output, source, destination);
        var received = client?.ProxyHeader ?? ProxyHeader.Unknown;
        return TryWriteBinary(output, source, destination, received.Extensions.Span);
    }

    /// <summary>The header of a connection that the proxy makes for itself, to see how its destination is.</summary>
    /// <param name="version">Which version; not <see cref="ProxyVersion.Off"/>.</param>
    internal static ReadOnlySpan<byte> OwnHeader(ProxyVersion version) =>
        version == ProxyVersion.V1 ? "PROXY UNKNOWN\r\n"u8 : "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"u8;

    /// <summary>Version 1.</summary>
    internal static bool TryWriteLine(ByteBuffer output, in NetAddress source, in NetAddress destination)
    {
        if (!AreOfTheNetwork(source, destination)) return output.TryAppend(OwnHeader(ProxyVersion.V1));
        if (!output.TryReserve(ProxyLine.LengthMax)) return false;
        var isIPv6 = IsIPv6(source, destination);
        var text = output.Writable;
        var length = Put(text, 0, isIPv6 ? "PROXY TCP6 "u8 : "PROXY TCP4 "u8);
        length = PutAddress(text, length, source, isIPv6);
        length = PutAddress(text, length, destination, isIPv6);
        length = PutPort(text, length, source.Port);
        length = Put(text, length, " "u8);
        length = PutPort(text, length, destination.Port);
        output.Commit(Put(text, length, "\r\n"u8));
        return true;
    }

    /// <summary>Version 2.</summary>
    internal static bool TryWriteBinary(
        ByteBuffer output, in NetAddress source, in NetAddress destination, ReadOnlySpan<byte> extensions)
    {
        var isKnown = AreOfTheNetwork(source, destination);
        // Even of a client without an address there may be something to tell.
        if (!isKnown && extensions.IsEmpty) return output.TryAppend(OwnHeader(ProxyVersion.V2));
        if (!output.TryReserve(HeadBytes + IPv6Bytes + extensions.Length)) return false;
        var bytes = output.Writable;
        var length = Put(bytes, 0, ProxyHeaderReader.Signature);
        var isIPv6 = IsIPv6(source, destination);
        bytes[12] = 0x21;
        bytes[13] = (byte)(!isKnown ? 0 : isIPv6 ? 0x21 : 0x11);
        length = HeadBytes;
        if (isKnown)
        {
            length += source.WriteBytes(bytes[length..], isIPv6);
            length += destination.WriteBytes(bytes[length..], isIPv6);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[length..], source.Port);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[(length + 2)..], destination.Port);
            length += 4;
        }
        length = Put(bytes, length, extensions);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[14..], (ushort)(length - HeadBytes));
        output.Commit(length);
        return true;
    }

    private static bool AreOfTheNetwork(in NetAddress source, in NetAddress destination) =>
        IsOfTheNetwork(source.Family) && IsOfTheNetwork(destination.Family);

    private static bool IsOfTheNetwork(AddressFamily family) =>
        family is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;

    /// <summary>Both are written in the notation of IPv6 when either is one.</summary>
    private static bool IsIPv6(in NetAddress source, in NetAddress destination) =>
        source.Family == AddressFamily.InterNetworkV6 || destination.Family == AddressFamily.InterNetworkV6;

    private static int PutAddress(Span<byte> text, int at, in NetAddress address, bool isIPv6)
    {
        if (isIPv6 && address.Family == AddressFamily.InterNetwork) at = Put(text, at, "::ffff:"u8);
        at += address.Format(text[at..]);
        return Put(text, at, " "u8);
    }

    private static int PutPort(Span<byte> text, int at, ushort port)
    {
        var isWritten = Utf8Formatter.TryFormat(port, text[at..], out var length);
        Debug.Assert(isWritten, "the longest line was reserved");
        return at + length;
    }

    private static int Put(Span<byte> target, int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(target[at..]);
        return at + bytes.Length;
    }
}
