using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>A table of counters: a row for each thing that counts, a column for each counter.</summary>
/// <typeparam name="T">The counters of a row.</typeparam>
internal sealed class CounterTable<T>(string title, params IEnumerable<Metric<T>> columns)
{
    private const int NameWidth = 32;
    private const int ValueWidth = 16;
    private const int GapWidth = 2;

    /// <summary>Whether counters have nothing for this table.</summary>
    public bool IsEmpty(T counters) => columns.All(column => column.Value(counters) == 0);

    /// <summary>Prints it; columns in which nothing was ever counted are left out, and rows without any.</summary>
    public void Write(IEnumerable<CounterRow<T>> rows, TextWriter output)
    {
        List<CounterRow<T>> shown = [.. rows.Where(row => !IsEmpty(row.Counters))];
        if (shown.Count == 0) return;
        Metric<T>[] counted = [.. columns.Where(column => shown.Any(row => column.Value(row.Counters) != 0))];
        int width = Math.Max(NameWidth, shown.Max(row => row.Name.Length) + 1);
        output.Write(title.PadRight(width));
        foreach (Metric<T> column in counted) output.Write(column.Title.PadLeft(WidthOf(column)));
        output.WriteLine();
        foreach (CounterRow<T> row in shown)
        {
            output.Write(row.Name.PadRight(width));
            foreach (Metric<T> column in counted)
                output.Write($"{column.Value(row.Counters)}".PadLeft(WidthOf(column)));
            output.WriteLine();
        }
    }

    private static int WidthOf(Metric<T> column) => Math.Max(ValueWidth, column.Title.Length + GapWidth);
}
