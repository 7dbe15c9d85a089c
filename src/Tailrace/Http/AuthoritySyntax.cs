using System.Runtime.CompilerServices;
using Tailrace.Memory;

namespace Tailrace.Http;

/// <summary>
/// Judges <c>host[:port]</c>, as it stands in Host, in absolute targets and in CONNECT. Pure; any thread.
/// </summary>
/// <remarks>
/// RFC 3986 section 3.2 without user information, which RFC 9110 section 4.2.4 tells recipients to treat as an error,
/// and without commas, which would make one host of a list. No percent-decoding: such a name is matched as it is
/// spelled.
/// </remarks>
public static class AuthoritySyntax
{
    private const ulong NameLow = 0x2BFF6FF200000000 & ~(1ul << ',');
    private const ulong NameHigh = 0x47FFFFFE87FFFFFE;

    /// <summary>
    /// Whether it is a host that is not empty, optionally with a colon and a port of 0 to 65535 or none.
    /// </summary>
    public static bool IsValid(ReadOnlySpan<byte> authority) => IsValid(authority, new(0, authority.Length));

    /// <summary>The same for a part of a buffer. What lies behind it lets a short name be scanned by vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsValid(ReadOnlySpan<byte> bytes, ByteSlice authority)
    {
        if (authority.IsEmpty)
            return false;
        return ByteScan.IsSurelyHost(bytes, authority.Offset, authority.Length) || IsValidAtAll(bytes, authority);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsValidAtAll(ReadOnlySpan<byte> bytes, ByteSlice authority)
    {
        int hostEnd = bytes[authority.Offset] == '['
            ? authority.Offset + HostLength(authority.In(bytes))
            : Math.Min(ByteScan.HostEnd(bytes, authority.Offset), authority.End);
        return hostEnd > authority.Offset
            && (hostEnd == authority.End || IsPortSuffix(bytes[hostEnd..authority.End]));
    }

    /// <summary>Whether it is a host with a port, as CONNECT wants it (RFC 9112 section 3.2.3).</summary>
    public static bool IsValidWithPort(ReadOnlySpan<byte> authority)
    {
        int host = HostLength(authority);
        return host > 0 && authority.Length > host + 1 && IsPortSuffix(authority[host..]);
    }

    /// <summary>The length of the host, brackets included, with what follows unjudged; 0 when there is none.</summary>
    public static int HostLength(ReadOnlySpan<byte> authority)
    {
        if (authority.IsEmpty)
            return 0;
        if (authority[0] == '[')
            return BracketedLength(authority);
        return ByteScan.HostEnd(authority, 0);
    }

    /// <summary>An IPv6 literal with its brackets. The address itself is for the resolver to judge.</summary>
    private static int BracketedLength(ReadOnlySpan<byte> authority)
    {
        int colons = 0;
        for (int i = 1; i < authority.Length; i++)
        {
            byte value = authority[i];
            if (value == ']')
                return colons >= 2 ? i + 1 : 0;
            if (value == ':')
                colons++;
            else if (!char.IsAsciiHexDigit((char)value) && value != '.')
                return 0;
        }
        return 0;
    }

    private static bool IsPortSuffix(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty)
            return true;
        if (rest[0] != ':' || rest.Length > 6)
            return false;
        int port = 0;
        foreach (byte digit in rest[1..])
        {
            if (!char.IsAsciiDigit((char)digit))
                return false;
            port = port * 10 + (digit - '0');
        }
        return port <= ushort.MaxValue;
    }

    internal static bool IsNameByte(byte value) =>
        value < 128 && ((value < 64 ? NameLow : NameHigh) >> (value & 63) & 1) != 0;
}
