using System.Text;

namespace Tailrace.Simulation.Scenarios.Http;

/// <summary>
/// A message head as this side of the simulation reads it: a second opinion, not the product's parser.
/// </summary>
internal sealed class HttpHead
{
    private readonly List<(string Name, string Value)> _fields = [];

    private HttpHead(string startLine) => StartLine = startLine;

    internal string StartLine { get; }

    /// <summary>The status of an answer.</summary>
    internal int Status => int.Parse(StartLine.AsSpan(9, 3));

    /// <summary>Reads a head without its empty line.</summary>
    internal static HttpHead Parse(ReadOnlySpan<byte> bytes)
    {
        var lines = Encoding.Latin1.GetString(bytes).Split("\r\n");
        var head = new HttpHead(lines[0]);
        foreach (var line in lines[1..])
        {
            var colon = line.IndexOf(':');
            if (colon <= 0) throw new SimFailure($"not a field line: '{line}'");
            head._fields.Add((line[..colon], line[(colon + 1)..].Trim()));
        }
        if (head.Find("Transfer-Encoding") is not null && head.Find("Content-Length") is not null)
            throw new SimFailure("a message with two framings");
        return head;
    }

    /// <summary>The value of a field that may come once; null when it does not.</summary>
    internal string? Find(string name)
    {
        string? value = null;
        foreach (var field in _fields)
        {
            if (!field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) continue;
            if (value is not null) throw new SimFailure($"{name} comes twice");
            value = field.Value;
        }
        return value;
    }

    /// <summary>How the body behind it is framed.</summary>
    internal PlanFraming Framing(bool isRequest, out long length)
    {
        length = 0;
        if (Find("Transfer-Encoding") is { } coding)
        {
            if (coding != "chunked") throw new SimFailure($"coding '{coding}'");
            return PlanFraming.Chunked;
        }
        if (Find("Content-Length") is not { } text) return isRequest ? PlanFraming.None : PlanFraming.UntilClose;
        length = long.Parse(text);
        return PlanFraming.Length;
    }
}
