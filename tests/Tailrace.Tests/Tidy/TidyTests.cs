namespace Tailrace.Tests.Tidy;

/// <summary>The rules of the house, each applied to the repository and each shown able to fail.</summary>
public sealed class TidyTests
{
    private static readonly SourceFile[] s_library = [.. Repository.Sources("src/Tailrace")];
    private static readonly SourceFile[] s_all = [.. Repository.Sources("src", "tests", "bench", "examples")];
    private static readonly string[] s_textFiles =
        [".cs", ".csproj", ".md", ".yaml", ".json", ".props", ".slnx", ".py", ".sh", ".c", ".h", ""];

    [Fact]
    public void There_is_something_to_read()
    {
        Assert.Contains(s_library, file => file.Path == "src/Tailrace/Memory/ByteSlice.cs");
        Assert.Contains(s_all, file => file.Path == "tests/Tailrace.Tests/Tidy/TidyTests.cs");
    }

    [Fact]
    public void Layers_import_only_what_they_may() => AssertNone(s_library.SelectMany(new LayerRules(s_library).Check));

    [Fact]
    public void Files_lines_and_methods_are_short() => AssertNone(s_all.SelectMany(ShapeRules.Check));

    [Fact]
    public void Banned_words_are_absent() => AssertNone(s_library.SelectMany(BanRules.Check));

    [Fact]
    public void No_static_state_can_change() => AssertNone(s_library.SelectMany(StateRules.Check));

    [Fact]
    public void Every_type_has_a_doc_comment() =>
        AssertNone(Repository.Sources("src", "examples").SelectMany(WordRules.CheckTypes));

    [Fact]
    public void Nothing_is_left_open_and_no_path_leads_elsewhere() => AssertNone(
        Repository.Files(Repository.Root)
            .Where(path => s_textFiles.Contains(Path.GetExtension(path)))
            .Select(path => new SourceFile(Repository.Relative(path), File.ReadAllText(path)))
            .SelectMany(WordRules.CheckText));

    [Fact]
    public void Documents_name_what_exists() => AssertNone(
        Repository.Files(Repository.Root)
            .Where(path => path.EndsWith(".md", StringComparison.Ordinal))
            .Select(path => new SourceFile(Repository.Relative(path), File.ReadAllText(path)))
            .SelectMany(new DocRules(Repository.Sources("src/Tailrace.Cli"), Repository.Exists).Check));

    [Theory]
    [InlineData("Http/H1/Parser.cs", "using Tailrace.Io;", "Http/H1 may not use Io")]
    [InlineData("Http/Method.cs", "var x = Io.Reactor.Index;", "Http may not use Io")]
    [InlineData("Io/Reactor.cs", "Backends.EpollLoop.Create();", "Io may not use Io/Backends")]
    [InlineData("Proxy/Route.cs", "global::Tailrace.Http.H1.Parser.Read();", "Proxy may not use Http/H1")]
    [InlineData("Sessions/Exchange.cs", "using static Tailrace.Hosting.Server;", "Sessions may not use Hosting")]
    [InlineData("Proxy/Route.cs", "using Tailrace.Tls;", "Proxy may not use Tls")]
    [InlineData("Memory/Pool.cs", "Tailrace.Native.Libc.mmap();", "Memory may not use Native")]
    [InlineData("Handlers/Files.cs", "using Tailrace.Filters;", "Handlers may not use Filters")]
    [InlineData("Io/Reactor.cs", "namespace Tailrace.Memory;", "namespace Tailrace.Memory in folder Io")]
    [InlineData("Config/Schema/Field.cs", "using Tailrace.Io;", "Config may not use Io")]
    [InlineData("Util/Bag.cs", "class Bag;", "'Util' is no layer")]
    public void A_forbidden_import_is_found(string path, string code, string finding) =>
        AssertOne(Layers().Check(Library(path, code)), finding);

    [Theory]
    [InlineData("Io/Loops.cs", "Backends.EpollLoop.Create();")]
    [InlineData("Io/Backends/EpollLoop.cs", "using Tailrace.Native; using Tailrace.Io;")]
    [InlineData("Proxy/TcpProxy.cs", "using Tailrace.Tls.Hello;")]
    [InlineData("Http/Method.cs", "// Io.Reactor and \n var x = options.Io.Reactor; var y = \"Tailrace.Io\";")]
    [InlineData("Sessions/H1Server.cs", "using Tailrace.Http.H1;")]
    [InlineData("Config/Schema/Field.cs", "namespace Tailrace.Config.Schema;\nusing Tailrace.Config;")]
    [InlineData("Config/Reader.cs", "using Tailrace.Config.Schema;")]
    public void An_allowed_import_is_not(string path, string code) => AssertNone(Layers().Check(Library(path, code)));

