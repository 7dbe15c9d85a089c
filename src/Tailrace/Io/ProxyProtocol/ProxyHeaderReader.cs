using System.Buffers.Binary;
using System.Numerics;

namespace Tailrace.Io.ProxyProtocol;

/// <summary>What became of reading a PROXY header.</summary>
public enum ProxyStatus : byte
{
    /// <summary>So far it is the beginning of one.</summary>
    NeedMore,

    /// <summary>It was read.</summary>
    Complete,

    /// <summary>The bytes are none, from the first one that differs.</summary>
    Absent,

    /// <summary>It begins as one and breaks the rules.</summary>
    Invalid,
}

/// <summary>Reads a PROXY header of either version from the first bytes of a stream.</summary>
/// <remarks>
/// Pure: bytes in, verdict out. Strict, since an address that is believed opens doors: one space between words, no
/// leading zeros, every length exact, the checksum right where there is one. At most <see cref="LengthMax"/> bytes are
/// asked for.
/// </remarks>
public static class ProxyHeaderReader
{
    /// <summary>The longest header that is read; what proxies send is far shorter.</summary>
    public const int LengthMax = 8192;

    private const int HeadBytes = 16;
    private const int IPv4Bytes = 12;
    private const int IPv6Bytes = 36;
    private const int UnixBytes = 216;
    private const int FieldHeadBytes = 3;
    private const int ChecksumBytes = 4;
    private const byte TypeChecksum = 3;
    private const byte TypePadding = 4;

    /// <summary>The first bytes of version 2.</summary>
    internal static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Reads the header at the beginning of a stream.</summary>
    /// <param name="input">What has come so far.</param>
    /// <param name="length">How many bytes it has, when it is complete.</param>
    /// <param name="header">What it says, when it is complete.</param>
    public static ProxyStatus Read(ReadOnlySpan<byte> input, out int length, out ProxyHeader header)
    {
        (length, header) = (0, ProxyHeader.Unknown);
        var first = input.IsEmpty ? (byte)0 : input[0];
        if (first == Signature[0] && Begins(input, Signature)) return ReadBinary(input, ref length, ref header);
        if (Begins(input, ProxyLine.Prefix)) return ProxyLine.Read(input, ref length, ref header);
        return ProxyStatus.Absent;
    }

    /// <summary>Whether the bytes can be nothing but a header, whole or not: they have all that tells it.</summary>
    internal static bool IsOne(ReadOnlySpan<byte> input) =>
        input.StartsWith(Signature) || input.StartsWith(ProxyLine.Prefix);

    /// <summary>Whether as much of a beginning is there as has come.</summary>
    private static bool Begins(ReadOnlySpan<byte> input, ReadOnlySpan<byte> beginning)
    {
        var known = Math.Min(input.Length, beginning.Length);
        return input[..known].SequenceEqual(beginning[..known]);
    }

