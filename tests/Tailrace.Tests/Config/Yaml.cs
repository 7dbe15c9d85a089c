using Tailrace.Cli.Yaml;
using Tailrace.Config;

namespace Tailrace.Tests.Config;

/// <summary>Reads configurations from text as the command does.</summary>
internal static class Yaml
{
    public static ConfigNode Load(string text)
    {
        Assert.True(YamlLoader.TryLoad("test.yaml", text, out ConfigNode root, out ConfigError? error), error?.ToString());
        return root;
    }

    public static ConfigResult Read(string text) => ConfigReader.Read("test.yaml", Load(text));

    public static TailraceOptions Options(string text)
    {
        ConfigResult result = Read(text);
        Assert.Empty(result.Errors);
        return result.Options;
    }
}
