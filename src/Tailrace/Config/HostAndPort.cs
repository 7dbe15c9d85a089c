using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tailrace.Config;

/// <summary>
/// Reads <c>host:port</c> and <c>[v6]:port</c>; what listener and destination addresses have in common.
/// </summary>
internal static class HostAndPort
{
    private const int NameLengthMax = 253;
    private const int LabelLengthMax = 63;

    private static readonly SearchValues<char> s_labelChars =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>
    /// Splits at the port's colon. The port is empty when there is none; brackets are taken off the host.
    /// </summary>
    public static bool TrySplit(string text, out string host, out string port, out string error)
    {
        (host, port, error) = (text, "", "");
        string tail;
        if (text.StartsWith('['))
        {
            int close = text.IndexOf(']');
            if (close < 0)
            {
                error = $"'{text}' opens a bracket and never closes it";
                return false;
            }
            (host, tail) = (text[1..close], text[(close + 1)..]);
            if (!IPAddress.TryParse(host, out IPAddress? ip) || ip.AddressFamily != AddressFamily.InterNetworkV6)
            {
                error = $"'{host}' in brackets is not an IPv6 address";
                return false;
            }
        }
        else
        {
            int colon = text.IndexOf(':');
            if (colon >= 0 && text.IndexOf(':', colon + 1) >= 0)
            {
                error = $"'{text}' has several colons; an IPv6 address stands in brackets, for example '[::1]:8080'";
                return false;
            }
            (host, tail) = colon < 0 ? (text, "") : (text[..colon], text[colon..]);
        }

        if (tail.Length == 0) return true;
        port = tail[1..];
        if (tail[0] == ':' && port.Length > 0) return true;
        error = tail[0] == ':' ? $"'{text}' has no port after the colon" : $"'{tail}' after the bracket is not a port";
        return false;
    }

    /// <summary>Reads a port in decimal digits, from <paramref name="min"/> to 65535.</summary>
    public static bool TryParsePort(string text, int min, out int port, out string error)
    {
        error = "";
        bool isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
        if (isNumber && port >= min && port <= 65535) return true;
        error = $"'{text}' is not a port; expected a number from {min} to 65535";
        return false;
    }

    /// <summary>
    /// Reads an IP address in its usual notation only: <c>1</c> and <c>127.1</c> are addresses to .NET, not here.
    /// </summary>
    public static bool TryParseIp(string text, out IPAddress ip)
    {
        bool ok = IPAddress.TryParse(text, out IPAddress? parsed)
            && (parsed.AddressFamily == AddressFamily.InterNetworkV6 || parsed.ToString() == text);
        ip = ok ? parsed! : IPAddress.None;
        return ok;
    }

    /// <summary>
    /// Whether the text can be a host name (RFC 1123 section 2.1), underscores allowed, not an IP look-alike.
    /// </summary>
    public static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.EndsWith(".")) text = text[..^1];
        if (text.Length is 0 or > NameLengthMax) return false;

        ReadOnlySpan<char> last = default;
        foreach (Range range in text.Split('.'))
        {
            last = text[range];
            if (last.Length is 0 or > LabelLengthMax || last[0] == '-' || last[^1] == '-') return false;
            if (last.ContainsAnyExcept(s_labelChars)) return false;
        }
        // A name whose last label is a number is a mistyped IPv4 address (WHATWG URL, "ends in a number").
        return last.ContainsAnyExceptInRange('0', '9');
    }
}
