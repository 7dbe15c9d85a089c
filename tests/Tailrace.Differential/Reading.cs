using System.Text;

namespace Tailrace.Differential;

/// <summary>What a server understood one request to be.</summary>
/// <param name="Number">The how-manieth whole request it was for that server.</param>
/// <param name="Method">The method.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Authority">Host and port that are meant.</param>
/// <param name="Fields">The fields that are meant for the origin, sorted by name; values of one name in their order.</param>
/// <param name="Body">The content in hexadecimal.</param>
internal sealed record Reading(int Number, string Method, string Target, string Authority, string Fields, string Body)
{
    /// <summary>The field of an answer in which servers say what they understood.</summary>
    internal const string Field = "X-Reading";

    // What belongs to one hop, frames the message, or stands in another place here.
    private static readonly string[] s_notForOrigins =
    [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te",
        "transfer-encoding", "upgrade", "http2-settings", "content-length", "host", "expect", "max-forwards",
    ];

    /// <summary>Writes what was understood as the value of <see cref="Field"/>.</summary>
    internal static string Write(
        int number, string method, string target, ReadOnlySpan<byte> body, IEnumerable<(string Name, string Value)> fields)
    {
        var text = new StringBuilder($"{number}\n{method}\n{target}\n{Convert.ToHexStringLower(body)}");
        foreach (var (name, value) in fields) text.Append('\n').Append(name).Append(':').Append(value);
        return Convert.ToHexString(Encoding.Latin1.GetBytes(text.ToString()));
    }

    /// <summary>Reads such a value, and brings it into the form that is compared.</summary>
    internal static Reading Parse(string hex)
    {
        var lines = Encoding.Latin1.GetString(Convert.FromHexString(hex)).Split('\n');
        var fields = lines.Skip(4).Select(line => line.Split(':', 2))
            .Select(parts => (Name: parts[0].ToLowerInvariant(), Value: parts[1].Trim(' ', '\t'))).ToArray();
        var host = fields.FirstOrDefault(field => field.Name == "host").Value ?? "";
        var (authority, target) = Split(lines[1], lines[2], host);
        var named = fields.Where(field => field.Name == "connection")
            .SelectMany(field => field.Value.ToLowerInvariant().Split(',')).Select(option => option.Trim(' ', '\t'));
        var left = fields.Where(field => !s_notForOrigins.Contains(field.Name) && !named.Contains(field.Name))
            .GroupBy(field => field.Name)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Key}: {string.Join(", ", group.Select(field => field.Value))}");
        return new Reading(int.Parse(lines[0]), lines[1], target, authority, string.Join('\n', left), lines[3]);
    }

    /// <summary>Whether both are the same request.</summary>
    internal bool Means(Reading other) => this with { Number = 0 } == other with { Number = 0 };

    // A target that is a whole URL overrules Host (RFC 9112 section 3.2.2).
    private static (string Authority, string Target) Split(string method, string target, string host)
    {
        var mark = target.IndexOf("://", StringComparison.Ordinal);
        if (target.StartsWith('/') || mark is not (4 or 5)) return (host, target);
        var rest = target[(mark + 3)..];
        var end = rest.AsSpan().IndexOfAny('/', '?');
        if (end < 0) return (rest, method == "OPTIONS" ? "*" : "/");
        return (rest[..end], rest[end] == '?' ? $"/{rest[end..]}" : rest[end..]);
    }
}