    [Theory]
    [InlineData("Io/A.cs", "var t = Task.Run(Work);", "Task.Run")]
    [InlineData("Http/A.cs", "await Task.Delay(5);", "Task.Delay")]
    [InlineData("Sessions/A.cs", "async void Go() { }", "async void")]
    [InlineData("Proxy/A.cs", "AsyncLocal<int> x;", "AsyncLocal")]
    [InlineData("Proxy/A.cs", "void Go(CancellationToken token) { }", "CancellationToken")]
    [InlineData("Io/A.cs", "lock (_gate) { }", "lock (")]
    [InlineData("Io/A.cs", "using System.Linq;", "System.Linq")]
    [InlineData("Io/A.cs", "var x = list.Where(y => y > 1);", ".Where(")]
    [InlineData("Sessions/A.cs", "var x = task.Result;", ".Result;")]
    [InlineData("Io/A.cs", "Thread.Sleep(1);", "Thread.Sleep")]
    [InlineData("Proxy/A.cs", "Console.WriteLine();", "Console.")]
    [InlineData("Http/A.cs", "unsafe struct A;", "unsafe")]
    [InlineData("Proxy/A.cs", "[LibraryImport(\"c\")] static partial int f();", "LibraryImport")]
    [InlineData("Io/A.cs", "if (OperatingSystem.IsLinux()) { }", "OperatingSystem.Is")]
    [InlineData("Io/A.cs", "#if DEBUG\n#endif", "#if")]
    [InlineData("Config/A.cs", "using System.Reflection;", "System.Reflection")]
    public void A_banned_word_is_found(string path, string code, string finding) =>
        AssertOne(BanRules.Check(Library(path, code)), finding);

    [Theory]
    [InlineData("Io/Loops.cs", "if (OperatingSystem.IsLinux()) { }")]
    [InlineData("Io/Backends/EpollLoop.cs", "unsafe class EpollLoop;")]
    [InlineData("Telemetry/Log.cs", "lock (_gate) Console.Error.Flush();")]
    [InlineData("Io/A.cs", "// no Task.Run here\nvar block = Block(1); x.ResultCode = 1;")]
    public void An_allowed_word_is_not(string path, string code) => AssertNone(BanRules.Check(Library(path, code)));

    [Theory]
    [InlineData("Io/A.cs", "private static int s_count;", "static mutable state: s_count")]
    [InlineData("Io/A.cs", "static volatile bool s_on = true;", "static mutable state: s_on")]
    [InlineData("Io/A.cs", "public static Dictionary<int, string> Names = new();", "static mutable state: Names")]
    [InlineData("Io/A.cs", "public static int Count { get; private set; }", "static mutable state: Count")]
    [InlineData("Http/A.cs", "[ThreadStatic]\n    private static A? t_free;", "[ThreadStatic] outside")]
    [InlineData("Http/A.cs", "static readonly List<int> s_seen = [];", "a static collection that can change")]
    public void Static_state_is_found(string path, string code, string finding) =>
        AssertOne(StateRules.Check(Library(path, code)), finding);

    [Theory]
    [InlineData("Io/LoopPromise.cs", "[ThreadStatic]\n    private static A? t_free;")]
    [InlineData("Io/A.cs", "private static readonly int[] s_table = [1];\n    public static int Two => 2;")]
    [InlineData("Io/A.cs", "public static int Twice(int x = 1) { var y = x; return y; }\n  public const int Max = 1;")]
    [InlineData("Io/A.cs", "using static System.Math;\npublic static class A { private int _x; }")]
    public void Other_static_members_are_not(string path, string code) =>
        AssertNone(StateRules.Check(Library(path, code)));

    [Fact]
    public void A_long_file_is_found()
    {
        AssertNone(ShapeRules.Check(Library("Io/A.cs", Lines(ShapeRules.FileLinesMax))));
        AssertOne(ShapeRules.Check(Library("Io/A.cs", Lines(ShapeRules.FileLinesMax + 1))), "601 lines");
    }

    [Fact]
    public void A_long_line_is_found()
    {
        AssertNone(ShapeRules.Check(Library("Io/A.cs", new string('x', ShapeRules.ColumnsMax))));
        AssertOne(ShapeRules.Check(Library("Io/A.cs", new string('x', ShapeRules.ColumnsMax + 1))), "121 columns");
        var test = new SourceFile("tests/A.cs", new string('x', ShapeRules.TestColumnsMax + 1));
        AssertOne(ShapeRules.Check(test), "161 columns");
    }

