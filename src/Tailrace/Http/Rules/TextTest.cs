namespace Tailrace.Http.Rules;

/// <summary>What a value has to be for a route to be taken.</summary>
/// <remarks>Belongs to one worker. Values are compared byte for byte.</remarks>
internal sealed class TextTest
{
    private readonly byte[] _text;
    private readonly bool _isPrefix;
    private readonly Pattern? _pattern;

    private TextTest(byte[] text, bool isPrefix, Pattern? pattern = null)
    {
        _text = text;
        _isPrefix = isPrefix;
        _pattern = pattern;
    }

    /// <summary>Whatever it is.</summary>
    internal static TextTest Any { get; } = new([], isPrefix: true);

    /// <summary>This and nothing else.</summary>
    internal static TextTest Exact(byte[] text) => new(text, isPrefix: false);

    /// <summary>It begins so.</summary>
    internal static TextTest Prefix(byte[] text) => new(text, isPrefix: true);

    /// <summary>The pattern occurs in it.</summary>
    internal static TextTest Matching(string pattern) => new([], isPrefix: true, new Pattern(pattern));

    /// <summary>Whether the value is so.</summary>
    internal bool Passes(ReadOnlySpan<byte> value)
    {
        if (_pattern is not null) return _pattern.IsMatch(value);
        return _isPrefix ? value.StartsWith(_text) : value.SequenceEqual(_text);
    }
}
