using System.Globalization;
using System.Text.Json;

namespace Tailrace.Config.Schema;

/// <summary>One status out of a few.</summary>
internal sealed class StatusKind(params int[] statuses) : ScalarKind<int>
{
    public override string Expected => $"{string.Join(", ", statuses[..^1])} or {statuses[^1]}";

    public override bool TryParse(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    public override string? Fault(int value) =>
        statuses.Contains(value) ? null : $"expected {Expected}; found {Format(value)}";

    public override string Format(int value) => value.ToString(CultureInfo.InvariantCulture);

    public override void WriteSchema(Utf8JsonWriter json)
    {
        json.WriteStartArray("enum");
        foreach (int status in statuses) json.WriteNumberValue(status);
        json.WriteEndArray();
    }

    public override void WriteDefault(Utf8JsonWriter json, int value) => json.WriteNumber("default", value);
}
