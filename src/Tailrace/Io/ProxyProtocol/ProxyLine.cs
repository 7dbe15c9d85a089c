using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tailrace.Io.ProxyProtocol;

/// <summary>Version 1 of the PROXY header: one line of text.</summary>
internal static class ProxyLine
{
    /// <summary>The longest line, its end included.</summary>
    internal const int LengthMax = 107;

    private const int AddressLengthMax = 45;

    /// <summary>How each line begins.</summary>
    internal static ReadOnlySpan<byte> Prefix => "PROXY "u8;

    /// <summary>Reads a line that begins with as much of <see cref="Prefix"/> as has come.</summary>
    internal static ProxyStatus Read(ReadOnlySpan<byte> input, ref int length, ref ProxyHeader header)
    {
        var window = input[..Math.Min(input.Length, LengthMax)];
        var end = window.IndexOf((byte)'\n');
        if (end < 0) return input.Length < LengthMax ? ProxyStatus.NeedMore : ProxyStatus.Invalid;
        if (window[end - 1] != '\r') return ProxyStatus.Invalid;
        var words = window[Prefix.Length..(end - 1)];
        length = end + 1;
        if (words.SequenceEqual("UNKNOWN"u8) || words.StartsWith("UNKNOWN "u8)) return ProxyStatus.Complete;
        var family = Take(ref words);
        var isIPv4 = family.SequenceEqual("TCP4"u8);
        if (!isIPv4 && !family.SequenceEqual("TCP6"u8)) return ProxyStatus.Invalid;
        var source = Take(ref words);
        var destination = Take(ref words);
        if (!TryReadPort(Take(ref words), out var from) || !TryReadPort(words, out var to)
            || !TryReadAddress(source, from, isIPv4, out var sourceAddress)
            || !TryReadAddress(destination, to, isIPv4, out var destinationAddress))
        {
            return ProxyStatus.Invalid;
        }
        header = new ProxyHeader(sourceAddress, destinationAddress, default);
        return ProxyStatus.Complete;
    }

    /// <summary>Takes the bytes before the next space.</summary>
    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> words)
    {
        var space = words.IndexOf((byte)' ');
        var word = space < 0 ? words : words[..space];
        words = space < 0 ? default : words[(space + 1)..];
        return word;
    }

    private static bool TryReadPort(ReadOnlySpan<byte> text, out int port) =>
        TryReadNumber(text, ushort.MaxValue, out port);

    /// <summary>A number in decimal digits, without leading zeros.</summary>
    private static bool TryReadNumber(ReadOnlySpan<byte> text, int max, out int number)
    {
        number = 0;
        if (text.Length is 0 or > 5 || (text[0] == '0' && text.Length > 1)) return false;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            number = number * 10 + digit - '0';
        }
        return number <= max;
    }

    private static bool TryReadAddress(ReadOnlySpan<byte> text, int port, bool isIPv4, out NetAddress address) =>
        isIPv4 ? TryReadIPv4(text, port, out address) : TryReadIPv6(text, port, out address);

    private static bool TryReadIPv4(ReadOnlySpan<byte> text, int port, out NetAddress address)
    {
        address = default;
        Span<byte> octets = stackalloc byte[4];
        for (var i = 0; i < octets.Length; i++)
        {
            var dot = i < octets.Length - 1 ? text.IndexOf((byte)'.') : text.Length;
            if (dot < 0 || !TryReadNumber(text[..dot], byte.MaxValue, out var octet)) return false;
            octets[i] = (byte)octet;
            text = dot < text.Length ? text[(dot + 1)..] : default;
        }
        address = NetAddress.FromIPv4(octets, port);
        return true;
    }

    private static bool TryReadIPv6(ReadOnlySpan<byte> text, int port, out NetAddress address)
    {
        address = default;
        // The framework takes scopes, brackets and prefixes besides.
        if (text.Length > AddressLengthMax || text.ContainsAnyExcept("0123456789abcdefABCDEF:."u8)) return false;
        Span<char> characters = stackalloc char[AddressLengthMax];
        Encoding.ASCII.GetChars(text, characters);
        if (!IPAddress.TryParse(characters[..text.Length], out var ip)) return false;
        if (ip.AddressFamily != AddressFamily.InterNetworkV6) return false;
        Span<byte> bytes = stackalloc byte[16];
        ip.TryWriteBytes(bytes, out _);
        address = NetAddress.FromIPv6(bytes, port);
        return true;
    }
}
