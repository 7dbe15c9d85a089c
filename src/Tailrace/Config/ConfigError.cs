using System.Globalization;

namespace Tailrace.Config;

/// <summary>Something in a configuration file that must be changed before it can be used.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">The line, from 1; 0: it is about the file as such.</param>
/// <param name="Column">The column, from 1.</param>
/// <param name="Message">What is wrong, what was expected, and if possible what was meant.</param>
public sealed record ConfigError(string File, int Line, int Column, string Message)
{
    /// <summary>
    /// <c>file:line:column: message</c>, the form that editors and terminals make a link of; <c>file: message</c> where
    /// it is about the file as such.
    /// </summary>
    public override string ToString() => Line == 0
        ? $"{File}: {Message}"
        : string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}: {Message}");
}

/// <summary>
/// Something in options that must be changed before they can be used, whether or not they came from a file.
/// </summary>
/// <param name="Path">Where: <c>listeners[0].timeouts.head</c>.</param>
/// <param name="Message">What is wrong, what was expected, and if possible what was meant.</param>
public sealed record ConfigProblem(string Path, string Message)
{
    /// <summary><c>path: message</c>.</summary>
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}

/// <summary>What became of a configuration file.</summary>
/// <param name="Options">The options; fit to be used only when there are no errors.</param>
/// <param name="Errors">Everything that is wrong, in the order of the file.</param>
public sealed record ConfigResult(TailraceOptions Options, IReadOnlyList<ConfigError> Errors)
{
    internal Func<ConfigProblem, ConfigError>? Locator { get; init; }

    /// <summary>A problem that was found later, with the place in the file that it is about.</summary>
    /// <param name="problem">The problem.</param>
    public ConfigError Locate(ConfigProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return Locator?.Invoke(problem) ?? new ConfigError("", 0, 0, problem.ToString());
    }
}
