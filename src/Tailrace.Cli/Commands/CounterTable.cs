namespace Tailrace.Cli.Commands;

/// <summary>A table of counters: a row for each thing that counts, a column for each counter.</summary>
/// <typeparam name="T">The counters of a row.</typeparam>
internal sealed class CounterTable<T>(string title, params (string Name, Func<T, long> Value)[] columns)
{
    private const int NameWidth = 32;
    private const int ValueWidth = 16;

    /// <summary>Whether counters have nothing for this table.</summary>
    public bool IsEmpty(T counters) => columns.All(column => column.Value(counters) == 0);

    /// <summary>Prints it.</summary>
    public void Write(IEnumerable<(string Name, T Counters)> rows, TextWriter output)
    {
        output.Write(title.PadRight(NameWidth));
        foreach ((string name, _) in columns) output.Write(name.PadLeft(ValueWidth));
        output.WriteLine();
        foreach ((string name, T counters) in rows)
        {
            output.Write(name.PadRight(NameWidth));
            foreach ((_, Func<T, long> value) in columns) output.Write($"{value(counters),ValueWidth}");
            output.WriteLine();
        }
    }
}
