using Tailrace.Cli.Yaml;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary>Loads the configuration file of <c>run</c> and <c>check</c>.</summary>
internal static class ConfigFile
{
    /// <summary>Reads and validates a file; when that fails, writes all errors and returns null.</summary>
    public static TailraceOptions? Load(string file, TextWriter error)
    {
        if (!YamlLoader.TryLoadFile(file, out ConfigNode root, out ConfigError? failure))
        {
            error.WriteLine(failure);
            return null;
        }
        ConfigResult result = ConfigReader.Read(file, root);
        foreach (ConfigError mistake in result.Errors) error.WriteLine(mistake);
        return result.Errors.Count == 0 ? result.Options : null;
    }
}
