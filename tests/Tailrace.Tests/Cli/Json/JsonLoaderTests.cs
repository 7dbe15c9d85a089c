using Tailrace.Cli.Json;
using Tailrace.Cli.Yaml;
using Tailrace.Config;

namespace Tailrace.Tests.Cli.Json;

/// <summary>Configurations in JSON: what is where, and what is said of what is none.</summary>
public sealed class JsonLoaderTests
{
    [Fact]
    public void Nodes_know_where_they_stand()
    {
        var root = Load("{\n  \"é\": 1, \"b\": [\n    \"x\", { \"c\": [true, null] } ]\n}");
        Assert.Equal([("é", 2, 3), ("b", 2, 11)], root.Entries.Select(e => (e.Key, e.Line, e.Column)));
        Assert.Equal("1", root.Entries[0].Value.Text);
        var list = root.Entries[1].Value;
        Assert.Equal((ConfigNodeKind.List, 2, 16), (list.Kind, list.Line, list.Column));
        Assert.Equal((ConfigNodeKind.Map, 3, 10), (list.Items[1].Kind, list.Items[1].Line, list.Items[1].Column));
        var inner = list.Items[1].Entries[0].Value.Items;
        Assert.Equal(("true", ConfigNodeKind.Nothing, 24), (inner[0].Text, inner[1].Kind, inner[1].Column));
    }

    [Fact]
    public void Comments_are_passed_over_and_keys_kept_that_are_there_twice() =>
        Assert.Equal(["a", "a"], Load("// why\n{\"a\": 1, /* and */ \"a\": 2}").Entries.Select(e => e.Key));

    [Theory]
    [InlineData("{\"a\": [1] \"b\": 2}", 11, "this cannot stand here; does a comma, a colon or a quote lack before it?")]
    [InlineData("{\"a\" 1}", 6, "this cannot stand here; does a comma, a colon or a quote lack before it?")]
    [InlineData("{\"a\": 1,}", 9, "it cannot end here; is there a comma too many before, or was something else opened?")]
    [InlineData("{\"a\": [1}", 9, "it cannot end here; is there a comma too many before, or was something else opened?")]
    [InlineData("{'a': 1}", 2, "text stands between double quotes")]
    [InlineData("{\"a\": \"\\ud800\"}", 7, "\\u has half a character; the other half lacks")]
    [InlineData("{\"\\udc00\": 1}", 2, "\\u has half a character; the other half lacks")]
    [InlineData("{\"a\": [1", 9, "something that was opened is not closed")]
    [InlineData("{\"é\": \"1}", 10, "something that was opened is not closed")]
    public void What_is_none_is_told_with_its_place(string text, int column, string message)
    {
        Assert.False(YamlLoader.TryLoad("t.json", text, out _, out var error));
        Assert.Equal(new ConfigError("t.json", 1, column, $"not valid JSON: {message}"), error);
    }

    [Fact]
    public void Depth_is_bounded()
    {
        Assert.False(JsonLoader.TryLoad("t.json", new string('[', 100), out _, out var error));
        Assert.Equal("not valid JSON: more than 32 levels inside each other", error!.Message);
    }

    [Fact]
    public void An_empty_file_is_nothing() => Assert.Equal(ConfigNodeKind.Nothing, Load(" \n").Kind);

    [Fact]
    public void Cut_anywhere_it_is_an_error_and_never_an_exception()
    {
        const string whole = "{\"listeners\": [{\"address\": \"127.0.0.1:1\"}], \"é\": [null, -1.5e3, true]}";
        Load(whole);
        for (var length = 1; length < whole.Length; length++)
            Assert.False(JsonLoader.TryLoad("t.json", whole[..length], out _, out var error), whole[..length]);
    }

    private static ConfigNode Load(string text)
    {
        Assert.True(JsonLoader.TryLoad("t.json", text, out var root, out var error), $"{error}");
        return root;
    }
}
