namespace Tailrace.Cli.Commands;

/// <summary>A row of a <see cref="CounterTable{T}"/>.</summary>
/// <remarks>A class, so that the native code of lists and queries is shared by all kinds of counters.</remarks>
/// <param name="name">What the row is called.</param>
/// <param name="counters">Its counters.</param>
internal sealed class CounterRow<T>(string name, T counters)
{
    /// <summary>What the row is called.</summary>
    public string Name { get; } = name;

    /// <summary>Its counters.</summary>
    public T Counters { get; } = counters;
}
