namespace Tailrace.Conformance.Support;

/// <summary>One HTTP/1 message as it stood on the wire, its body taken out of its framing.</summary>
/// <param name="StartLine">The request line or status line.</param>
/// <param name="Fields">The fields in their order, names as sent.</param>
/// <param name="Body">The content.</param>
/// <param name="Trailers">The trailer fields of a chunked body.</param>
internal sealed record Message(
    string StartLine,
    IReadOnlyList<(string Name, string Value)> Fields,
    byte[] Body,
    IReadOnlyList<(string Name, string Value)> Trailers)
{
    /// <summary>The status of an answer.</summary>
    public int Status => int.Parse(StartLine.Split(' ')[1]);

    /// <summary>The method of a request.</summary>
    public string Method => StartLine.Split(' ')[0];

    /// <summary>The target of a request.</summary>
    public string Target => StartLine.Split(' ')[1];

    /// <summary>The body as text.</summary>
    public string Text => System.Text.Encoding.Latin1.GetString(Body);

    /// <summary>Whether the sender closes after it.</summary>
    public bool IsLast => string.Equals(Field("Connection"), "close", StringComparison.OrdinalIgnoreCase);

    /// <summary>The values of a field, joined as a list; null when it is not there.</summary>
    public string? Field(string name)
    {
        var values = Fields.Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(field => field.Value).ToArray();
        return values.Length == 0 ? null : string.Join(", ", values);
    }
}
