using System.Globalization;
using System.Text;

namespace Tailrace.Simulation.Balancing;

/// <summary>A line of a chart.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Points">Where it goes, from left to right.</param>
internal sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>An axis of a chart, linear or logarithmic.</summary>
/// <param name="Title">What it measures.</param>
/// <param name="Ticks">Values that are marked; the first and the last are its ends.</param>
/// <param name="IsLogarithmic">Whether equal factors are equal distances.</param>
internal sealed record ChartAxis(string Title, double[] Ticks, bool IsLogarithmic)
{
    /// <summary>Where a value is, from 0 to 1.</summary>
    internal double At(double value)
    {
        var (first, last) = (Scale(Ticks[0]), Scale(Ticks[^1]));
        return (Scale(value) - first) / (last - first);
    }

    private double Scale(double value) => IsLogarithmic ? Math.Log(value) : value;
}

/// <summary>Draws lines as an SVG image that reads well on white and on black.</summary>
internal static class Chart
{
    private const int Left = 60;
    private const int Top = 40;
    private const int Width = 480;
    private const int Height = 300;
    private const int Legend = 180;

    private static readonly string[] s_colours =
        ["#d1495b", "#edae49", "#3c91a8", "#66a182", "#8d6a9f", "#8a8a8a", "#b5651d", "#4d7ea8"];

    /// <summary>The image.</summary>
    internal static string Draw(string title, ChartAxis x, ChartAxis y, IReadOnlyList<ChartLine> lines)
    {
        var svg = new StringBuilder();
        Add($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Left + Width + Legend} {Top + Height + 50}"
             font-family="sans-serif" font-size="12" fill="#777">

            """);
        Text(Left, 20, title, "start", " font-size=\"14\"");
        foreach (var tick in x.Ticks)
        {
            Line(X(tick), Top, X(tick), Top + Height);
            Text(X(tick), Top + Height + 16, Number(tick), "middle");
        }
        foreach (var tick in y.Ticks)
        {
            Line(Left, Y(tick), Left + Width, Y(tick));
            Text(Left - 6, Y(tick) + 4, Number(tick), "end");
        }
        Text(Left + Width / 2, Top + Height + 38, x.Title, "middle");
        Text(Left, Top - 6, y.Title, "start");
        for (var i = 0; i < lines.Count; i++)
        {
            var colour = s_colours[i % s_colours.Length];
            var points = lines[i].Points.Select(point => FormattableString.Invariant($"{X(point.X):0.#},{Y(point.Y):0.#}"));
            Add($"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{string.Join(' ', points)}\"/>\n");
            Text(Left + Width + 14, Top + 16 + 18 * i, lines[i].Name, "start", $" fill=\"{colour}\"");
        }
        return svg.Append("</svg>\n").ToString();

        double X(double value) => Left + Width * Math.Clamp(x.At(value), 0, 1);
        double Y(double value) => Top + Height * (1 - Math.Clamp(y.At(value), 0, 1));
        void Add(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
        void Line(double x1, double y1, double x2, double y2) => Add(
            $"<line x1=\"{x1:0.#}\" y1=\"{y1:0.#}\" x2=\"{x2:0.#}\" y2=\"{y2:0.#}\" stroke=\"#777\" stroke-opacity=\"0.25\"/>\n");
        void Text(double left, double baseline, string words, string anchor, string more = "") =>
            Add($"<text x=\"{left:0.#}\" y=\"{baseline:0.#}\" text-anchor=\"{anchor}\"{more}>{words}</text>\n");
    }

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
