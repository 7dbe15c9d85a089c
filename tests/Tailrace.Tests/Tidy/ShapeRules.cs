using System.Text.RegularExpressions;

namespace Tailrace.Tests.Tidy;

/// <summary>How long a file, a line and a method may be.</summary>
internal static partial class ShapeRules
{
    /// <summary>Lines of a file.</summary>
    public const int FileLinesMax = 600;

    /// <summary>Columns of a line.</summary>
    public const int ColumnsMax = 120;

    /// <summary>Columns of a line of a test or benchmark: there a wire message is best read on one line.</summary>
    public const int TestColumnsMax = 160;

    /// <summary>Lines of a method from the line of its opening brace to that of its closing one.</summary>
    public const int MethodLinesMax = 70;

    /// <summary>What is too long in a file.</summary>
    public static IEnumerable<string> Check(SourceFile file)
    {
        var lines = file.Lines;
        var count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        if (count > FileLinesMax) yield return file.At(1, $"{count} lines: split the file by concept");
        var isTest = file.Path.StartsWith("tests/") || file.Path.StartsWith("bench/");
        var columnsMax = isTest ? TestColumnsMax : ColumnsMax;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].TrimEnd('\r').Length > columnsMax) yield return file.At(i + 1, $"{lines[i].Length} columns");
        }
        foreach (var (first, last) in Members(file))
        {
            if (last - first + 1 > MethodLinesMax) yield return file.At(first, $"a member of {last - first + 1} lines");
        }
    }

    // The blocks whose parent is a type and that are none themselves. A field's initialiser is data and may be long.
    private static IEnumerable<(int First, int Last)> Members(SourceFile file)
    {
        var code = file.Code;
        var open = new Stack<(bool IsType, bool IsMember, int Start)>();
        var headerStart = 0;
        for (var i = 0; i < code.Length; i++)
        {
            if (code[i] == '{')
            {
                var header = code[headerStart..i];
                var isType = TypeHeader().IsMatch(header);
                var inType = open.Count > 0 && open.Peek().IsType;
                open.Push((isType, inType && !isType && !FieldHeader().IsMatch(header), i));
            }
            else if (code[i] == '}' && open.TryPop(out var block) && block.IsMember)
            {
                yield return (file.LineOf(block.Start), file.LineOf(i));
            }
            if (code[i] is '{' or '}' or ';') headerStart = i + 1;
        }
    }

    [GeneratedRegex(@"(?<!\bwhere\b[^{]*)\b(class|struct|record|interface|enum|extension)\b(?!\s*[,>)])")]
    private static partial Regex TypeHeader();

    [GeneratedRegex(@"^[^(]*[^=!<>]=(?![=>])")]
    private static partial Regex FieldHeader();
}
