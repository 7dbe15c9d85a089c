using Tailrace.Cli.Yaml;
using Tailrace.Config;

namespace Tailrace.Tests.Config;

/// <summary>Reads configurations from text as the command does.</summary>
internal static class Yaml
{
    public static ConfigNode Load(string text)
    {
        bool loaded = YamlLoader.TryLoad("test.yaml", text, out ConfigNode root, out ConfigError? error);
        Assert.True(loaded, $"{error}");
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
