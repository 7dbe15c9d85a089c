using System.Runtime.InteropServices;
using System.Text;
using Tailrace.Cli.Json;
using Tailrace.Config;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Tailrace.Cli.Yaml;

/// <summary>
/// Turns YAML text into the neutral tree that <see cref="ConfigReader"/> reads. JSON is a subset of YAML, and files
/// that are called so are read by <see cref="JsonLoader"/>.
/// </summary>
/// <remarks>
/// Works on the parser's events: there is no object deserialiser, so nothing is created by name and nothing is lost to
/// trimming. Everything is bounded: depth, and nodes with aliases counted as often as they are used, so that a few
/// lines cannot expand without end.
/// </remarks>
internal sealed class YamlLoader
{
    private const int DepthMax = 32;
    private const int NodesMax = 200_000;
    private const int TextLengthMax = 16 * 1024 * 1024;

    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    private readonly string _file;
    private readonly IParser _parser;
    private readonly Dictionary<AnchorName, (ConfigNode Node, int Size)> _anchors = [];
    private int _nodes;

    private YamlLoader(string file, TextReader text)
    {
        _file = file;
        _parser = new Parser(new Scanner(text, skipComments: true));
    }

    /// <summary>Reads a file; false with one error when that cannot be done.</summary>
    public static bool TryLoadFile(string file, out ConfigNode root, out ConfigError? error)
    {
        root = ConfigNode.Nothing(1, 1);
        error = null;
        try
        {
            return TryLoad(file, ReadText(file), out root, out error);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            error = new ConfigError(file, 0, 0, Explain(file, e));
            return false;
        }
    }

    /// <summary>Reads a text; false with one error when it is no YAML, or no JSON where the file says so.</summary>
    public static bool TryLoad(string file, string text, out ConfigNode root, out ConfigError? error)
    {
        if (file.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            return JsonLoader.TryLoad(file, text, out root, out error);
        root = ConfigNode.Nothing(1, 1);
        error = null;
        try
        {
            root = new YamlLoader(file, new StringReader(text)).LoadDocument();
            return true;
        }
        catch (YamlException e)
        {
            error = YamlMistake.Explain(file, e, text);
        }
        catch (ConfigException e)
        {
            error = e.Error;
        }
        return false;
    }

    // Not File.ReadAllText: a device or a pipe need not end.
    private static string ReadText(string file)
    {
        using var reader = new StreamReader(file, s_utf8);
        var text = new StringBuilder();
        var chunk = new char[8192];
        int count;
        while ((count = reader.Read(chunk)) > 0)
        {
            text.Append(chunk, 0, count);
            if (text.Length > TextLengthMax) throw new FileTooLargeException();
        }
        return text.ToString();
    }

    private static string Explain(string file, Exception e) => e switch
    {
        _ when Directory.Exists(file) => "a directory; name a file in it",
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "this user may not read it",
        DecoderFallbackException => "not UTF-8 text",
        FileTooLargeException => "too large for a configuration",
        // The system's words, since the framework's own messages are left out of small builds.
        _ => $"cannot be read: {Marshal.GetPInvokeErrorMessage(e.HResult)}",
    };

    private ParsingEvent Current => _parser.Current ?? throw new InvalidOperationException("read past the last event");

    private ConfigNode LoadDocument()
    {
        Next(); // to the start of the stream
        Next();
        if (Current is StreamEnd) return ConfigNode.Nothing(1, 1);
        Next();
        ConfigNode root = LoadNode(0);
        Next();
        if (Current is StreamEnd) return root;
        throw Error(Current.Start, "a second document begins here; a configuration is one document");
    }

    // Loads the node that the current event begins, and leaves the event after it current.
    private ConfigNode LoadNode(int depth)
    {
        if (depth > DepthMax) throw Error(Current.Start, $"more than {DepthMax} levels inside each other");
        if (Current is AnchorAlias alias) return LoadAlias(alias);

        int before = _nodes;
        Count(1, Current.Start);
        var node = (NodeEvent)Current;
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
        {
            throw Error(node.Start, $"tags ('{node.Tag}') are not supported; write the plain value");
        }
        ConfigNode loaded = node switch
        {
            MappingStart => LoadMap(node, depth),
            SequenceStart => LoadList(node, depth),
            _ => LoadScalar((Scalar)node),
        };
        if (!node.Anchor.IsEmpty) _anchors[node.Anchor] = (loaded, _nodes - before);
        return loaded;
    }

    // The node is shared, not copied; only its use is counted. An anchor is known once its node is complete, so none
    // can contain itself.
    private ConfigNode LoadAlias(AnchorAlias alias)
    {
        if (!_anchors.TryGetValue(alias.Value, out (ConfigNode Node, int Size) anchor))
        {
            throw Error(alias.Start, $"there is no anchor '&{alias.Value}' before this line");
        }
        Count(anchor.Size, alias.Start);
        Next();
        return anchor.Node;
    }

    private ConfigNode LoadMap(NodeEvent start, int depth)
    {
        var entries = new List<ConfigEntry>();
        for (Next(); Current is not MappingEnd;)
        {
            if (Current is not Scalar key)
            {
                throw Error(Current.Start, "a key is a single word, not a list, a map or an alias");
            }
            if (key is { Value: "<<", Style: ScalarStyle.Plain })
            {
                throw Error(key.Start, "merge keys ('<<') are not supported; an alias stands for a whole value");
            }
            Count(1, key.Start);
            Next();
            entries.Add(new ConfigEntry(key.Value, Line(key), Column(key), LoadNode(depth + 1)));
        }
        Next();
        return ConfigNode.Map(entries, Line(start), Column(start));
    }

    private ConfigNode LoadList(NodeEvent start, int depth)
    {
        var items = new List<ConfigNode>();
        for (Next(); Current is not SequenceEnd;) items.Add(LoadNode(depth + 1));
        Next();
        return ConfigNode.List(items, Line(start), Column(start));
    }

    private ConfigNode LoadScalar(Scalar scalar)
    {
        Next();
        bool nothing = scalar is { Style: ScalarStyle.Plain, Value: "" or "~" or "null" or "Null" or "NULL" };
        return nothing
            ? ConfigNode.Nothing(Line(scalar), Column(scalar))
            : ConfigNode.Scalar(scalar.Value, Line(scalar), Column(scalar));
    }

    // On some broken input the parser trips over itself instead of throwing its own exception.
    private void Next()
    {
        Mark at = _parser.Current?.End ?? new Mark();
        try
        {
            _parser.MoveNext();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            throw Error(at, "not valid YAML from here on; a quote or a bracket may not be closed");
        }
    }

    private void Count(int nodes, Mark at)
    {
        _nodes += nodes;
        if (_nodes > NodesMax) throw Error(at, $"more than {NodesMax} values, counting what aliases repeat");
    }

    private static int Line(ParsingEvent at) => (int)at.Start.Line;

    private static int Column(ParsingEvent at) => (int)at.Start.Column;

    private ConfigException Error(Mark at, string message) =>
        new(new ConfigError(_file, (int)at.Line, (int)at.Column, message));

    private sealed class FileTooLargeException : IOException;

    private sealed class ConfigException(ConfigError error) : Exception
    {
        public ConfigError Error { get; } = error;
    }
}
