using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tailrace.Io;

/// <summary>The address of the other side of a connection, as a plain value of 20 bytes.</summary>
/// <remarks>An IPv4 address that came through a dual-stack socket is shown as IPv4.</remarks>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public readonly struct NetAddress : IEquatable<NetAddress>
{
    /// <summary>The longest text of an address without its port.</summary>
    public const int TextLengthMax = 46;

    /// <summary>Every octet in decimal with a dot behind it: an address is written for each request.</summary>
    private static readonly (uint Text, int Length)[] s_octets = BuildOctets();

    private readonly ulong _high;
    private readonly ulong _low;
    private readonly ushort _family;

    private NetAddress(ulong high, ulong low, int port, AddressFamily family)
    {
        _high = high;
        _low = low;
        Port = (ushort)port;
        _family = (ushort)family;
    }

    /// <summary>What stands for the address of a Unix socket's peer.</summary>
    internal static ReadOnlySpan<byte> UnixText => "unix"u8;

    /// <summary>The port; 0 for a Unix socket.</summary>
    public ushort Port { get; }

    /// <summary>IPv4, IPv6 or Unix; unspecified for the default value.</summary>
    public AddressFamily Family => (AddressFamily)_family;

    /// <summary>Whether it never leaves the machine.</summary>
    internal bool IsLoopback => Family switch
    {
        AddressFamily.InterNetwork => _low >> 24 == 127,
        AddressFamily.InterNetworkV6 => _high == 0 && _low == 1,
        _ => false,
    };

    /// <summary>The same address with port 0.</summary>
    internal NetAddress WithoutPort => new(_high, _low, 0, Family);

    /// <summary>The address as a number, without its port: IPv4 in the lowest 32 bits.</summary>
    internal UInt128 Bits => new(_high, _low);

    /// <summary>The address of a Unix socket's anonymous peer.</summary>
    public static NetAddress Unix => new(0, 0, 0, AddressFamily.Unix);

    /// <summary>From an IPv4 address in network order.</summary>
    public static NetAddress FromIPv4(ReadOnlySpan<byte> address, int port) =>
        new(0, BinaryPrimitives.ReadUInt32BigEndian(address), port, AddressFamily.InterNetwork);

    /// <summary>From an IPv6 address in network order; a mapped IPv4 address becomes IPv4.</summary>
    public static NetAddress FromIPv6(ReadOnlySpan<byte> address, int port)
    {
        var high = BinaryPrimitives.ReadUInt64BigEndian(address);
        var low = BinaryPrimitives.ReadUInt64BigEndian(address[8..]);
        return high == 0 && low >> 32 == 0xFFFF
            ? new NetAddress(0, low & 0xFFFF_FFFF, port, AddressFamily.InterNetwork)
            : new NetAddress(high, low, port, AddressFamily.InterNetworkV6);
    }

    /// <summary>From the framework's type.</summary>
    public static NetAddress From(EndPoint? endPoint)
    {
        if (endPoint is not IPEndPoint ip) return endPoint is null ? default : Unix;
        Span<byte> bytes = stackalloc byte[16];
        ip.Address.TryWriteBytes(bytes, out var length);
        return length == 4 ? FromIPv4(bytes, ip.Port) : FromIPv6(bytes, ip.Port);
    }

    /// <summary>Writes the address without its port as ASCII; IPv6 by RFC 5952, without brackets.</summary>
    /// <param name="text">At least <see cref="TextLengthMax"/> bytes.</param>
    /// <returns>Bytes written.</returns>
    public int Format(Span<byte> text) => Family switch
    {
        AddressFamily.InterNetwork => FormatIPv4((uint)_low, text),
        AddressFamily.InterNetworkV6 => FormatIPv6(text),
        AddressFamily.Unix => Copy(UnixText, text),
        _ => Copy("unknown"u8, text),
    };

    /// <summary>Writes the address in network order: 4 bytes, or 16 in the notation of IPv6.</summary>
    /// <returns>Bytes written.</returns>
    internal int WriteBytes(Span<byte> target, bool asIPv6)
    {
        if (!asIPv6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(target, (uint)_low);
            return 4;
        }
        var isMapped = Family == AddressFamily.InterNetwork;
        BinaryPrimitives.WriteUInt64BigEndian(target, _high);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], isMapped ? 0xFFFFul << 32 | _low : _low);
        return 16;
    }

    /// <inheritdoc/>
    public bool Equals(NetAddress other) =>
        _high == other._high && _low == other._low && Port == other.Port && Family == other.Family;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NetAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_high, _low, Port, Family);

    /// <summary>The address with its port, as people write it.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextLengthMax];
        var address = System.Text.Encoding.ASCII.GetString(text[..Format(text)]);
        return Family switch
        {
            AddressFamily.InterNetwork => $"{address}:{Port}",
            AddressFamily.InterNetworkV6 => $"[{address}]:{Port}",
            _ => address,
        };
    }

    private static int Copy(ReadOnlySpan<byte> source, Span<byte> text)
    {
        source.CopyTo(text);
        return source.Length;
    }

    private static int FormatIPv4(uint address, Span<byte> text)
    {
        var octets = s_octets;
        // Four bytes are written for each octet, and those beyond its dot written over by the next.
        var length = Put(octets[(byte)(address >> 24)], text);
        length += Put(octets[(byte)(address >> 16)], text[length..]);
        length += Put(octets[(byte)(address >> 8)], text[length..]);
        return length + Put(octets[(byte)address], text[length..]) - 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static int Put((uint Text, int Length) octet, Span<byte> text)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(text, octet.Text);
            return octet.Length;
        }
    }

    private static (uint Text, int Length)[] BuildOctets()
    {
        var octets = new (uint, int)[256];
        Span<byte> text = stackalloc byte[4];
        for (var value = 0; value < octets.Length; value++)
        {
            var length = 0;
            if (value >= 100) text[length++] = (byte)('0' + value / 100);
            if (value >= 10) text[length++] = (byte)('0' + value / 10 % 10);
            text[length++] = (byte)('0' + value % 10);
            text[length++] = (byte)'.';
            octets[value] = (BinaryPrimitives.ReadUInt32LittleEndian(text), length);
        }
        return octets;
    }

    private int FormatIPv6(Span<byte> text)
    {
        var (zeroStart, zeroLength) = LongestZeroRun();
        var length = 0;
        for (var i = 0; i < 8; i++)
        {
            if (i == zeroStart)
            {
                text[length++] = (byte)':';
                if (i == 0) text[length++] = (byte)':';
                i += zeroLength - 1;
                continue;
            }
            length += FormatHex(Group(i), text[length..]);
            if (i < 7) text[length++] = (byte)':';
        }
        return length;
    }

    private int Group(int index) => (int)((index < 4 ? _high : _low) >> (48 - index % 4 * 16) & 0xFFFF);

    /// <summary>RFC 5952 section 4.2: the first longest run of at least two zero groups is shortened.</summary>
    private (int Start, int Length) LongestZeroRun()
    {
        var (bestStart, bestLength) = (-1, 1);
        for (var i = 0; i < 8; i++)
        {
            var run = 0;
            while (i + run < 8 && Group(i + run) == 0) run++;
            if (run > bestLength) (bestStart, bestLength) = (i, run);
            i += run;
        }
        return (bestStart, bestLength);
    }

    private static int FormatHex(int value, Span<byte> text)
    {
        var length = 0;
        for (var shift = 12; shift >= 0; shift -= 4)
        {
            var digit = value >> shift & 0xF;
            if (digit == 0 && length == 0 && shift != 0) continue;
            text[length++] = "0123456789abcdef"u8[digit];
        }
        return length;
    }
}
