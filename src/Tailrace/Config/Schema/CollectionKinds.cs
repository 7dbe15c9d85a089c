using System.Text.Json;

namespace Tailrace.Config.Schema;

/// <summary>A list of values of one kind.</summary>
/// <typeparam name="T">The type of an item.</typeparam>
/// <param name="what">What the items are, completing "a list of ...".</param>
/// <param name="item">The kind of an item.</param>
/// <param name="empty">What an item is before it is read.</param>
/// <param name="orOne">Whether a single value may stand for a list of one.</param>
/// <param name="absent">What it means to leave the list out where that is not nothing, completing "for ...": whoever
/// writes an empty list may mean the opposite.</param>
internal sealed class ListKind<T>(string what, Kind<T> item, T empty, bool orOne = false, string absent = "")
    : Kind<IReadOnlyList<T>>
{
    public override string Expected => orOne ? $"{item.Expected}, or a list of {what}" : $"a list of {what}";

    public override string Reference => item.Section is null ? Expected : $"a list, each: {item.Reference}";

    public override SectionInfo? Section => item.Section;

    public override IReadOnlyList<T> Read(
        ConfigNode node, IReadOnlyList<T> fallback, string path, ReadState state)
    {
        if (node.Kind == ConfigNodeKind.Nothing) return fallback;
        if (orOne && node.Kind == ConfigNodeKind.Scalar) return [ReadItem(node, 0, path, state)];
        if (node.Kind != ConfigNodeKind.List)
        {
            string hint = node.Kind == ConfigNodeKind.Map ? "; does a '- ' lack before the first key?" : "";
            state.Fail(path, node, $"expected {Expected}; found {node}{hint}");
            return fallback;
        }
        if (node.Items.Count == 0 && absent.Length > 0)
        {
            state.Fail(path, node, $"expected {Expected}; found an empty one; leave the key out for {absent}");
            return fallback;
        }
        var items = new T[node.Items.Count];
        for (int i = 0; i < items.Length; i++) items[i] = ReadItem(node.Items[i], i, path, state);
        return items;
    }

    public override void Check(IReadOnlyList<T> value, string path, ProblemList problems)
    {
        for (int i = 0; i < value.Count; i++)
        {
            string at = ConfigPath.Of(path, i);
            if (item.IsMissing(value[i])) problems.Add(at, $"expected {item.Expected}; found nothing");
            else item.Check(value[i], at, problems);
        }
    }

    public override bool IsMissing(IReadOnlyList<T> value) => value.Count == 0;

    public override string Format(IReadOnlyList<T> value) => $"[{string.Join(", ", value.Select(item.Format))}]";

    public override void WriteSchema(Utf8JsonWriter json)
    {
        if (orOne)
        {
            json.WriteStartArray("anyOf");
            json.WriteStartObject();
            item.WriteSchema(json);
            json.WriteEndObject();
            json.WriteStartObject();
            WriteList(json);
            json.WriteEndObject();
            json.WriteEndArray();
            return;
        }
        WriteList(json);
    }

    public override void WriteDefault(Utf8JsonWriter json, IReadOnlyList<T> value)
    {
        if (absent.Length > 0) return;
        json.WriteStartArray("default");
        json.WriteEndArray();
    }

    private T ReadItem(ConfigNode node, int index, string path, ReadState state)
    {
        string at = ConfigPath.Of(path, index);
        state.Place(at, node);
        return item.Read(node, empty, at, state);
    }

    private void WriteList(Utf8JsonWriter json)
    {
        json.WriteString("type", "array");
        json.WriteStartObject("items");
        item.WriteSchema(json);
        json.WriteEndObject();
        if (absent.Length > 0) json.WriteNumber("minItems", 1);
    }
}

/// <summary>A map from names that users choose to values of one kind.</summary>
/// <typeparam name="T">The type of a value.</typeparam>
/// <param name="what">What the values are, completing "names of ...".</param>
/// <param name="item">The kind of a value.</param>
internal sealed class MapKind<T>(string what, Kind<T> item) : Kind<IReadOnlyDictionary<string, T>>
    where T : new()
{
    public override string Expected => $"names of {what}, each with its keys and values";

    public override string Reference => $"names, each with {item.Reference}";

    public override SectionInfo? Section => item.Section;

    public override IReadOnlyDictionary<string, T> Read(
        ConfigNode node, IReadOnlyDictionary<string, T> fallback, string path, ReadState state)
    {
        if (node.Kind == ConfigNodeKind.Nothing) return fallback;
        if (node.Kind != ConfigNodeKind.Map)
        {
            state.Fail(path, node, $"expected {Expected}; found {node}");
            return fallback;
        }
        var values = new Dictionary<string, T>(StringComparer.Ordinal);
        var lines = new Dictionary<string, int>();
        foreach (ConfigEntry entry in node.Entries)
        {
            if (!lines.TryAdd(entry.Key, entry.Line))
            {
                state.Report(entry.Line, entry.Column,
                    $"duplicate name '{entry.Key}' in {what}; line {lines[entry.Key]} has it too");
                continue;
            }
            string at = ConfigPath.Of(path, entry.Key);
            state.Place(at, entry.Value);
            values.Add(entry.Key, item.Read(entry.Value, new T(), at, state));
        }
        return values;
    }

    public override void Check(IReadOnlyDictionary<string, T> value, string path, ProblemList problems)
    {
        foreach ((string name, T inner) in value)
        {
            string at = ConfigPath.Of(path, name);
            if (!IsName(name)) problems.Add(at, "a name has letters, digits, '-', '_' and '.', at least one of them");
            item.Check(inner, at, problems);
        }
    }

    public override bool IsMissing(IReadOnlyDictionary<string, T> value) => value.Count == 0;

    public override string Format(IReadOnlyDictionary<string, T> value) => value.Count == 0 ? "{}" : "";

    public override void WriteSchema(Utf8JsonWriter json)
    {
        json.WriteString("type", "object");
        json.WriteStartObject("additionalProperties");
        item.WriteSchema(json);
        json.WriteEndObject();
    }

    public override void WriteDefault(Utf8JsonWriter json, IReadOnlyDictionary<string, T> value)
    {
        json.WriteStartObject("default");
        json.WriteEndObject();
    }

    // Names become labels in logs and metrics.
    private static bool IsName(string name) =>
        name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
