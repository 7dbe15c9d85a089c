using System.Text.Json;

namespace Tailrace.Config.Schema;

/// <summary>
/// One key of a section: its one description, which the reader, the checks, the JSON Schema and the reference use.
/// </summary>
internal abstract class Field(string key, string about, bool required)
{
    /// <summary>The key as it is written in a file.</summary>
    public string Key { get; } = key;

    /// <summary>What it is for, in sentences for users.</summary>
    public string About { get; } = about;

    /// <summary>Whether it must be given.</summary>
    public bool Required { get; } = required;

    /// <summary>What may stand there.</summary>
    public abstract Kind Kind { get; }

    /// <summary>The default in the notation of the file; empty when there is none, or none that is short.</summary>
    public abstract string DefaultText { get; }

    /// <summary>Writes the key and its description into the <c>properties</c> of a JSON Schema.</summary>
    public abstract void WriteSchema(Utf8JsonWriter json);
}

/// <summary>One key of a section of known type.</summary>
/// <typeparam name="TOptions">The record that the section becomes.</typeparam>
internal abstract class Field<TOptions>(string key, string about, bool required) : Field(key, about, required)
{
    /// <summary>Reads the value of the key into a copy of the options.</summary>
    public abstract TOptions Read(ConfigNode node, TOptions options, string path, ReadState state);

    /// <summary>Checks the value of the key in the options.</summary>
    public abstract void Check(TOptions options, string path, string section, ProblemList problems);
}

/// <summary>
/// One key of a section and its way into the options and out again; written by hand instead of reflection.
/// </summary>
/// <typeparam name="TOptions">The record that the section becomes; a new one holds the defaults.</typeparam>
/// <typeparam name="TValue">The type of the value.</typeparam>
internal sealed class Field<TOptions, TValue>(
    string key,
    string about,
    Kind<TValue> kind,
    Func<TOptions, TValue> get,
    Func<TOptions, TValue, TOptions> set,
    bool required = false) : Field<TOptions>(key, about, required)
    where TOptions : new()
{
    public override Kind Kind => kind;

    public override string DefaultText => Required ? "" : kind.Format(get(new TOptions()));

    public override TOptions Read(ConfigNode node, TOptions options, string path, ReadState state)
    {
        path = ConfigPath.Of(path, Key);
        state.Place(path, node);
        return set(options, kind.Read(node, get(options), path, state));
    }

    public override void Check(TOptions options, string path, string section, ProblemList problems)
    {
        path = ConfigPath.Of(path, Key);
        TValue value = get(options);
        bool missing = Required && kind.IsMissing(value);
        if (missing) problems.Add(path, $"every {section} needs it; expected {kind.Expected}");
        else kind.Check(value, path, problems);
    }

    public override void WriteSchema(Utf8JsonWriter json)
    {
        json.WriteStartObject(Key);
        json.WriteString("description", About);
        kind.WriteSchema(json);
        if (!Required) kind.WriteDefault(json, get(new TOptions()));
        json.WriteEndObject();
    }
}
