using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Tailrace.Config.Schema;

/// <summary>A whole number in a range; optionally a word that stands for 0.</summary>
/// <typeparam name="T">The type of the number.</typeparam>
internal sealed class NumberKind<T>(T min, T max, string wordForZero = "") : ScalarKind<T>
    where T : struct, IBinaryInteger<T>
{
    private bool HasWord => wordForZero.Length > 0;

    public override string Expected => HasWord
        ? string.Create(CultureInfo.InvariantCulture, $"'{wordForZero}' or a number from {min} to {max}")
        : string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}");

    public override bool TryParse(string text, out T value)
    {
        value = T.Zero;
        return (HasWord && text == wordForZero)
            || T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    public override string? Fault(T value)
    {
        bool inRange = (HasWord && value == T.Zero) || (value >= min && value <= max);
        return inRange ? null : $"expected {Expected}; found {Format(value)}";
    }

    public override string Format(T value) =>
        HasWord && value == T.Zero ? wordForZero : value.ToString(null, CultureInfo.InvariantCulture);

    public override void WriteSchema(Utf8JsonWriter json)
    {
        if (!HasWord)
        {
            WriteRange(json);
            return;
        }
        json.WriteStartArray("anyOf");
        json.WriteStartObject();
        json.WriteString("const", wordForZero);
        json.WriteEndObject();
        json.WriteStartObject();
        WriteRange(json);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    public override void WriteDefault(Utf8JsonWriter json, T value)
    {
        if (HasWord && value == T.Zero) json.WriteString("default", wordForZero);
        else json.WriteNumber("default", long.CreateChecked(value));
    }

    private void WriteRange(Utf8JsonWriter json)
    {
        json.WriteString("type", "integer");
        json.WriteNumber("minimum", long.CreateChecked(min));
        json.WriteNumber("maximum", long.CreateChecked(max));
    }
}

/// <summary>A number of bytes in a range, with a binary or decimal unit or none.</summary>
/// <typeparam name="T">The type of the number.</typeparam>
internal sealed class SizeKind<T>(T min, T max) : ScalarKind<T>
    where T : struct, IBinaryInteger<T>
{
    private const int BinaryUnits = 4;
    private const string Pattern = "^[0-9]+(B|KB|KiB|MB|MiB|GB|GiB|TB|TiB)?$";

    private static readonly (string Name, long Bytes)[] s_units =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("B", 1),
    ];

    public override string Expected => $"{Reference}, such as 16KiB, 64KB, 1MiB or plain bytes";

    public override string Reference => $"a size from {Format(min)} to {Format(max)}";

    public override bool TryParse(string text, out T value)
    {
        value = T.Zero;
        long unit = 1;
        foreach ((string name, long bytes) in s_units)
        {
            if (!text.EndsWith(name, StringComparison.Ordinal)) continue;
            (text, unit) = (text[..^name.Length], bytes);
            break;
        }
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long count)) return false;
        Int128 total = (Int128)count * unit;
        if (total > Int128.CreateChecked(max)) return false;
        value = T.CreateChecked(total);
        return true;
    }

    public override string? Fault(T value) =>
        value >= min && value <= max ? null : $"expected {Expected}; found {Format(value)}";

    public override string Format(T value)
    {
        long bytes = long.CreateChecked(value);
        foreach ((string name, long unit) in s_units.AsSpan(0, BinaryUnits))
        {
            if (bytes == 0 || bytes % unit != 0) continue;
            return string.Create(CultureInfo.InvariantCulture, $"{bytes / unit}{name}");
        }
        return bytes.ToString(CultureInfo.InvariantCulture);
    }

    public override void WriteSchema(Utf8JsonWriter json)
    {
        json.WriteStartArray("type");
        json.WriteStringValue("string");
        json.WriteStringValue("integer");
        json.WriteEndArray();
        json.WriteString("pattern", Pattern);
        json.WriteNumber("minimum", long.CreateChecked(min));
        json.WriteNumber("maximum", long.CreateChecked(max));
    }

    public override void WriteDefault(Utf8JsonWriter json, T value)
    {
        if (value == T.Zero) json.WriteNumber("default", 0);
        else json.WriteString("default", Format(value));
    }

    // 16k, 16kb and 16K all mean 16KiB elsewhere.
    protected override string Hint(string text)
    {
        int end = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (end <= 0) return "";
        string unit = text[end..].Trim().ToLowerInvariant() switch
        {
            "k" or "kb" or "kib" => "KiB",
            "m" or "mb" or "mib" => "MiB",
            "g" or "gb" or "gib" => "GiB",
            "b" or "bytes" => "B",
            _ => "",
        };
        string meant = text[..end] + unit;
        return unit.Length == 0 || meant == text ? "" : $"; did you mean '{meant}'?";
    }
}

/// <summary>A duration in a range, a whole number with a unit.</summary>
internal sealed class DurationKind(TimeSpan min, TimeSpan max) : ScalarKind<TimeSpan>
{
    private const string Pattern = "^[0-9]+(ms|s|m|h)$";

    private static readonly (string Name, TimeSpan Length)[] s_units =
    [
        ("h", TimeSpan.FromHours(1)), ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
    ];

    public override string Expected => $"{Reference}, such as 500ms, 10s, 1m or 1h";

    public override string Reference => $"a duration from {Format(min)} to {Format(max)}";

    public override bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        foreach ((string name, TimeSpan unit) in s_units)
        {
            if (!text.EndsWith(name, StringComparison.Ordinal)) continue;
            bool ok = int.TryParse(text.AsSpan(0, text.Length - name.Length), NumberStyles.None,
                CultureInfo.InvariantCulture, out int count);
            if (ok) value = unit * count;
            return ok;
        }
        return false;
    }

    public override string? Fault(TimeSpan value) =>
        value >= min && value <= max ? null : $"expected {Expected}; found {Format(value)}";

    public override string Format(TimeSpan value)
    {
        (string name, long count) = value.Ticks switch
        {
            0 => ("s", 0),
            var t when t % TimeSpan.TicksPerHour == 0 => ("h", t / TimeSpan.TicksPerHour),
            var t when t % TimeSpan.TicksPerMinute == 0 => ("m", t / TimeSpan.TicksPerMinute),
            var t when t % TimeSpan.TicksPerSecond == 0 => ("s", t / TimeSpan.TicksPerSecond),
            var t => ("ms", t / TimeSpan.TicksPerMillisecond),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{count}{name}");
    }

    public override void WriteSchema(Utf8JsonWriter json)
    {
        json.WriteString("type", "string");
        json.WriteString("pattern", Pattern);
    }

    protected override string Hint(string text) => text.Length > 0 && text.All(char.IsAsciiDigit)
        ? $"; did you mean '{text}s'?"
        : "";
}
