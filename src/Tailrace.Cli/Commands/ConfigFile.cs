using System.CommandLine;
using Tailrace.Cli.Yaml;
using Tailrace.Config;
using Tailrace.Hosting;

namespace Tailrace.Cli.Commands;

/// <summary>Loads the configuration file of <c>run</c> and <c>check</c>.</summary>
internal static class ConfigFile
{
    /// <summary>The argument that names it. What looks like an option is one, mistyped.</summary>
    public static Argument<string> Argument()
    {
        var file = new Argument<string>("file") { Description = "The configuration, YAML or JSON." };
        file.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var word }] && UsageErrors.IsOption(word)) result.AddError(word);
        });
        return file;
    }

    /// <summary>
    /// Reads and validates a file, and looks at the files that it names; when that fails, writes all errors and returns
    /// null.
    /// </summary>
    public static TailraceOptions? Load(string file, TextWriter error)
    {
        if (!YamlLoader.TryLoadFile(file, out ConfigNode root, out ConfigError? failure))
        {
            error.WriteLine(failure);
            return null;
        }
        ConfigResult result = ConfigReader.Read(file, root, MachineAddresses.Has);
        IReadOnlyList<ConfigError> mistakes = result.Errors;
        // Files are looked at when it is known which they are.
        if (mistakes.Count == 0) mistakes = [.. FileChecks.Find(result.Options).Select(result.Locate)];
        foreach (ConfigError mistake in mistakes) error.WriteLine(mistake);
        return mistakes.Count == 0 ? result.Options : null;
    }
}
