namespace Tailrace.Telemetry;

/// <summary>One number of something that counts: what people and programs call it, and where it stands.</summary>
/// <remarks>Immutable. Tables, JSON lines and Prometheus' text are written from the same descriptions.</remarks>
/// <typeparam name="T">What counts.</typeparam>
/// <param name="Title">What tables call it.</param>
/// <param name="Name">What programs call it, in snake_case, without what belongs to a format.</param>
/// <param name="Help">A sentence for those who know only the name.</param>
/// <param name="Value">Reads it.</param>
public sealed record Metric<T>(string Title, string Name, string Help, Func<T, long> Value)
{
    /// <summary>Whether it is a state that rises and falls. What is none only grows while the process lives.</summary>
    public bool IsGauge { get; init; }

    /// <summary>What tells it from others of the same name; both empty where there are none.</summary>
    public (string Name, string Value) Label { get; init; } = ("", "");

    /// <summary>Its key where labels do not exist.</summary>
    public string Key => Label.Value.Length == 0 ? Name : $"{Name}_{Label.Value.Replace('-', '_')}";
}
