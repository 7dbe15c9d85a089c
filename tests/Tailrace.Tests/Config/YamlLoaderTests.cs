using System.Text;
using Tailrace.Cli.Yaml;
using Tailrace.Config;

namespace Tailrace.Tests.Config;

public sealed class YamlLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tailrace").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Nodes_know_where_they_stand()
    {
        ConfigNode root = Yaml.Load("a: 1\nb:\n  - x\n  - c: [y]\n");
        Assert.Equal([("a", 1, 1), ("b", 2, 1)], root.Entries.Select(e => (e.Key, e.Line, e.Column)));
        ConfigNode list = root.Entries[1].Value;
        Assert.Equal((ConfigNodeKind.List, 3, 3), (list.Kind, list.Line, list.Column));
        Assert.Equal((4, 5), (list.Items[1].Line, list.Items[1].Column));
        ConfigNode inner = list.Items[1].Entries[0].Value.Items[0];
        Assert.Equal(("y", 4, 9), (inner.Text, inner.Line, inner.Column));
    }

    [Theory]
    [InlineData("a:", ConfigNodeKind.Nothing)]
    [InlineData("a: ~", ConfigNodeKind.Nothing)]
    [InlineData("a: null", ConfigNodeKind.Nothing)]
    [InlineData("a: ''", ConfigNodeKind.Scalar)]
    [InlineData("a: 'null'", ConfigNodeKind.Scalar)]
    [InlineData("a: |\n  text\n", ConfigNodeKind.Scalar)]
    [InlineData("a: []", ConfigNodeKind.List)]
    [InlineData("a: {}", ConfigNodeKind.Map)]
    public void Kinds_of_nodes(string yaml, ConfigNodeKind kind) =>
        Assert.Equal(kind, Yaml.Load(yaml).Entries.Single().Value.Kind);

    [Fact]
    public void Duplicate_keys_are_left_to_the_reader() =>
        Assert.Equal(["a", "a"], Yaml.Load("a: 1\na: 2\n").Entries.Select(e => e.Key));

    [Fact]
    public void Lines_may_end_as_they_do_on_windows() =>
        Assert.Equal(["1", "2"], Yaml.Load("a: 1\r\nb: 2\r\n").Entries.Select(e => e.Value.Text));

    [Fact]
    public void A_file_may_begin_with_a_byte_order_mark()
    {
        string file = Write("bom.yaml", [.. Encoding.UTF8.Preamble, .. "a: 1\n"u8]);
        Assert.True(YamlLoader.TryLoadFile(file, out ConfigNode root, out _));
        Assert.Equal("a", root.Entries.Single().Key);
        Assert.Equal(1, root.Entries.Single().Column);
    }

    [Fact]
    public void A_missing_file_is_an_error() =>
        AssertFails(Path.Combine(_folder, "none.yaml"), "no such file");

    [Fact]
    public void A_missing_directory_is_an_error() =>
        AssertFails(Path.Combine(_folder, "none", "x.yaml"), "no such file");

    [Fact]
    public void A_directory_is_an_error() => AssertFails(_folder, "a directory; name a file in it");

    [Fact]
    public void A_file_that_is_not_text_is_an_error() =>
        AssertFails(Write("latin1.yaml", [(byte)'a', (byte)':', (byte)' ', 0xe4]), "not UTF-8 text");

    [Fact]
    public void A_file_without_end_is_an_error() =>
        AssertFails(Write("large.yaml", new byte[17 * 1024 * 1024]), "too large for a configuration");

    [Fact]
    public void Broken_text_is_an_error_and_never_an_exception()
    {
        const string Whole = """
            listeners: [{address: "127.0.0.1:8080", timeouts: &t {head: 5s}}] # text
            routes:
              - match: {host: ['*.a.example', "b\u00e9"], path: /x}
                respond: {body: |-
                  no
                }
              - cluster: >
                  folded
            clusters: !!map {? app : {destinations: ["http://a"]}, "x": *t}
            """;
        const string Noise = "\t\n\r \"'[]{}:,-?!&*|>%@`#\\~\u00e9\u2028\0";
        var random = new Random(20250101);
        int errors = 0;
        for (int round = 0; round < 4000; round++)
        {
            var text = new StringBuilder(Whole[..(round % Whole.Length)]);
            for (int i = random.Next(4); i > 0 && text.Length > 0; i--)
            {
                text[random.Next(text.Length)] = Noise[random.Next(Noise.Length)];
            }
            bool ok = YamlLoader.TryLoad("t", text.ToString(), out ConfigNode root, out ConfigError? error);
            if (!ok) Assert.NotNull(error);
            if (!ok || ConfigReader.Read("t", root).Errors.Count > 0) errors++;
        }
        Assert.True(errors > 3500, $"{errors}");
    }

    private static void AssertFails(string file, string message)
    {
        Assert.False(YamlLoader.TryLoadFile(file, out _, out ConfigError? error));
        Assert.Equal($"{file}: {message}", error!.ToString());
    }

    private string Write(string name, byte[] content)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllBytes(file, content);
        return file;
    }
}
