using System.Text.RegularExpressions;

namespace Tailrace.Tests.Tidy;

/// <summary>What is written for readers: a doc comment on every type, and nothing left open.</summary>
internal static partial class WordRules
{
    // In two parts, or this file would be its own finding.
    private static readonly Regex s_open = new(
        @"\b(TO" + "DO|FIX" + "ME|HA" + "CK|XX" + @"X)\b|NotImplemented" + @"Exception|\bSkip\s*=\s*""");

    // Folders of one machine: the repository stands alone.
    private static readonly Regex s_elsewhere = new(@"(?<![a-zA-Z0-9_.])/(work|fa" + @"rm|root)/|\.\./sha" + "red");

    /// <summary>Marks of unfinished work and skipped tests, and paths of one machine. For any text file.</summary>
    public static IEnumerable<string> CheckText(SourceFile file) =>
        from line in file.Lines.Select((text, index) => (Text: text, Number: index + 1))
        from match in s_open.Matches(line.Text).Concat(s_elsewhere.Matches(line.Text))
        select file.At(line.Number, $"'{match.Value}'");

    /// <summary>Types at the top of a file that open without a doc comment.</summary>
    public static IEnumerable<string> CheckTypes(SourceFile file)
    {
        var (lines, code) = (file.Lines, file.CodeLines);
        for (var i = 0; i < code.Length; i++)
        {
            if (!TopLevelType().IsMatch(code[i])) continue;
            var above = i - 1;
            while (above >= 0 && lines[above] is ['[' or '#', ..]) above--;
            if (above < 0 || !lines[above].StartsWith("///", StringComparison.Ordinal))
                yield return file.At(i + 1, "a type without a doc comment");
        }
    }

    [GeneratedRegex(@"^(?:(?:public|internal|file|sealed|static|abstract|partial|readonly|ref|unsafe)\s+)*"
        + @"(?:class|struct|record|interface|enum|delegate)\s")]
    private static partial Regex TopLevelType();
}
