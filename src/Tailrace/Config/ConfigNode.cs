namespace Tailrace.Config;

/// <summary>What a node of a configuration file is.</summary>
public enum ConfigNodeKind
{
    /// <summary>A key without a value.</summary>
    Nothing,

    /// <summary>A single value, as text.</summary>
    Scalar,

    /// <summary>A list of values.</summary>
    List,

    /// <summary>Keys and values.</summary>
    Map,
}

/// <summary>
/// One node of a configuration file, with the place where it stands, whatever the syntax of the file is.
/// </summary>
/// <remarks>
/// The seam between a file format and <see cref="ConfigReader"/>: the library knows no YAML, and whoever has another
/// format builds this tree. Immutable. Duplicate keys are kept, because it is the reader that reports them.
/// </remarks>
public sealed class ConfigNode
{
    private ConfigNode(ConfigNodeKind kind, int line, int column) => (Kind, Line, Column) = (kind, line, column);

    /// <summary>What the node is.</summary>
    public ConfigNodeKind Kind { get; }

    /// <summary>The line where the node begins, from 1.</summary>
    public int Line { get; }

    /// <summary>The column where the node begins, from 1.</summary>
    public int Column { get; }

    /// <summary>The text of a scalar, without quotes; otherwise empty.</summary>
    public string Text { get; private init; } = "";

    /// <summary>The values of a list; otherwise empty.</summary>
    public IReadOnlyList<ConfigNode> Items { get; private init; } = [];

    /// <summary>The keys and values of a map, as they stand in the file; otherwise empty.</summary>
    public IReadOnlyList<ConfigEntry> Entries { get; private init; } = [];

    /// <summary>Makes the value of a key that has none.</summary>
    /// <param name="line">The line, from 1.</param>
    /// <param name="column">The column, from 1.</param>
    public static ConfigNode Nothing(int line, int column) => new(ConfigNodeKind.Nothing, line, column);

    /// <summary>Makes a single value.</summary>
    /// <param name="text">The text, without quotes.</param>
    /// <param name="line">The line, from 1.</param>
    /// <param name="column">The column, from 1.</param>
    public static ConfigNode Scalar(string text, int line, int column) =>
        new(ConfigNodeKind.Scalar, line, column) { Text = text };

    /// <summary>Makes a list.</summary>
    /// <param name="items">The values.</param>
    /// <param name="line">The line, from 1.</param>
    /// <param name="column">The column, from 1.</param>
    public static ConfigNode List(IReadOnlyList<ConfigNode> items, int line, int column) =>
        new(ConfigNodeKind.List, line, column) { Items = items };

    /// <summary>Makes a map.</summary>
    /// <param name="entries">The keys and values, duplicates included.</param>
    /// <param name="line">The line, from 1.</param>
    /// <param name="column">The column, from 1.</param>
    public static ConfigNode Map(IReadOnlyList<ConfigEntry> entries, int line, int column) =>
        new(ConfigNodeKind.Map, line, column) { Entries = entries };

    /// <summary>What the node is, for messages: <c>'text'</c>, <c>a list</c>, <c>keys</c> or <c>nothing</c>.</summary>
    public override string ToString() => Kind switch
    {
        ConfigNodeKind.Scalar => $"'{Text}'",
        ConfigNodeKind.List => "a list",
        ConfigNodeKind.Map => "keys and values",
        _ => "nothing",
    };
}

/// <summary>A key of a map and its value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Line">The line of the key, from 1.</param>
/// <param name="Column">The column of the key, from 1.</param>
/// <param name="Value">The value.</param>
public readonly record struct ConfigEntry(string Key, int Line, int Column, ConfigNode Value);
