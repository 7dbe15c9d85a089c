using System.Text;
using System.Text.RegularExpressions;

namespace Tailrace.Http.Rules;

/// <summary>A regular expression over bytes of a head, each byte a character of Latin-1.</summary>
/// <remarks>
/// Belongs to one worker, because it converts into a buffer of its own, and because the state of .NET's engine is then
/// shared with nobody. It never backtracks: its time is linear in the text, and the text is bounded by the limits of
/// heads; so a client cannot make it slow (ReDoS). A match costs one small object, which the engine keeps to itself.
/// </remarks>
internal sealed class Pattern
{
    /// <summary>
    /// No backtracking, and no culture. Compiling would be left out in programs that are compiled ahead of time.
    /// </summary>
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private readonly Regex _regex;
    private char[] _characters = [];

    /// <summary>Compiles a pattern.</summary>
    /// <param name="pattern">A valid one: the configuration was checked.</param>
    internal Pattern(string pattern) => _regex = new Regex(pattern, Options);

    /// <summary>Whether it occurs in the text.</summary>
    internal bool IsMatch(ReadOnlySpan<byte> text)
    {
        if (_characters.Length < text.Length) _characters = new char[Math.Max(text.Length, 256)];
        var length = Encoding.Latin1.GetChars(text, _characters);
        return _regex.IsMatch(_characters.AsSpan(0, length));
    }
}
