using Tailrace.Config;
using YamlDotNet.Core;

namespace Tailrace.Cli.Yaml;

/// <summary>Says in a user's words what the YAML parser says in those of its grammar.</summary>
internal static class YamlMistake
{
    /// <summary>The error for something that is no YAML.</summary>
    public static ConfigError Explain(string file, YamlException e, string text)
    {
        if (e.Message.Contains("tab", StringComparison.Ordinal) && FindTab(text) is var (line, column) && line > 0)
        {
            return new ConfigError(file, line, column, "not valid YAML: a line is indented with a tab; use spaces");
        }
        string message = e.Message switch
        {
            var m when m.Contains("quoted scalar", StringComparison.Ordinal) =>
                "the quoted text that begins here is not closed, or not indented enough",
            var m when m.Contains("invalid mapping", StringComparison.Ordinal) =>
                "no key can stand here; is the line indented too far, or does a space lack after a ':' above?",
            var m when m.Length > 0 => char.ToLowerInvariant(m[0]) + m[1..].TrimEnd('.'),
            _ => "it cannot be read from here on",
        };
        return new ConfigError(file, (int)e.Start.Line, (int)e.Start.Column, $"not valid YAML: {message}");
    }

    // The parser reports the block around a tab; the tab itself is what users look for.
    private static (int Line, int Column) FindTab(string text)
    {
        int number = 0;
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            number++;
            int tab = line.IndexOf('\t');
            if (tab >= 0 && line[..tab].Trim(' ').IsEmpty) return (number, tab + 1);
        }
        return (0, 0);
    }
}
