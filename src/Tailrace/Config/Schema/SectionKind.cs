using System.Text.Json;

namespace Tailrace.Config.Schema;

/// <summary>A map with known keys, as the documentation and the JSON Schema see it.</summary>
/// <param name="Name">What messages and the reference call it: <c>listener timeouts</c>.</param>
/// <param name="OptionsType">The record that the section becomes.</param>
/// <param name="Fields">The keys, in the order in which they are documented.</param>
internal sealed record SectionInfo(string Name, Type OptionsType, IReadOnlyList<Field> Fields)
{
    /// <summary>The name of its definition in the JSON Schema.</summary>
    public string Definition => Name.Replace(' ', '_');

    /// <summary>Writes the JSON Schema object that describes the section.</summary>
    public void WriteDefinition(Utf8JsonWriter json)
    {
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        foreach (Field field in Fields) field.WriteSchema(json);
        json.WriteEndObject();
        json.WriteStartArray("required");
        foreach (Field field in Fields.Where(f => f.Required)) json.WriteStringValue(field.Key);
        json.WriteEndArray();
        json.WriteBoolean("additionalProperties", false);
    }
}

/// <summary>A map with known keys, which becomes one record.</summary>
/// <typeparam name="T">The record; a new one holds the defaults.</typeparam>
internal sealed class SectionKind<T>(string name, params Field<T>[] fields) : Kind<T>
    where T : class, new()
{
    private readonly SectionInfo _section = new(name, typeof(T), fields);

    public override string Expected => $"keys and values ({string.Join(", ", fields.Select(f => f.Key))})";

    public override string Reference => $"[{name}](#{name.Replace(' ', '-')})";

    public override SectionInfo Section => _section;

    public override T Read(ConfigNode node, T fallback, string path, ReadState state)
    {
        // A key whose children are all commented out has no value: the defaults are meant.
        if (node.Kind == ConfigNodeKind.Nothing) return fallback;
        if (node.Kind != ConfigNodeKind.Map)
        {
            state.Fail(path, node, $"expected {Expected}; found {node}");
            return fallback;
        }

        T options = fallback;
        var seen = new Dictionary<string, int>();
        foreach (ConfigEntry entry in node.Entries)
        {
            Field<T>? field = Array.Find(fields, f => f.Key == entry.Key);
            if (field is null) ReportUnknown(entry, path, state);
            else if (seen.TryAdd(entry.Key, entry.Line)) options = field.Read(entry.Value, options, path, state);
            else ReportDuplicate(entry, seen[entry.Key], state);
        }
        return options;
    }

    public override void Check(T value, string path, ProblemList problems)
    {
        foreach (Field<T> field in fields) field.Check(value, path, name, problems);
    }

    public override bool IsMissing(T value) => false;

    public override string Format(T value) => "";

    public override void WriteSchema(Utf8JsonWriter json) => json.WriteString("$ref", $"#/$defs/{_section.Definition}");

    public override void WriteDefault(Utf8JsonWriter json, T value)
    {
    }

    private static void ReportDuplicate(ConfigEntry entry, int first, ReadState state) =>
        state.Report(entry.Line, entry.Column, $"duplicate key '{entry.Key}'; line {first} has it too");

    private void ReportUnknown(ConfigEntry entry, string path, ReadState state)
    {
        state.MarkIncomplete(path);
        string message = $"unknown key '{entry.Key}' in {name}";
        string[] homes = [.. fields.Where(f => f.Kind.Section?.Fields.Any(g => g.Key == entry.Key) ?? false)
            .Select(f => $"'{f.Key}'")];
        if (Suggestion.For(entry.Key, fields.Select(f => f.Key)) is { } meant)
        {
            // What was meant is not missing, only misspelt.
            state.MarkBroken(ConfigPath.Of(path, meant));
            message += $"; did you mean '{meant}'?";
        }
        else if (homes.Length > 0)
        {
            message += $"; it belongs in {string.Join(" or ", homes)}";
        }
        else
        {
            message += $"; expected {string.Join(", ", fields.Select(f => f.Key))}";
        }
        state.Report(entry.Line, entry.Column, message);
    }
}

/// <summary>A section that may be left out altogether, which is not the same as all its defaults.</summary>
/// <typeparam name="T">The record.</typeparam>
internal sealed class OptionalKind<T>(SectionKind<T> inner) : Kind<T?>
    where T : class, new()
{
    public override string Expected => inner.Expected;

    public override string Reference => inner.Reference;

    public override SectionInfo Section => inner.Section;

    public override T? Read(ConfigNode node, T? fallback, string path, ReadState state) =>
        inner.Read(node, fallback ?? new T(), path, state);

    public override void Check(T? value, string path, ProblemList problems)
    {
        if (value is not null) inner.Check(value, path, problems);
    }

    public override bool IsMissing(T? value) => value is null;

    public override string Format(T? value) => "";

    public override void WriteSchema(Utf8JsonWriter json) => inner.WriteSchema(json);

    public override void WriteDefault(Utf8JsonWriter json, T? value)
    {
    }
}

/// <summary>A section that a single word can stand for.</summary>
/// <typeparam name="T">The record.</typeparam>
/// <param name="word">What the word is, completing "expected ...".</param>
/// <param name="fromWord">Makes the record of the word.</param>
/// <param name="inner">The section in full.</param>
internal sealed class ShorthandKind<T>(string word, Func<string, T> fromWord, SectionKind<T> inner) : Kind<T>
    where T : class, new()
{
    public override string Expected => $"{word}, or {inner.Expected}";

    public override string Reference => $"{word}, or {inner.Reference}";

    public override SectionInfo Section => inner.Section;

    public override T Read(ConfigNode node, T fallback, string path, ReadState state)
    {
        if (node.Kind == ConfigNodeKind.Scalar) return fromWord(node.Text);
        if (node.Kind == ConfigNodeKind.Map) return inner.Read(node, fallback, path, state);
        state.Fail(path, node, $"expected {Expected}; found {node}");
        return fallback;
    }

    public override void Check(T value, string path, ProblemList problems) => inner.Check(value, path, problems);

    public override bool IsMissing(T value) => false;

    public override string Format(T value) => "";

    public override void WriteSchema(Utf8JsonWriter json)
    {
        json.WriteStartArray("anyOf");
        json.WriteStartObject();
        json.WriteString("type", "string");
        json.WriteEndObject();
        json.WriteStartObject();
        inner.WriteSchema(json);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    public override void WriteDefault(Utf8JsonWriter json, T value)
    {
    }
}
