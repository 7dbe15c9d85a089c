using System.Globalization;
using System.Text;

namespace Tailrace.Telemetry;

/// <summary>Writes numbers in Prometheus' text format, version 0.0.4.</summary>
/// <remarks>
/// A family of samples is one name with its help and its type, and everything of it stands together. What is written
/// is bounded: a family that would go beyond the limit is left out as a whole, and counted in the last one.
/// </remarks>
/// <param name="lengthMax">The most characters, but for those of the last family.</param>
internal sealed class MetricsWriter(int lengthMax)
{
    /// <summary>The media type of what it writes.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const string Prefix = "tailrace_";

    private readonly StringBuilder _text = new();
    private string _name = "";
    private int _begin;
    private int _leftOut;

    /// <summary>Writes the families of many things that count alike.</summary>
    /// <param name="metrics">What each of them counts; those of one name stand together.</param>
    /// <param name="scope">What comes before the names; empty, or with an underscore at its end.</param>
    /// <param name="rows">Each thing with the labels that name it.</param>
    public void Write<T>(IReadOnlyList<Metric<T>> metrics, string scope, IReadOnlyList<MetricRow<T>> rows)
    {
        if (rows.Count == 0) return;
        for (var i = 0; i < metrics.Count; i++)
        {
            var metric = metrics[i];
            if (i == 0 || metrics[i - 1].Name != metric.Name)
                Begin($"{Prefix}{scope}{metric.Name}{(metric.IsGauge ? "" : "_total")}", metric.Help, metric.IsGauge);
            foreach (var row in rows)
            {
                var labels = metric.Label.Name.Length > 0 ? [.. row.Labels, metric.Label] : row.Labels;
                Sample(metric.Value(row.Counters), labels);
            }
            if (i + 1 == metrics.Count || metrics[i + 1].Name != metric.Name) End();
        }
    }

    /// <summary>Writes a family of one sample, under its whole name.</summary>
    public void Write(
        string name, string help, bool isGauge, double value, params ReadOnlySpan<(string, string)> labels)
    {
        Begin(name, help, isGauge);
        Sample(value, labels);
        End();
    }

    /// <summary>Begins a family.</summary>
    /// <param name="name">Its whole name.</param>
    /// <param name="help">What it is.</param>
    /// <param name="isGauge">Whether it rises and falls.</param>
    public void Begin(string name, string help, bool isGauge)
    {
        (_name, _begin) = (name, _text.Length);
        _text.Append("# HELP ").Append(name).Append(' ');
        AppendEscaped(help, isLabel: false);
        _text.Append("\n# TYPE ").Append(name).Append(isGauge ? " gauge\n" : " counter\n");
    }

    /// <summary>Adds a sample to the family that was begun.</summary>
    public void Sample(double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        // What is beyond the limit already is not built to its end.
        if (_text.Length > lengthMax) return;
        _text.Append(_name);
        var next = '{';
        foreach (var (name, text) in labels)
        {
            _text.Append(next).Append(name).Append("=\"");
            AppendEscaped(text, isLabel: true);
            _text.Append('"');
            next = ',';
        }
        if (next == ',') _text.Append('}');
        _text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    /// <summary>Ends the family that was begun.</summary>
    public void End()
    {
        if (_text.Length <= lengthMax) return;
        _text.Length = _begin;
        _leftOut++;
    }

    /// <summary>Ends the text and gives it as UTF-8.</summary>
    public byte[] ToArray()
    {
        // However full it is, this is told.
        Begin($"{Prefix}metrics_left_out", "Families of metrics that are left out, for they are too long.", true);
        _text.Append(_name).Append(' ').Append(_leftOut).Append('\n');
        return Encoding.UTF8.GetBytes(_text.ToString());
    }

    private void AppendEscaped(string text, bool isLabel)
    {
        foreach (var c in text)
        {
            if (c == '\\') _text.Append(@"\\");
            else if (c == '\n') _text.Append(@"\n");
            else if (c == '"' && isLabel) _text.Append("\\\"");
            else _text.Append(c);
        }
    }
}
