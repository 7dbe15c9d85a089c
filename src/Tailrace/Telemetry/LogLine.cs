using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tailrace.Config;

namespace Tailrace.Telemetry;

/// <summary>
/// One line of the diagnostic log before it is formatted; immutable, handed from any thread to the log's.
/// </summary>
/// <remarks>
/// Values come from clients too, so neither form lets a value start a new line or send a control character to a
/// terminal.
/// </remarks>
internal readonly record struct LogLine(
    DateTime Time, LogLevel Level, string Message, (string Name, object? Value)[] Fields)
{
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether the message is no line's but text that is written as it is.</summary>
    public bool IsVerbatim { get; private init; }

    /// <summary>Text that is written as it is.</summary>
    public static LogLine Verbatim(string text) => new(default, LogLevel.Error, text, []) { IsVerbatim = true };

    /// <summary><c>2026-01-31T12:00:00.000Z info  message name=value other="two words"</c>.</summary>
    public string ToText()
    {
        var line = new StringBuilder();
        line.Append(Time.ToString(TimeFormat, CultureInfo.InvariantCulture));
        line.Append(' ').Append(NameOf(Level).PadRight(5)).Append(' ');
        AppendEscaped(line, Message);
        foreach ((string name, object? value) in Fields)
        {
            line.Append(' ').Append(name).Append('=');
            string text = TextOf(value);
            bool quoted = text.Length == 0 || text.AsSpan().ContainsAny(" \"=");
            if (quoted) line.Append('"');
            AppendEscaped(line, quoted ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text);
            if (quoted) line.Append('"');
        }
        return line.ToString();
    }

    /// <summary>
    /// <c>{"time":"...","level":"info","message":"...","name":value}</c>; numbers and booleans stay what they are.
    /// </summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, s_json))
        {
            json.WriteStartObject();
            json.WriteString("time", Time.ToString(TimeFormat, CultureInfo.InvariantCulture));
            json.WriteString("level", NameOf(Level));
            json.WriteString("message", Message);
            foreach ((string name, object? value) in Fields)
            {
                json.WritePropertyName(name);
                WriteValue(json, value);
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case double number when double.IsFinite(number): json.WriteNumberValue(number); break;
            default: json.WriteStringValue(TextOf(value)); break;
        }
    }

    private static string TextOf(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Debug => "debug",
        LogLevel.Info => "info",
        LogLevel.Warn => "warn",
        _ => "error",
    };

    private static void AppendEscaped(StringBuilder line, string text)
    {
        foreach (char c in text)
        {
            if (!char.IsControl(c) && c is not ('\u2028' or '\u2029')) line.Append(c);
            else if (c == '\n') line.Append("\\n");
            else line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
    }
}
