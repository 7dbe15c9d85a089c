namespace Tailrace.Telemetry;

/// <summary>Something that counts, and the labels that name it.</summary>
/// <remarks>
/// A class, as all that is generic over counters: native code of a list or a query is shared by classes, and made anew
/// for each structure.
/// </remarks>
/// <param name="counters">What it counts.</param>
/// <param name="labels">Its labels.</param>
internal sealed class MetricRow<T>(T counters, params (string, string)[] labels)
{
    /// <summary>What it counts.</summary>
    public T Counters { get; } = counters;

    /// <summary>Its labels.</summary>
    public (string, string)[] Labels { get; } = labels;
}
