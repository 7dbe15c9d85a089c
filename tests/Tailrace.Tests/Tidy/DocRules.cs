using System.Text.RegularExpressions;

namespace Tailrace.Tests.Tidy;

/// <summary>What the documents name has to exist: commands and options of <c>tailrace</c>, files, links.</summary>
/// <remarks>Read are code spans and fenced blocks; prose may say "the tailrace process" and name no command.</remarks>
/// <param name="commandLine">The command's sources, which declare its words.</param>
/// <param name="exists">Whether a path relative to the repository exists.</param>
internal sealed partial class DocRules(IEnumerable<SourceFile> commandLine, Func<string, bool> exists)
{
    // Given by System.CommandLine itself.
    private static readonly string[] s_given = ["--help", "--version"];

    private readonly HashSet<string> _words = [.. s_given, .. commandLine
        .SelectMany(file => Declared().Matches(file.Text)).Select(match => match.Groups["word"].Value)];

    /// <summary>Whatever a document names that does not exist.</summary>
    public IEnumerable<string> Check(SourceFile document)
    {
        var folder = Path.GetDirectoryName(document.Path)!.Replace('\\', '/');
        var isFenced = false;
        var lines = document.Lines;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("```", StringComparison.Ordinal)) isFenced = !isFenced;
            foreach (var finding in isFenced ? UnknownWords(lines[i].Trim()) : CheckProse(lines[i], folder))
                yield return document.At(i + 1, finding);
        }
    }

    private IEnumerable<string> CheckProse(string line, string folder)
    {
        var spans = CodeSpan().Matches(line).Select(match => match.Groups[1].Value).ToList();
        return
        [
            .. spans.SelectMany(UnknownWords),
            .. spans.SelectMany(Paths).Where(path => !exists(path)).Select(path => $"there is no {path}"),
            .. Link().Matches(line).Select(match => match.Groups[1].Value)
                .Where(path => !exists(Path.Join(folder, path)))
                .Select(path => $"the link leads nowhere: {path}"),
        ];
    }

    private IEnumerable<string> UnknownWords(string span) =>
        Words(span).Where(word => !_words.Contains(word)).Select(word => $"tailrace has no '{word}'");

    // "tailrace proxy --listen 127.0.0.1:8080  # text" -> "proxy", "--listen".
    private static IEnumerable<string> Words(string span)
    {
        var call = Call().Match(span);
        if (!call.Success) return [];
        var arguments = call.Groups[1].Value.Split('#')[0];
        return CommandWord().Matches(arguments).Concat(OptionWord().Matches(arguments))
            .Select(match => match.Value.Trim());
    }

    // Paths of the repository; capital words of such a path stand for something.
    private static IEnumerable<string> Paths(string span) =>
        RepositoryPath().Matches(span).Select(match => match.Value).Where(path => !Placeholder().IsMatch(path));

    [GeneratedRegex(@"new\s*(?:Command|Option<[^(]*>)?\s*\(\s*""(?<word>--[a-z][a-z-]*|[a-z]+)""")]
    private static partial Regex Declared();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"\]\((?!https?:|mailto:|#)([^)#\s]+)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^(?:\$ )?(?:tailrace|.*Tailrace\.Cli\b.* --)(?= |$)(.*)")]
    private static partial Regex Call();

    [GeneratedRegex(@"^ [a-z]+(?= |$)")]
    private static partial Regex CommandWord();

    [GeneratedRegex(@"(?<= )--[a-z][a-z-]*")]
    private static partial Regex OptionWord();

    [GeneratedRegex(@"(?<![\w./-])(?:src|tests|bench|docs|examples|deploy|\.ci)/[\w./-]+\w")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"\b(DATE|NAME|PATH|STAGE)\b")]
    private static partial Regex Placeholder();
}