    [Theory]
    [InlineData("class A\n{\n    void Go(int x = 1)\n    {\n", "    }\n}\n")]
    [InlineData("record A(int B)\n{\n    int Go<T>() where T : class\n    {\n", "    }\n}\n")]
    [InlineData("class A\n{\n    int X\n    {\n", "    }\n}\n")]
    [InlineData("class A\n{\n    struct B\n    {\n        int X() => y switch\n        {\n", "        };\n    }\n}\n")]
    public void A_long_method_is_found(string before, string after)
    {
        AssertNone(ShapeRules.Check(Library("Io/A.cs", before + Lines(ShapeRules.MethodLinesMax - 2) + after)));
        var tooLong = Library("Io/A.cs", before + Lines(ShapeRules.MethodLinesMax - 1) + after);
        AssertOne(ShapeRules.Check(tooLong), "71 lines");
    }

    [Theory]
    [InlineData("class A\n{\n    static readonly X s_table = new()\n    {\n", "    };\n}\n")]
    [InlineData("class A\n{\n", "}\n")]
    public void A_long_table_or_type_is_not(string before, string after) =>
        AssertNone(ShapeRules.Check(Library("Io/A.cs", before + Lines(ShapeRules.MethodLinesMax) + after)));

    [Theory]
    [InlineData("public sealed class A;", 1)]
    [InlineData("/// <summary>A.</summary>\npublic sealed class A;", 0)]
    [InlineData("/// <summary>A.</summary>\n[Flags]\npublic enum A { }", 0)]
    [InlineData("/// <summary>A.</summary>\n#pragma warning disable CS1591\npublic enum A { }", 0)]
    [InlineData("// A.\ninternal readonly record struct A(int B);", 1)]
    [InlineData("/// <summary>A.</summary>\n\ninternal delegate void A();", 1)]
    public void A_type_without_doc_comment_is_found(string code, int findings) =>
        Assert.Equal(findings, WordRules.CheckTypes(Library("Io/A.cs", code)).Count());

    [Theory]
    [InlineData("x = 1; // TO", "DO: more")]
    [InlineData("throw new NotImplemented", "Exception();")]
    [InlineData("[Fact(Ski", "p = \"slow\")]")]
    [InlineData("see ../sha", "red/design")]
    [InlineData("in /wor", "k/main")]
    public void What_is_left_open_is_found(string one, string two) =>
        Assert.Single(WordRules.CheckText(Library("Io/A.cs", one + two)));

    [Theory]
    [InlineData("`tailrace prxy`", "tailrace has no 'prxy'")]
    [InlineData("```\ntailrace proxy --lissten :80\n```", "tailrace has no '--lissten'")]
    [InlineData("```\ndotnet run --project src/Tailrace.Cli -- dmeo\n```", "tailrace has no 'dmeo'")]
    [InlineData("see `docs/none.md`", "there is no docs/none.md")]
    [InlineData("see [this](none.md)", "the link leads nowhere: none.md")]
    public void A_document_that_errs_is_found(string text, string finding) =>
        AssertOne(Documents().Check(new SourceFile("docs/a.md", text)), finding);

    [Theory]
    [InlineData("`tailrace` and `tailrace proxy --listen :80` and `--whatever`, by the tailrace process")]
    [InlineData("```\ndotnet run -c Release --project src/Tailrace.Cli -- proxy --listen :80   # not --this\n```")]
    [InlineData("[this](a.md) and [that](https://example.com/none) and `docs/a.md` and `docs/NAME.md`")]
    public void A_document_that_does_not_is_not(string text) =>
        AssertNone(Documents().Check(new SourceFile("docs/a.md", text)));

    private static DocRules Documents() => new(
        [new SourceFile("src/Tailrace.Cli/A.cs", "new Command(\"proxy\"); new Option<string>(\"--listen\");")],
        path => path == "docs/a.md");

    private static SourceFile Library(string path, string code) => new(SourceFile.Library + path, code);

    private static LayerRules Layers() => new([
        Library("Io/Reactor.cs", ""), Library("Io/Backends/EpollLoop.cs", ""), Library("Http/Method.cs", "")]);

    private static string Lines(int count) => string.Concat(Enumerable.Repeat("x();\n", count));

    private static void AssertNone(IEnumerable<string> findings)
    {
        var all = string.Join('\n', findings);
        if (all.Length > 0) Assert.Fail(all);
    }

    private static void AssertOne(IEnumerable<string> findings, string expected) =>
        Assert.Contains(expected, Assert.Single(findings), StringComparison.Ordinal);
}
