using System.Text.Json;

namespace Tailrace.Config.Schema;

/// <summary>True or false.</summary>
internal sealed class FlagKind : ScalarKind<bool>
{
    public override string Expected => "true or false";

    public override bool TryParse(string text, out bool value)
    {
        value = text == "true";
        return value || text == "false";
    }

    public override string Format(bool value) => value ? "true" : "false";

    public override void WriteSchema(Utf8JsonWriter json) => json.WriteString("type", "boolean");

    public override void WriteDefault(Utf8JsonWriter json, bool value) => json.WriteBoolean("default", value);

    protected override string Hint(string text) => text.ToLowerInvariant() switch
    {
        "yes" or "on" or "y" or "1" or "true" => "; did you mean 'true'?",
        "no" or "off" or "n" or "0" or "false" => "; did you mean 'false'?",
        _ => "",
    };
}

/// <summary>One word out of a few.</summary>
/// <typeparam name="T">The enumeration that the words stand for.</typeparam>
internal sealed class ChoiceKind<T>(params (string Word, T Value)[] choices) : ScalarKind<T>
    where T : struct, Enum
{
    public override string Expected
    {
        get
        {
            string[] words = Array.ConvertAll(choices, c => c.Word);
            return words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} or {words[^1]}";
        }
    }

    public override bool TryParse(string text, out T value)
    {
        foreach ((string word, T choice) in choices)
        {
            value = choice;
            if (word == text) return true;
        }
        value = default;
        return false;
    }

    // A number that was cast to the enumeration names nothing that could be meant.
    public override string? Fault(T value) => Format(value).Length > 0 ? null : $"expected {Expected}; found {value:D}";

    public override string Format(T value)
    {
        foreach ((string word, T choice) in choices)
        {
            if (EqualityComparer<T>.Default.Equals(choice, value)) return word;
        }
        return "";
    }

    public override void WriteSchema(Utf8JsonWriter json)
    {
        json.WriteStartArray("enum");
        foreach ((string word, _) in choices) json.WriteStringValue(word);
        json.WriteEndArray();
    }

    protected override string Hint(string text) =>
        Suggestion.For(text, Array.ConvertAll(choices, c => c.Word)) is { } word ? $"; did you mean '{word}'?" : "";
}

/// <summary>Text that follows some rule.</summary>
/// <param name="expected">What it is, completing "expected ...".</param>
/// <param name="fault">What is wrong with a text; null when nothing is.</param>
internal sealed class TextKind(string expected, Func<string, string?> fault) : ScalarKind<string>
{
    public override string Expected => expected;

    public override bool TryParse(string text, out string value)
    {
        value = text;
        return true;
    }

    public override string? Fault(string value) => fault(value);

    public override bool IsMissing(string value) => value.Length == 0;

    public override string Format(string value) => value.Length == 0 ? "\"\"" : value;

    public override void WriteSchema(Utf8JsonWriter json) => json.WriteString("type", "string");

    public override void WriteDefault(Utf8JsonWriter json, string value) => json.WriteString("default", value);
}
