using System.Text.RegularExpressions;
using Tailrace.Tests.Config;

namespace Tailrace.Tests.Tidy;

/// <summary>What the documents say of the code is so: types, layers, steps, examples, commands.</summary>
/// <remarks>Links, paths and the words of the command are for <see cref="DocRules"/>.</remarks>
public sealed partial class DocsTests
{
    private static readonly string[] s_ofTheCode =
        ["ARCHITECTURE.md", "docs/life-of-a-request.md", "docs/internals.md", "docs/programming.md"];

    private static readonly ILookup<string, SourceFile> s_types = Repository.Sources("src", "tests")
        .SelectMany(file => Declaration().Matches(file.Code).Select(match => (Name: match.Groups[1].Value, File: file)))
        .ToLookup(type => type.Name, type => type.File);

    private static readonly Type[] s_framework =
        [.. typeof(object).Assembly.GetExportedTypes(), .. typeof(Console).Assembly.GetExportedTypes()];

    [Fact]
    public void Types_that_are_named_exist() =>
        Assert.Empty(s_ofTheCode.SelectMany(path => UnknownTypes(Read(path)).Select(name => $"{path}: {name}")));

    [Theory]
    [InlineData("`Nonesuch`", "Nonesuch")]
    [InlineData("`EventLoop.Nonesuch`", "EventLoop.Nonesuch")]
    [InlineData("`Io` has `EventLoop` and `EventLoop.Turn`; `Task` and `Task.Delay` are .NET's; `Http/H1`", null)]
    public void A_type_that_does_not_is_found(string text, string? finding) =>
        Assert.Equal(finding is null ? [] : [finding], UnknownTypes(text));

    [Fact]
    public void The_table_of_layers_is_the_rule()
    {
        var layers = Rows("ARCHITECTURE.md", "## Who may import whom");
        Assert.Contains("Io/Backends", layers.Keys);
        foreach (var folder in Repository.Files(Path.Combine(Repository.Root, "src/Tailrace"))
            .Select(path => new SourceFile(Repository.Relative(path), "").Folder).Distinct())
        {
            Assert.True(folder.Length == 0 || layers.Keys.Any(layer => $"{folder}/".StartsWith($"{layer}/")), folder);
        }
        foreach (var (from, row) in layers)
        {
            foreach (var to in layers.Keys.Where(to => to != from && !from.StartsWith($"{to}/")))
            {
                // "`A`, `B`", or "everything but `C`".
                var said = row.Contains("everything") != row.Contains($"`{to}`");
                Assert.True(said == MayUse(from, to), $"{from} may use {to}: {said} in the document");
            }
        }
    }

