using System.Globalization;

namespace Tailrace.Cli.Commands;

/// <summary>How values are said in a summary: as they would be written in a file, or in words.</summary>
internal static class SummaryWords
{
    /// <summary>A duration in its largest whole unit.</summary>
    public static string Of(TimeSpan time)
    {
        long ms = (long)time.TotalMilliseconds;
        (long Unit, string Name)[] units = [(3_600_000, "h"), (60_000, "m"), (1000, "s")];
        foreach ((long unit, string name) in units)
        {
            if (ms >= unit && ms % unit == 0) return Text(ms / unit, name);
        }
        return Text(ms, "ms");
    }

    /// <summary>A size in its largest whole unit.</summary>
    public static string Bytes(long count)
    {
        (long Unit, string Name)[] units = [(1L << 30, "GiB"), (1L << 20, "MiB"), (1L << 10, "KiB")];
        foreach ((long unit, string name) in units)
        {
            if (count >= unit && count % unit == 0) return Text(count / unit, name);
        }
        return Text(count, " bytes");
    }

    /// <summary>So many of something.</summary>
    public static string Count(long number, string one) =>
        Text(number, number == 1 ? $" {one}" : one.EndsWith('y') ? $" {one[..^1]}ies" : $" {one}s");

    /// <summary>"a, b or c".</summary>
    public static string AnyOf<T>(IReadOnlyList<T> items) => Join(items, "or");

    /// <summary>"a, b and c".</summary>
    public static string AllOf<T>(IReadOnlyList<T> items) => Join(items, "and");

    private static string Join<T>(IReadOnlyList<T> items, string last) => items.Count < 2
        ? string.Concat(items)
        : $"{string.Join(", ", items.SkipLast(1))} {last} {items[^1]}";

    private static string Text(long number, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{number}{unit}");
}
