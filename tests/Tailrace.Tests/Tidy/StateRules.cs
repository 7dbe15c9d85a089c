using System.Text.RegularExpressions;

namespace Tailrace.Tests.Tidy;

/// <summary>No static mutable state: a reactor is passed in, and two servers in one process do not meet.</summary>
internal static partial class StateRules
{
    // The free lists of async boxes and "the loop of this thread" are the thread's, not the process's.
    private static bool MayBePerThread(SourceFile file) =>
        file.IsOneOf("Io/EventLoop.cs") || file.InLibrary && PerThreadFile().IsMatch(file.Path);

    /// <summary>Static fields and properties that can change.</summary>
    public static IEnumerable<string> Check(SourceFile file)
    {
        foreach (Match match in StaticMember().Matches(file.Code))
        {
            var words = match.Groups["words"].Value;
            if (Fixed().IsMatch(words)) continue;
            var perThread = ThreadStatic().IsMatch(match.Value);
            if (perThread && MayBePerThread(file)) continue;
            var finding = perThread ? "[ThreadStatic] outside Io/Loop*.cs and Io/EventLoop.cs" : "static mutable state";
            yield return file.At(file.LineOf(match.Groups["name"].Index), $"{finding}: {match.Groups["name"].Value}");
        }
        foreach (Match match in MutableCollection().Matches(file.Code))
        {
            yield return file.At(file.LineOf(match.Index), $"a static collection that can change: {match.Value}");
        }
    }

    // Attributes, modifiers and type, the name, and what makes it a field or a settable property.
    [GeneratedRegex(@"(?<attributes>\[ThreadStatic\]\s*)?\b(?<words>(?:\w+\s+)*static\s[^;{}()=]*?)\s(?<name>\w+)\s*"
        + @"(?:;|=(?![=>])|\{[^{}]*\b(?:set|init)\b)")]
    private static partial Regex StaticMember();

    [GeneratedRegex(@"\b(readonly|const|using|class|struct|record|interface|delegate|operator|extern)\b")]
    private static partial Regex Fixed();

    [GeneratedRegex(@"^\[ThreadStatic\]")]
    private static partial Regex ThreadStatic();

    [GeneratedRegex(@"\bstatic readonly (Concurrent)?(Dictionary|List|HashSet|Queue|Stack|Bag|ConditionalWeakTable)<")]
    private static partial Regex MutableCollection();

    [GeneratedRegex(@"/Io/Loop[^/]*\.cs$")]
    private static partial Regex PerThreadFile();
}