    [Theory]
    [InlineData("H1Server.RunAsync", "src/Tailrace/Sessions/H1Server.cs")]
    [InlineData("ForwardHandler.ForwardAsync", "src/Tailrace/Proxy/ForwardHandler.cs")]
    [InlineData("FetchClient.SendAsync", "src/Tailrace/Proxy/FetchClient.cs")]
    public void The_story_has_the_steps_of_the_code(string method, string path)
    {
        var sections = Read("docs/life-of-a-request.md").Split("\n## ");
        var section = sections.Single(text => Span().Match(text).Value == $"`{method}`");
        var told = Step().Matches(section).Select(match => match.Groups[1].Value).ToArray();
        var steps = StepComment().Matches(Read(path)).Select(match => match.Groups[1].Value).ToArray();
        Assert.NotEmpty(steps);
        Assert.Equal(steps.Length, told.Length);
        Assert.All(steps.Zip(told), pair => Assert.StartsWith(pair.Second, pair.First));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/programming.md")]
    public void Code_that_is_shown_is_code_that_runs(string path)
    {
        var examples = Repository.Sources("examples").Select(file => Meant(file.Text)).ToArray();
        var shown = Blocks(Read(path), "csharp");
        Assert.NotEmpty(shown);
        Assert.All(shown, block => Assert.True(examples.Any(example => IsExcerpt(Meant(block), example)), block));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/configuration.md")]
    public void Configurations_that_are_shown_are_valid(string path)
    {
        var shown = Blocks(Read(path), "yaml");
        Assert.NotEmpty(shown);
        Assert.All(shown, block => Assert.Empty(Yaml.Read(block).Errors));
    }

    [Fact]
    public void The_commands_of_the_first_page_are_those_that_are_tested()
    {
        var tested = string.Join('\n', Repository.Files(Path.Combine(Repository.Root, ".ci"))
            .Concat(Repository.Files(Path.Combine(Repository.Root, "tests/peers"))).Select(File.ReadAllText));
        var commands = Blocks(Read("README.md"), "").SelectMany(block => block.Split('\n')).Select(Command)
            .Where(command => command.Length > 0).ToArray();
        Assert.Contains("dotnet test -c Release", commands);
        Assert.All(commands, command => Assert.Contains(command, tested));
    }

    /// <summary>A line of a shell block as CI has it: with a binary for "dotnet run", with its own folders.</summary>
    private static string Command(string line)
    {
        var command = line.Split('#')[0].TrimEnd();
        if (DemoRun().Match(command) is { Success: true } run) return $"\"$binary\" {run.Groups[1].Value}";
        if (command.StartsWith("tailrace ")) return command.Split(' ')[1];
        if (command.StartsWith("curl ")) return $" {new Uri(command.Split(' ')[1]).AbsolutePath}";
        return OwnFolder().Replace(command, "");
    }

    private static IEnumerable<string> UnknownTypes(string text) =>
        from Match span in Span().Matches(Block().Replace(text, ""))
        let name = span.Value.Trim('`')
        where TypeName().IsMatch(name) && !Repository.Exists($"src/Tailrace/{name}") && !IsKnown(name.Split('.'))
        select name;

    private static bool IsKnown(string[] name)
    {
        if (name.Length == 1 && s_types.Contains(name[0])) return true;
        if (s_types[name[0]].Any(file => Regex.IsMatch(file.Code, $@"\b{name[^1]}\b"))) return true;
        return s_framework.Any(type => type.Name.Split('`')[0] == name[0]
            && (name.Length == 1 || type.GetMember(name[1]).Length > 0));
    }

    private static bool MayUse(string from, string to)
    {
        var file = new SourceFile($"{SourceFile.Library}{from}/A.cs", $"using Tailrace.{to.Replace('/', '.')};");
        return !new LayerRules([]).Check(file).Any();
    }

    private static Dictionary<string, string> Rows(string path, string heading) =>
        Row().Matches(Read(path).Split(heading)[1].Split("\n## ")[0])
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

    private static string[] Blocks(string text, string language) =>
    [
        .. from Match block in Block().Matches(text)
           where block.Groups[1].Value == language
           select block.Groups[2].Value,
    ];

    /// <summary>Lines without indentation, and without those that say nothing to the compiler.</summary>
    private static string[] Meant(string code) =>
        [.. code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && !line.StartsWith("//"))];

    private static bool IsExcerpt(string[] lines, string[] whole)
    {
        var next = 0;
        foreach (var line in whole)
        {
            if (next < lines.Length && lines[next] == line) next++;
        }
        return next == lines.Length;
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Repository.Root, path));

    [GeneratedRegex(@"^[A-Z]\w*(\.[A-Z]\w*)?$")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"\b(?:record struct|class|struct|record|interface|enum|delegate [\w<>]+) (\w+)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\| `([\w/]+)` \| (.*) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`[^`]+`")]
    private static partial Regex Span();

    [GeneratedRegex(@"^### (\d+\. .*)$", RegexOptions.Multiline)]
    private static partial Regex Step();

    [GeneratedRegex(@"// (\d+\. .*)")]
    private static partial Regex StepComment();

    [GeneratedRegex(@"^```(\w*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^dotnet run .*Tailrace\.Cli -- (\w+)$")]
    private static partial Regex DemoRun();

    [GeneratedRegex(@"(( -r \S+)? -o out| --install)$")]
    private static partial Regex OwnFolder();
}
