using System.Net;
using System.Net.Sockets;

namespace Tailrace.Config.Schema;

/// <summary>What is wrong with a text in one of the places of a configuration; null when nothing is.</summary>
internal static class TextRules
{
    /// <summary>Any text at all.</summary>
    public static string? Any(string text) => null;

    /// <summary>A name for logs and errors: one line.</summary>
    public static string? Label(string text) =>
        text.Any(char.IsControl) ? "control characters are not allowed here" : null;

    /// <summary>A listener's address.</summary>
    public static string? Listen(string text) => ListenAddress.TryParse(text, out _, out string error) ? null : error;

    /// <summary>A destination's address.</summary>
    public static string? Destination(string text) =>
        DestinationAddress.TryParse(text, out _, out string error) ? null : error;

    /// <summary>A range of addresses.</summary>
    public static string? Range(string text) => AddressRange.TryParse(text, out _, out string error) ? null : error;

    /// <summary>The name of a protocol above TLS (RFC 7301).</summary>
    public static string? Alpn(string text) =>
        text.Length is > 0 and < 256 && !text.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? null
            : $"'{text}' is no protocol; expected a name such as h2 or http/1.1";

    /// <summary>A path in a request target (RFC 9112 section 3.2.1), without the query.</summary>
    public static string? Path(string text)
    {
        if (!text.StartsWith('/')) return $"'{text}' does not begin with '/'";
        if (text.AsSpan().ContainsAny('?', '#')) return $"'{text}' has a query or a fragment; only paths are matched";
        if (text.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return $"'{text}' has a character that a path holds only in its escaped form, such as %20";
        }
        return null;
    }

    /// <summary>A host name to match, or a wildcard for all names below one.</summary>
    public static string? HostPattern(string text)
    {
        if (text == "*") return "'*' matches every host, which is what leaving out 'host' does";
        string name = text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text;
        if (name.Contains('*')) return $"'{text}': a wildcard is '*.' at the front and nowhere else";
        bool bracketed = name.StartsWith('[') && name.EndsWith(']');
        bool isIp = HostAndPort.TryParseIp(bracketed ? name[1..^1] : name, out IPAddress ip);
        bool isV6 = isIp && ip.AddressFamily == AddressFamily.InterNetworkV6;
        // As clients send it: a Host with an IPv6 address has brackets (RFC 3986 section 3.2.2).
        if (isV6 && !bracketed) return $"'{text}' is an IPv6 address; write '[{name}]'";
        if (isIp && name == text && isV6 == bracketed) return null;
        if (HostAndPort.IsName(name)) return null;
        bool hasPort = name.Contains(':') || name.Contains('/');
        return hasPort
            ? $"'{text}' is more than a host name; write it without scheme, port and path"
            : $"'{text}' is not a host name; names in other scripts are written in their ASCII form (xn--)";
    }

    /// <summary>The <c>Host</c> that an origin sees.</summary>
    public static string? HostHeader(string text) =>
        text is "keep" or "destination" || DestinationAddress.TryParse(text, out _, out _) && !text.Contains('/')
            ? null
            : $"'{text}' is none of 'keep', 'destination', and a host with or without a port";

    /// <summary>A field value (RFC 9110 section 5.5).</summary>
    public static string? FieldValue(string text)
    {
        if (text.AsSpan().ContainsAnyExceptInRange(' ', '~')) return "a header holds printable ASCII characters only";
        return text.Trim().Length == text.Length ? null : $"'{text}' begins or ends with a space";
    }
}
