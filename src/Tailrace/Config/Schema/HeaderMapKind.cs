using System.Text.Json;

namespace Tailrace.Config.Schema;

/// <summary>Headers as a map from names to values; a list of values is as many lines.</summary>
internal sealed class HeaderMapKind : Kind<IReadOnlyList<HeaderOptions>>
{
    public override string Expected => "header names, each with a value or a list of values";

    public override IReadOnlyList<HeaderOptions> Read(
        ConfigNode node, IReadOnlyList<HeaderOptions> fallback, string path, ReadState state)
    {
        if (node.Kind == ConfigNodeKind.Nothing) return fallback;
        if (node.Kind != ConfigNodeKind.Map)
        {
            state.Fail(path, node, $"expected {Expected}; found {node}");
            return fallback;
        }
        var headers = new List<HeaderOptions>();
        var lines = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (ConfigEntry entry in node.Entries)
        {
            string at = ConfigPath.Of(path, entry.Key);
            state.Place(at, entry.Value);
            if (!lines.TryAdd(entry.Key, entry.Line))
            {
                state.Report(entry.Line, entry.Column,
                    $"duplicate header '{entry.Key}'; line {lines[entry.Key]} has it too; give a list of values");
                continue;
            }
            ConfigNode[] values = entry.Value.Kind == ConfigNodeKind.List ? [.. entry.Value.Items] : [entry.Value];
            foreach (ConfigNode value in values)
            {
                if (value.Kind == ConfigNodeKind.Scalar) headers.Add(new HeaderOptions(entry.Key, value.Text));
                else state.Fail(at, value, $"expected a value or a list of values; found {value}");
            }
        }
        return headers;
    }

    public override void Check(IReadOnlyList<HeaderOptions> value, string path, ProblemList problems)
    {
        foreach (HeaderOptions header in value)
        {
            string at = ConfigPath.Of(path, header.Name);
            if (HeaderRules.EditedName(header.Name) is { } name) problems.Add(at, name);
            else if (HeaderRules.Template(header.Value) is { } fault) problems.Add(at, fault);
        }
    }

    public override bool IsMissing(IReadOnlyList<HeaderOptions> value) => value.Count == 0;

    public override string Format(IReadOnlyList<HeaderOptions> value) => value.Count == 0 ? "{}" : "";

    public override void WriteSchema(Utf8JsonWriter json)
    {
        json.WriteString("type", "object");
        json.WriteStartObject("additionalProperties");
        json.WriteStartArray("type");
        foreach (string type in (string[])["string", "number", "boolean", "array"]) json.WriteStringValue(type);
        json.WriteEndArray();
        json.WriteStartObject("items");
        json.WriteStartArray("type");
        foreach (string type in (string[])["string", "number", "boolean"]) json.WriteStringValue(type);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public override void WriteDefault(Utf8JsonWriter json, IReadOnlyList<HeaderOptions> value)
    {
        json.WriteStartObject("default");
        json.WriteEndObject();
    }
}
