using System.Text;
using System.Text.Json;
using Tailrace.Config;

namespace Tailrace.Cli.Json;

/// <summary>Turns JSON text into the neutral tree that <see cref="ConfigReader"/> reads.</summary>
/// <remarks>
/// The loader of YAML would take JSON too, but forgives what is none (a missing comma), and speaks of YAML where
/// something is wrong. Comments are passed over.
/// </remarks>
internal ref struct JsonLoader
{
    private const int DepthMax = 32;

    private readonly ReadOnlySpan<byte> _text;
    private Utf8JsonReader _reader;
    private int _lineStart;
    private int _lineEnd;
    private int _line;
    private bool _isTooDeep;

    private JsonLoader(ReadOnlySpan<byte> text)
    {
        _text = text;
        _line = 1;
        _lineEnd = LineEnd();
        _reader = new Utf8JsonReader(text, new JsonReaderOptions
        {
            CommentHandling = JsonCommentHandling.Skip,
            MaxDepth = 2 * DepthMax,
        });
    }

    /// <summary>Reads a text; false with one error when it is no JSON.</summary>
    public static bool TryLoad(string file, string text, out ConfigNode root, out ConfigError? error)
    {
        root = ConfigNode.Nothing(1, 1);
        error = null;
        if (string.IsNullOrWhiteSpace(text)) return true;
        var loader = new JsonLoader(Encoding.UTF8.GetBytes(text));
        try
        {
            loader._reader.Read();
            root = loader.LoadNode(0);
            loader._reader.Read();
            return true;
        }
        catch (JsonException e)
        {
            error = loader.Explain(file, e);
            return false;
        }
    }

    // Loads the node that begins at the current token, and leaves its last token current.
    private ConfigNode LoadNode(int depth)
    {
        (int line, int column) = Place();
        _isTooDeep = depth > DepthMax;
        if (_isTooDeep) throw new JsonException(null, null, line - 1, _reader.TokenStartIndex - _lineStart);
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var entries = new List<ConfigEntry>();
                while (Next() != JsonTokenType.EndObject)
                {
                    string key = Text();
                    (int keyLine, int keyColumn) = Place();
                    Next();
                    entries.Add(new ConfigEntry(key, keyLine, keyColumn, LoadNode(depth + 1)));
                }
                return ConfigNode.Map(entries, line, column);
            case JsonTokenType.StartArray:
                var items = new List<ConfigNode>();
                while (Next() != JsonTokenType.EndArray) items.Add(LoadNode(depth + 1));
                return ConfigNode.List(items, line, column);
            case JsonTokenType.Null:
                return ConfigNode.Nothing(line, column);
            case JsonTokenType.String:
                return ConfigNode.Scalar(Text(), line, column);
            default:
                return ConfigNode.Scalar(Encoding.UTF8.GetString(_reader.ValueSpan), line, column);
        }
    }

    private string Text()
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            // Half of a pair of surrogates.
            (int line, _) = Place();
            throw new JsonException(null, null, line - 1, _reader.TokenStartIndex - _lineStart, e);
        }
    }

    private JsonTokenType Next()
    {
        _reader.Read();
        return _reader.TokenType;
    }

    // Tokens come in order, so each line is looked at once.
    private (int Line, int Column) Place()
    {
        int at = (int)_reader.TokenStartIndex;
        while (at > _lineEnd)
        {
            _lineStart = _lineEnd + 1;
            _lineEnd = LineEnd();
            _line++;
        }
        return (_line, Encoding.UTF8.GetCharCount(_text[_lineStart..at]) + 1);
    }

    private readonly int LineEnd()
    {
        int length = _text[_lineStart..].IndexOf((byte)'\n');
        return length < 0 ? _text.Length : _lineStart + length;
    }

    // In our own words: those of the framework are left out of small builds.
    private readonly ConfigError Explain(string file, JsonException e)
    {
        int line = (int)(e.LineNumber ?? 0);
        ReadOnlySpan<byte> rest = _text;
        for (int i = 0; i < line; i++) rest = rest[(rest.IndexOf((byte)'\n') + 1)..];
        int column = Math.Min((int)(e.BytePositionInLine ?? 0), rest.Length);
        string what = (rest.Length > column ? (char)rest[column] : '\0') switch
        {
            _ when _isTooDeep => $"more than {DepthMax} levels inside each other",
            _ when e.InnerException is InvalidOperationException => "\\u has half a character; the other half lacks",
            '\0' or '\r' or '\n' => "something that was opened is not closed",
            ']' or '}' => "it cannot end here; is there a comma too many before, or was something else opened?",
            '\'' => "text stands between double quotes",
            _ => "this cannot stand here; does a comma, a colon or a quote lack before it?",
        };
        return new ConfigError(
            file, line + 1, Encoding.UTF8.GetCharCount(rest[..column]) + 1, $"not valid JSON: {what}");
    }
}
