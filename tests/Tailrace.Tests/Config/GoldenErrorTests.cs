using Tailrace.Cli.Yaml;
using Tailrace.Config;

namespace Tailrace.Tests.Config;

/// <summary>Real mistakes, <c>Golden/NAME.yaml</c>, and what users are told: <c>Golden/NAME.expected</c>.</summary>
public sealed class GoldenErrorTests
{
    public static TheoryData<string> Cases()
    {
        var cases = new TheoryData<string>();
        foreach (string file in Directory.EnumerateFiles(TestFiles.Golden, "*.yaml"))
        {
            cases.Add(Path.GetFileNameWithoutExtension(file));
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Says_what_is_wrong_and_where(string name)
    {
        string yaml = File.ReadAllText(Path.Combine(TestFiles.Golden, $"{name}.yaml"));
        string expected = File.ReadAllText(Path.Combine(TestFiles.Golden, $"{name}.expected"));

        var lines = new List<string>();
        bool loaded = YamlLoader.TryLoad($"{name}.yaml", yaml, out ConfigNode root, out ConfigError? error);
        if (!loaded) lines.Add($"{error}");
        else lines.AddRange(ConfigReader.Read($"{name}.yaml", root).Errors.Select(e => e.ToString()));

        Assert.Equal(expected, string.Concat(lines.Select(line => $"{line}\n")));
        Assert.NotEmpty(lines);
    }

    [Fact]
    public void Every_mistake_has_its_expectation_and_the_other_way_round()
    {
        IEnumerable<string> mistakes = Names("*.yaml");
        Assert.Equal(mistakes, Names("*.expected"));
        Assert.True(mistakes.Count() >= 60, "the golden files are gone");
    }

    private static IEnumerable<string> Names(string pattern) => Directory.EnumerateFiles(TestFiles.Golden, pattern)
        .Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal);
}
