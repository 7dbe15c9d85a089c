using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Tailrace.Config.Schema;

/// <summary>What is wrong with a text in one of the places of a configuration; null when nothing is.</summary>
internal static class TextRules
{
    private const int MethodLengthMax = 32;
    private const int PatternLengthMax = 1024;

    // Two dollar signs, $1 or ${name}.
    private static readonly Regex s_group = new(@"\$\$|\$([0-9]+)|\$\{(\w+)\}", RegexOptions.CultureInvariant);

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

    /// <summary>Where a name server is.</summary>
    public static string? NameServer(string text) =>
        IPEndPoint.TryParse(text, out _) ? null : $"'{text}' is not an IP address, nor one with a port";

    /// <summary>A range of addresses.</summary>
    public static string? Range(string text) => AddressRange.TryParse(text, out _, out string error) ? null : error;

    /// <summary>Clients: a range of their addresses, or those of Unix sockets.</summary>
    public static string? Clients(string text)
    {
        if (text == AddressRange.Unix) return null;
        string address = text.Split('/')[0];
        if (HostAndPort.TryParseIp(address, out _)) return Range(text);
        string hint = Suggestion.For(address, [AddressRange.Unix]) is { } word ? $"; did you mean '{word}'?" : "";
        return $"'{text}' is not an IP address; expected a range such as 10.0.0.0/8 or 2001:db8::/32, or "
            + AddressRange.Unix + hint;
    }

    /// <summary>The name of a protocol above TLS (RFC 7301).</summary>
    public static string? Alpn(string text)
    {
        string[] names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length > 1) return $"'{text}' is several protocols in one; write [{string.Join(", ", names)}]";
        return text.Length is > 0 and < 256 && !text.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? null
            : $"'{text}' is no protocol; expected a name such as h2 or http/1.1";
    }

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

    /// <summary>A protocol that a connection may change to: a token, and perhaps its version.</summary>
    public static string? Protocol(string text)
    {
        string[] parts = text.Split('/');
        bool valid = parts.Length <= 2 && Array.TrueForAll(parts, IsToken);
        if (!valid) return $"'{text}' is not a protocol; write a name, or name/version";
        return parts[0].Equals("h2c", StringComparison.OrdinalIgnoreCase)
            || parts[0].Equals("HTTP", StringComparison.OrdinalIgnoreCase)
                ? $"'{text}' would carry further requests past all routes"
                : null;
    }

    /// <summary>A method (RFC 9110 section 9.1), which is matched with regard to case.</summary>
    public static string? Method(string text)
    {
        if (text.Length > MethodLengthMax) return $"'{text}' is longer than {MethodLengthMax} characters";
        if (!IsToken(text)) return $"'{text}' is not a method; expected a word such as GET or PROPFIND";
        return text.Any(char.IsAsciiLetterLower)
            ? $"methods are matched with regard to case; did you mean '{text.ToUpperInvariant()}'?"
            : null;
    }

    /// <summary>The name of a header field that is asked for.</summary>
    public static string? FieldName(string text)
    {
        if (HeaderRules.Name(text) is { } fault) return fault;
        return text.Equals("Host", StringComparison.OrdinalIgnoreCase)
            ? "a request may name its host in its target too; match.host knows both"
            : null;
    }

    /// <summary>A regular expression that needs no backtracking, so that its time is linear in the text.</summary>
    public static string? Pattern(string text)
    {
        if (text.Length > PatternLengthMax) return $"a pattern has at most {PatternLengthMax} characters";
        try
        {
            _ = new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return null;
        }
        catch (RegexParseException wrong)
        {
            // The exception's own text is left out of programs that are compiled ahead of time.
            string words = string.Concat(
                $"{wrong.Error}".Select(c => char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
            return $"'{text}' is not a regular expression:{words}, at character {wrong.Offset}";
        }
        catch (NotSupportedException)
        {
            return $"'{text}' needs backtracking (a look-around, a back reference, or too many repetitions), which "
                + "clients could make slow";
        }
    }

    /// <summary>What stands for a match in a path: characters of paths, and groups of the pattern.</summary>
    public static string? Replacement(string text)
    {
        if (text.Length > PatternLengthMax) return $"a replacement has at most {PatternLengthMax} characters";
        if (text.Contains('?')) return $"'{text}' has a query; the query is kept as it came";
        string literal = s_group.Replace(text, "");
        if (literal.Contains('$'))
            return $"'{text}': a dollar sign begins a group, $1 or ${{name}}; '$$' is one itself";
        return literal.Length == 0 ? null : Path($"/{literal}") is null
            ? null
            : $"'{text}' has a character that a path holds only in its escaped form, such as %20";
    }

    /// <summary>The groups that a replacement names.</summary>
    public static IEnumerable<string> GroupsOf(string replacement) => s_group.Matches(replacement)
        .Select(match => match.Groups[1].Value + match.Groups[2].Value).Where(name => name.Length > 0);

    /// <summary>The host of a redirect.</summary>
    public static string? RedirectHost(string text)
    {
        if (DestinationAddress.TryParse(text, out DestinationAddress address, out _)
            && address.Authority.Equals(text, StringComparison.OrdinalIgnoreCase) && !HasPort(text))
        {
            return null;
        }
        if (text.Contains('/')) return $"'{text}' is more than a host; scheme, port and path have keys of their own";
        return HasPort(text) ? $"'{text}' has a port; give it as 'port'" : $"'{text}' is not a host";
    }

    private static bool HasPort(string text) => text.LastIndexOf(':') > text.LastIndexOf(']');

    /// <summary>A token (RFC 9110 section 5.6.2).</summary>
    public static bool IsToken(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c));
    /// <summary>The name of a header or a cookie, of characters that both allow.</summary>
    public static string? Token(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? null
            : $"'{text}': expected letters, digits, '-', '_' and '.' only";

    /// <summary>The <c>Host</c> of a health check.</summary>
    public static string? CheckHost(string text) =>
        DestinationAddress.TryParse(text, out _, out _) && !text.Contains('/')
            ? null
            : $"'{text}' is no host with or without a port";

    /// <summary>A field value (RFC 9110 section 5.5).</summary>
    public static string? FieldValue(string text)
    {
        if (text.AsSpan().ContainsAnyExceptInRange(' ', '~')) return "a header holds printable ASCII characters only";
        return text.Trim().Length == text.Length ? null : $"'{text}' begins or ends with a space";
    }
}
