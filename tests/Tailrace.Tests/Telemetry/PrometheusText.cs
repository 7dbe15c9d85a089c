using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Tailrace.Tests.Telemetry;

/// <summary>Reads Prometheus' text format, version 0.0.4, more strictly than Prometheus does.</summary>
/// <remarks>
/// A family is HELP, TYPE and its samples, in this order, at once; each name occurs once, and each sample.
/// </remarks>
internal sealed partial class PrometheusText
{
    private readonly Dictionary<string, double> _samples = [];
    private readonly Dictionary<string, string> _types = [];

    private PrometheusText(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        string family = "", help = "";
        foreach (var line in text[..^1].Split('\n'))
        {
            if (Help().Match(line) is { Success: true } described)
            {
                help = described.Groups["name"].Value;
                Assert.False(_types.ContainsKey(help), $"twice: {line}");
            }
            else if (Type().Match(line) is { Success: true } typed)
            {
                family = typed.Groups["name"].Value;
                Assert.Equal(help, family);
                _types.Add(family, typed.Groups["type"].Value);
                Assert.Equal(_types[family] == "counter", family.EndsWith("_total", StringComparison.Ordinal));
            }
            else
            {
                var sample = Sample().Match(line);
                Assert.True(sample.Success, $"not a line of the format: {line}");
                Assert.Equal(family, sample.Groups["name"].Value);
                var key = family + sample.Groups["labels"].Value;
                Assert.True(_samples.TryAdd(key, Number(sample.Groups["value"].Value)), $"twice: {line}");
            }
        }
    }

    /// <summary>All samples by name and labels, as they stand in the text.</summary>
    public IReadOnlyDictionary<string, double> Samples => _samples;

    /// <summary>The types of the families by their names.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    /// <summary>One sample.</summary>
    public double this[string key] =>
        _samples.TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"{key} is not in\n{this}");

    /// <summary>Reads a text, and fails where it breaks a rule.</summary>
    public static PrometheusText Parse(byte[] text) => new(new UTF8Encoding(false, true).GetString(text));

    /// <summary>The sum of a family's samples.</summary>
    public double Sum(string family) => _samples
        .Where(sample => sample.Key == family || sample.Key.StartsWith(family + '{', StringComparison.Ordinal))
        .Sum(sample => sample.Value);

    public override string ToString() => string.Join('\n', _samples.Select(sample => $"{sample.Key} {sample.Value}"));

    private static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^# HELP (?<name>[a-z][a-z0-9_]*) (?:[^\\]|\\\\|\\n)+$")]
    private static partial Regex Help();

    [GeneratedRegex(@"^# TYPE (?<name>[a-z][a-z0-9_]*) (?<type>counter|gauge)$")]
    private static partial Regex Type();

    [GeneratedRegex(
        @"^(?<name>[a-z][a-z0-9_]*)(?<labels>(?:\{[a-z][a-z0-9_]*=""(?:[^""\\]|\\[\\""n])*""(?:,[a-z][a-z0-9_]*=""(?:[^""\\]|\\[\\""n])*"")*\})?)"
        + @" (?<value>-?[0-9]+(?:\.[0-9]+)?(?:E[+-][0-9]+)?)$")]
    private static partial Regex Sample();
}
