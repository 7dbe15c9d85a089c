using System.Text.Json;
using System.Xml.Linq;
using Tailrace.Config;
using Tailrace.Config.Schema;

namespace Tailrace.Tests.Config;

/// <summary>The schema, the example, the reference and the doc comments say what the table of keys says.</summary>
public sealed class ShippedFilesTests
{
    private const string ReferenceMark = "<!-- printed by \"tailrace schema --markdown\"; a test compares it -->\n";

    [Fact]
    public void The_schema_is_what_the_command_prints() =>
        Assert.Equal(ConfigReader.JsonSchema(), TestFiles.Read("tailrace.schema.json"));

    [Fact]
    public void The_schema_defines_what_it_refers_to()
    {
        using JsonDocument schema = JsonDocument.Parse(ConfigReader.JsonSchema());
        JsonElement definitions = schema.RootElement.GetProperty("$defs");
        int references = 0;
        foreach (string text in Strings(schema.RootElement, "$ref"))
        {
            Assert.StartsWith("#/$defs/", text);
            Assert.True(definitions.TryGetProperty(text["#/$defs/".Length..], out _), text);
            references++;
        }
        Assert.True(references >= definitions.EnumerateObject().Count());
    }

    [Fact]
    public void The_reference_is_what_the_command_prints()
    {
        string document = TestFiles.Read("docs", "configuration.md");
        int at = document.IndexOf(ReferenceMark, StringComparison.Ordinal);
        Assert.True(at >= 0, "the mark is gone");
        Assert.Equal(ConfigReader.MarkdownReference(), document[(at + ReferenceMark.Length)..]);
    }

    [Fact]
    public void The_smallest_configuration_of_the_documentation_is_valid()
    {
        string document = TestFiles.Read("docs", "configuration.md");
        string yaml = document.Split("```yaml\n")[1].Split("```")[0];
        Assert.Empty(Yaml.Read(yaml).Errors);
    }

    [Fact]
    public void The_example_is_valid() => Assert.Empty(Yaml.Read(TestFiles.Read("tailrace.example.yaml")).Errors);

    [Fact]
    public void The_example_has_every_key_with_its_default()
    {
        string[] lines = TestFiles.Read("tailrace.example.yaml").Split('\n');
        var seen = new HashSet<(string Section, string Key)>();
        Visit(Yaml.Load(string.Join('\n', lines)), ConfigSchema.Root.Section, lines, seen);

        IEnumerable<string> missing = ConfigSchema.Sections
            .SelectMany(s => s.Fields.Select(f => (Section: s.Name, f.Key)))
            .Where(key => !seen.Contains(key))
            .Select(key => $"{key.Section}: {key.Key}");
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_doc_comment_names_the_default_of_its_key()
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Tailrace.xml");
        Dictionary<string, string> summaries = XDocument.Load(file).Descendants("member")
            .ToDictionary(m => m.Attribute("name")!.Value, m => m.Element("summary")?.ToString() ?? "");

        int compared = 0;
        foreach (SectionInfo section in ConfigSchema.Sections)
        {
            foreach (Field field in section.Fields)
            {
                if (field.Kind.Section is not null) continue;
                string property = string.Concat(field.Key.Split('_').Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
                string summary = summaries[$"P:{section.OptionsType.FullName}.{property}"];
                string expected = field.Required ? "Required." : $"Default: <c>{field.DefaultText}</c>.";
                Assert.True(summary.Contains(expected), $"{section.Name}: {field.Key} lacks '{expected}'");
                compared++;
            }
        }
        Assert.True(compared > 40, "the table is gone");
    }

    // Walks the example along the schema; a value must be the default unless its line calls itself an example.
    private static void Visit(ConfigNode node, SectionInfo section, string[] lines, HashSet<(string, string)> seen)
    {
        foreach (ConfigEntry entry in node.Entries)
        {
            Field? field = section.Fields.SingleOrDefault(f => f.Key == entry.Key);
            if (field is null)
            {
                // A name that users choose: its keys are those of the section.
                Visit(entry.Value, section, lines, seen);
                continue;
            }
            seen.Add((section.Name, field.Key));
            if (field.Kind.Section is { } inner)
            {
                Visit(entry.Value, inner, lines, seen);
                foreach (ConfigNode item in entry.Value.Items) Visit(item, inner, lines, seen);
                continue;
            }
            string line = lines[entry.Line - 1];
            bool isExample = line.Contains("example;") || line.TrimEnd().EndsWith("# example");
            string text = entry.Value.Kind == ConfigNodeKind.List
                ? $"[{string.Join(", ", entry.Value.Items.Select(item => item.Text))}]"
                : entry.Value.Text.Length == 0 ? "\"\"" : entry.Value.Text;
            if (isExample || field.Key == "cluster") continue;
            Assert.Equal($"{field.Key}: {field.DefaultText}", $"{field.Key}: {text}");
        }
    }

    private static IEnumerable<string> Strings(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => Strings(item, name)),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property =>
            property.Name == name && property.Value.ValueKind == JsonValueKind.String
                ? [property.Value.GetString()!]
                : Strings(property.Value, name)),
        _ => [],
    };
}
