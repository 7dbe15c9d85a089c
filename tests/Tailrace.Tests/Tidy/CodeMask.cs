namespace Tailrace.Tests.Tidy;

/// <summary>Blanks what is not code, so that no rule trips over a word in a comment or a string.</summary>
/// <remarks>
/// Knows comments, character literals, plain, verbatim, raw and interpolated strings; the holes of an interpolated
/// string stay, being code. Line breaks stay, so that offsets and line numbers hold.
/// </remarks>
internal sealed class CodeMask
{
    private readonly string _text;
    private readonly char[] _code;
    private int _at;

    private CodeMask(string text)
    {
        _text = text;
        _code = text.ToCharArray();
    }

    /// <summary>The text with comments and the insides of strings blanked.</summary>
    public static string Apply(string text)
    {
        var mask = new CodeMask(text);
        mask.Code(holeBraces: 0);
        return new string(mask._code);
    }

    // Runs to the end, or, in the hole of a string whose holes open with so many braces, to the brace that ends it.
    private void Code(int holeBraces)
    {
        var depth = 0;
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (c == '/' && Next(1) is '/') BlankWhile(() => _text[_at] != '\n');
            else if (c == '/' && Next(1) is '*') BlankComment();
            else if (c == '\'') CharacterLiteral();
            else if (c is '"' or '$' or '@' && StringStart() is { } start) String(start);
            else if (holeBraces > 0 && c == '}' && depth == 0) return;
            else
            {
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
                _at++;
            }
        }
    }

    private char Next(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private void Blank(int count)
    {
        for (; count > 0 && _at < _text.Length; count--, _at++)
        {
            if (_text[_at] != '\n') _code[_at] = ' ';
        }
    }

    private void BlankWhile(Func<bool> more)
    {
        while (_at < _text.Length && more()) Blank(1);
    }

    private void BlankComment()
    {
        var end = _text.IndexOf("*/", _at + 2, StringComparison.Ordinal);
        Blank((end < 0 ? _text.Length : end + 2) - _at);
    }

    private void CharacterLiteral()
    {
        _at++;
        while (_at < _text.Length && _text[_at] is not ('\'' or '\n')) Blank(_text[_at] == '\\' ? 2 : 1);
        _at++;
    }

    // How a string opens here: dollars, whether verbatim, and quotes (three or more: raw). Null: an @name.
    private (int Dollars, bool Verbatim, int Quotes)? StringStart()
    {
        int dollars = 0, quotes = 0, i = 0;
        var verbatim = false;
        for (; Next(i) is '$' or '@'; i++)
        {
            if (Next(i) == '$') dollars++;
            else verbatim = true;
        }
        for (; Next(i + quotes) == '"'; quotes++) { }
        if (quotes == 0) return null;
        if (quotes is 2 || verbatim) quotes = 1;
        return (dollars, verbatim, quotes);
    }

    private void String((int Dollars, bool Verbatim, int Quotes) start)
    {
        while (_text[_at] != '"') _at++;
        _at += start.Quotes;
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (start.Dollars > 0 && c == '{' && Hole(start)) continue;
            if (c == '"' && Closes(start)) return;
            Blank(c == '\\' && start is { Verbatim: false, Quotes: 1 } ? 2 : 1);
        }
    }

    // Ends the string when its closing quotes stand here; a verbatim string's doubled quote is text.
    private bool Closes((int Dollars, bool Verbatim, int Quotes) start)
    {
        if (start.Verbatim && Next(1) == '"')
        {
            Blank(1);
            return false;
        }
        for (var i = 0; i < start.Quotes; i++)
        {
            if (Next(i) != '"') return false;
        }
        _at += start.Quotes;
        return true;
    }

    // Steps over a hole, keeping its code. False: the braces are text.
    private bool Hole((int Dollars, bool Verbatim, int Quotes) start)
    {
        var braces = 0;
        while (Next(braces) == '{') braces++;
        if (start.Quotes == 1 && braces % 2 == 0 || braces < start.Dollars)
        {
            Blank(braces);
            return true;
        }
        Blank(braces);
        Code(start.Dollars);
        Blank(start.Quotes == 1 ? 1 : start.Dollars);
        return true;
    }
}
