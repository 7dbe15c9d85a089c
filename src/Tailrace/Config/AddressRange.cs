using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tailrace.Config;

/// <summary>A range of addresses in CIDR notation (RFC 4632): the meaning of <c>10.0.0.0/8</c>.</summary>
public static class AddressRange
{
    /// <summary>What stands for all clients of Unix sockets, which have no address, in a list of clients.</summary>
    internal const string Unix = "unix";

    /// <summary>
    /// Reads <c>10.0.0.0/8</c>, <c>2001:db8::/32</c>, or one address, which is a range of one.
    /// </summary>
    /// <param name="text">The text as written.</param>
    /// <param name="range">The meaning of the text.</param>
    /// <param name="error">What is wrong with the text, for people; empty when nothing is.</param>
    /// <remarks>
    /// Bits behind the prefix are refused: who writes <c>10.1.0.0/8</c> means one of two things. A mapped IPv4
    /// address is refused too, since such clients are shown, and matched, as IPv4.
    /// </remarks>
    public static bool TryParse(string text, out IPNetwork range, out string error)
    {
        (range, error) = (default, "");
        int slash = text.IndexOf('/');
        string address = slash < 0 ? text : text[..slash];
        if (!HostAndPort.TryParseIp(address, out IPAddress ip) || address.Contains('%'))
        {
            error = $"'{address}' is not an IP address; expected a range such as 10.0.0.0/8 or 2001:db8::/32";
            return false;
        }
        if (ip.IsIPv4MappedToIPv6)
        {
            error = $"'{text}' is IPv4 in the notation of IPv6; such clients are matched as IPv4, so write it as such";
            return false;
        }
        int bits = ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        int prefix = bits;
        if (slash >= 0 && (!TryParsePrefix(text[(slash + 1)..], out prefix) || prefix > bits))
        {
            error = $"'{text[slash..]}' is not a prefix length; expected /0 to /{bits}";
            return false;
        }
        IPAddress first = FirstOf(ip, prefix);
        if (!first.Equals(ip))
        {
            error = $"'{text}' has bits behind its prefix; write '{first}/{prefix}' for the range, or '{ip}' for one "
                + "address";
            return false;
        }
        range = new IPNetwork(ip, prefix);
        return true;
    }

    private static bool TryParsePrefix(string text, out int prefix) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out prefix)
        && (text.Length == 1 || text[0] != '0');

    private static IPAddress FirstOf(IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            int kept = Math.Clamp(prefix - i * 8, 0, 8);
            bytes[i] &= (byte)(0xFF << (8 - kept));
        }
        return new IPAddress(bytes);
    }
}
