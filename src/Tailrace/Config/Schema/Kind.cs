using System.Text.Json;

namespace Tailrace.Config.Schema;

/// <summary>What may stand in one place of a configuration, as the documentation and the JSON Schema see it.</summary>
internal abstract class Kind
{
    /// <summary>What may stand here, completing "expected ...".</summary>
    public abstract string Expected { get; }

    /// <summary>What may stand here, for the reference: Markdown, with a link to the section if there is one.</summary>
    public virtual string Reference => Expected;

    /// <summary>The section whose keys lie under this place; null where there are none.</summary>
    public virtual SectionInfo? Section => null;

    /// <summary>Writes the members of the JSON Schema object that describes this kind.</summary>
    public abstract void WriteSchema(Utf8JsonWriter json);
}

/// <summary>What may stand in one place of a configuration: how it is read, checked and shown.</summary>
/// <remarks>
/// Reading turns text into a value and complains about what is no such value at all; checking complains about values
/// that are out of range. They are separate because options that were built in C# are checked by the same rules and
/// never read.
/// </remarks>
/// <typeparam name="T">The type of the value in the options.</typeparam>
internal abstract class Kind<T> : Kind
{
    /// <summary>
    /// Reads a node; reports what is wrong with it to the state and returns <paramref name="fallback"/> then.
    /// </summary>
    public abstract T Read(ConfigNode node, T fallback, string path, ReadState state);

    /// <summary>Reports what is wrong with a value, wherever it came from.</summary>
    public abstract void Check(T value, string path, ProblemList problems);

    /// <summary>Whether the value stands for "not given", which a required key must not be.</summary>
    public abstract bool IsMissing(T value);

    /// <summary>The value in the notation of the file; empty where it has no short one.</summary>
    public abstract string Format(T value);

    /// <summary>Writes a value as the <c>default</c> of a JSON Schema, when it has a short notation.</summary>
    public abstract void WriteDefault(Utf8JsonWriter json, T value);
}

/// <summary>A kind whose values are single words or numbers.</summary>
/// <typeparam name="T">The type of the value in the options.</typeparam>
internal abstract class ScalarKind<T> : Kind<T>
{
    /// <summary>Reads the text of a scalar.</summary>
    public abstract bool TryParse(string text, out T value);

    /// <summary>What is wrong with a value; null when nothing is.</summary>
    public virtual string? Fault(T value) => null;

    /// <summary>A word that was probably meant, as the end of a message; empty when none was.</summary>
    protected virtual string Hint(string text) => "";

    /// <inheritdoc/>
    public override T Read(ConfigNode node, T fallback, string path, ReadState state)
    {
        if (node.Kind == ConfigNodeKind.Scalar && TryParse(node.Text, out T value)) return value;
        string hint = node.Kind == ConfigNodeKind.Scalar ? Hint(node.Text) : "";
        state.Fail(path, node, $"expected {Expected}; found {node}{hint}");
        return fallback;
    }

    /// <inheritdoc/>
    public override void Check(T value, string path, ProblemList problems)
    {
        if (!IsMissing(value) && Fault(value) is { } fault) problems.Add(path, fault);
    }

    /// <inheritdoc/>
    public override bool IsMissing(T value) => false;

    /// <inheritdoc/>
    public override void WriteDefault(Utf8JsonWriter json, T value) => json.WriteString("default", Format(value));
}
