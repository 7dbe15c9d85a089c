namespace Tailrace.Config.Schema;

/// <summary>What is wrong with headers in a configuration; null when nothing is.</summary>
internal static class HeaderRules
{
    // RFC 9110 section 7.6.1 and 11.7, RFC 9112 section 6: of one connection, not of the message.
    private static readonly string[] s_ofThisHop =
    [
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
        "Upgrade", "HTTP2-Settings",
    ];

    /// <summary>The name of a header that is asked for.</summary>
    public static string? Name(string text) =>
        TextRules.IsToken(text) ? null : $"'{text}' is not the name of a header";

    /// <summary>The name of a header that is set, added or removed.</summary>
    public static string? EditedName(string text)
    {
        if (Name(text) is { } fault) return fault;
        if (Is(text, "Content-Length") || Is(text, "Transfer-Encoding"))
            return $"'{text}' says where a message ends, which is written for each message from its own framing";
        if (s_ofThisHop.Any(name => Is(text, name)))
            return $"'{text}' is about one connection, and written for each of them";
        if (Is(text, "Host")) return "the Host that origins get is set by 'host_header'";
        if (Is(text, "Date")) return "the date of a message is that of its origin";
        if (Is(text, "Max-Forwards")) return "'Max-Forwards' is counted down by every hop";
        return Is(text, "Expect") ? "'Expect' is about the request's body, which is relayed as it comes" : null;
    }

    /// <summary>The value of a header, with variables.</summary>
    public static string? Template(string text)
    {
        if (TextRules.FieldValue(text) is { } fault) return fault;
        return TextTemplate.TryParse(text, out _, out string error) ? null : error;
    }

    private static bool Is(string text, string name) => text.Equals(name, StringComparison.OrdinalIgnoreCase);
}