    private static ProxyStatus ReadBinary(ReadOnlySpan<byte> input, ref int length, ref ProxyHeader header)
    {
        if (input.Length <= Signature.Length) return ProxyStatus.NeedMore;
        const int proxy = 1;
        var (version, command) = (input[12] >> 4, input[12] & 15);
        if (version != 2 || command > proxy) return ProxyStatus.Invalid;
        if (input.Length < HeadBytes) return ProxyStatus.NeedMore;
        var total = HeadBytes + BinaryPrimitives.ReadUInt16BigEndian(input[14..]);
        var addressBytes = AddressBytes(input[13]);
        if (total > LengthMax || addressBytes > total - HeadBytes && command == proxy) return ProxyStatus.Invalid;
        // LOCAL says nothing of anybody, and what stands behind an unknown kind of address nobody knows.
        var isRead = command == proxy && addressBytes >= 0;
        var isUnspecified = input[13] == 0;
        var begin = HeadBytes + addressBytes;
        if (input.Length < total)
        {
            var isPossible = !isRead || isUnspecified || input.Length < begin || MayFit(input[begin..], total - begin);
            return isPossible ? ProxyStatus.NeedMore : ProxyStatus.Invalid;
        }
        length = total;
        if (!isRead) return ProxyStatus.Complete;
        var fields = input[begin..total];
        // Behind an address that is not specified something may stand that is to be ignored (section 2.2).
        if (!MayFit(fields, fields.Length)) return isUnspecified ? ProxyStatus.Complete : ProxyStatus.Invalid;
        if (!AreSound(fields, input[..total])) return ProxyStatus.Invalid;
        var addresses = input[HeadBytes..];
        var extensions = Kept(fields);
        header = input[13] switch
        {
            0x11 => new ProxyHeader(
                NetAddress.FromIPv4(addresses[..4], BinaryPrimitives.ReadUInt16BigEndian(addresses[8..])),
                NetAddress.FromIPv4(addresses[4..8], BinaryPrimitives.ReadUInt16BigEndian(addresses[10..])),
                extensions),
            0x21 => new ProxyHeader(
                NetAddress.FromIPv6(addresses[..16], BinaryPrimitives.ReadUInt16BigEndian(addresses[32..])),
                NetAddress.FromIPv6(addresses[16..32], BinaryPrimitives.ReadUInt16BigEndian(addresses[34..])),
                extensions),
            // No address of the network, or of datagrams: the connection's own stay.
            _ => new ProxyHeader(default, default, extensions),
        };
        return ProxyStatus.Complete;
    }

    /// <summary>How long the addresses of a family and a transport are; -1 for what the protocol does not have.
    /// </summary>
    private static int AddressBytes(byte kind) => kind switch
    {
        0x00 => 0,
        0x11 or 0x12 => IPv4Bytes,
        0x21 or 0x22 => IPv6Bytes,
        0x31 or 0x32 => UnixBytes,
        _ => -1,
    };

    /// <summary>
    /// Whether the fields that have come fit their room, so that a header that can never be right is not waited for.
    /// </summary>
    private static bool MayFit(ReadOnlySpan<byte> rest, int room)
    {
        while (rest.Length >= FieldHeadBytes)
        {
            var size = SizeOf(rest);
            if (size > room) return false;
            if (size > rest.Length) return true;
            rest = rest[size..];
            room -= size;
        }
        return room is 0 or >= FieldHeadBytes;
    }

    /// <summary>Whether the checksum is right, where there is one.</summary>
    private static bool AreSound(ReadOnlySpan<byte> fields, ReadOnlySpan<byte> whole)
    {
        for (var rest = fields; !rest.IsEmpty; rest = rest[SizeOf(rest)..])
        {
            if (rest[0] != TypeChecksum) continue;
            if (SizeOf(rest) != FieldHeadBytes + ChecksumBytes) return false;
            var at = whole.Length - rest.Length + FieldHeadBytes;
            var told = BinaryPrimitives.ReadUInt32BigEndian(whole[at..]);
            if (told != Checksum(whole[..at], whole[(at + ChecksumBytes)..])) return false;
        }
        return true;
    }

    private static int SizeOf(ReadOnlySpan<byte> field) =>
        FieldHeadBytes + BinaryPrimitives.ReadUInt16BigEndian(field[1..]);

    /// <summary>
    /// CRC-32C of the header with four zero bytes in the place of the checksum (RFC 4960 appendix B).
    /// </summary>
    private static uint Checksum(ReadOnlySpan<byte> before, ReadOnlySpan<byte> behind)
    {
        var crc = uint.MaxValue;
        foreach (var value in before) crc = BitOperations.Crc32C(crc, value);
        crc = BitOperations.Crc32C(crc, 0u);
        foreach (var value in behind) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    /// <summary>The fields that say something of the connection and not of the header.</summary>
    private static byte[] Kept(ReadOnlySpan<byte> fields)
    {
        if (fields.IsEmpty) return [];
        var kept = new byte[fields.Length];
        var length = 0;
        for (var rest = fields; !rest.IsEmpty; rest = rest[SizeOf(rest)..])
        {
            if (rest[0] is TypeChecksum or TypePadding) continue;
            rest[..SizeOf(rest)].CopyTo(kept.AsSpan(length));
            length += SizeOf(rest);
        }
        return kept[..length];
    }
}
