using System.Text.RegularExpressions;

namespace Tailrace.Tests.Tidy;

/// <summary>Words that must not stand in certain places, with the reason why.</summary>
internal static class BanRules
{
    private sealed record Ban(string Reason, string Pattern, Func<SourceFile, bool> Where)
    {
        public Regex Regex { get; } = new(Pattern, RegexOptions.Multiline);
    }

    // What runs on a reactor: nothing there may block, allocate per call or leave the thread.
    private static bool OnReactor(SourceFile file) =>
        file.IsBelow("Io", "Http", "Sessions", "Proxy") && !IsSlowPlane(file);

    // Ordinary .NET async on ordinary threads, which meets a reactor only through its mailbox.
    private static bool IsSlowPlane(SourceFile file) =>
        file.IsOneOf("Proxy/HealthChecker.cs", "Proxy/HealthProbe.cs", "Proxy/Resolver.cs");

    private static bool IsNative(SourceFile file) => file.IsBelow("Native", "Memory", "Io/Backends", "Tls");

    private static bool KnowsPlatforms(SourceFile file) => file.IsOneOf("Io/Loops.cs", "Hosting/Signals.cs");

    private static readonly Ban[] s_bans =
    [
        new("work never leaves its reactor", @"\bTask\s*\.\s*(Run|Factory|Delay)\b", OnReactor),
        new("work never leaves its reactor", @"\bThreadPool\b", OnReactor),
        new("its failure would be lost; LoopTask.Detach says where it goes", @"\basync\s+void\b", OnReactor),
        new("no execution context flows on a reactor", @"\bAsyncLocal\b", OnReactor),
        new("cancellation is Abort or a deadline", @"\bCancellationToken\w*", OnReactor),
        new("a reactor shares nothing", @"\block\s*\(|\bMonitor\s*\.", OnReactor),
        new("LINQ allocates", @"\bSystem\s*\.\s*Linq\b", OnReactor),
        new("LINQ allocates",
            @"\.(Select|SelectMany|Where|ToList|ToDictionary|OrderBy|Any|FirstOrDefault|Aggregate)\s*\(", OnReactor),
        new("it would block the loop", @"\.Result\s*[;.)]|\.Wait\s*\(\s*\)", OnReactor),
        new("it would block the loop", @"\bThread\s*\.\s*(Sleep|SpinWait|Yield)\b", OnReactor),
        new("the byte path counts, it does not print", @"\bConsole\s*\.", OnReactor),
        new("pointers belong in Native, Memory, Io/Backends and Tls", @"\bunsafe\b|\bLibraryImport\b|\bDllImport\b",
            file => file.InLibrary && !IsNative(file)),
        new("platforms differ in Io/Loops.cs and Hosting/Signals.cs alone",
            @"\bOperatingSystem\s*\.\s*Is|\bRuntimeInformation\s*\.\s*IsOSPlatform|^\s*#if\b",
            file => file.InLibrary && !KnowsPlatforms(file)),
        new("the library is trimmed and compiled ahead: no reflection",
            @"\bSystem\s*\.\s*Reflection\b|\bActivator\s*\.", file => file.InLibrary),
    ];

    /// <summary>Every banned word in a file.</summary>
    public static IEnumerable<string> Check(SourceFile file) =>
        from ban in s_bans
        where ban.Where(file)
        from match in ban.Regex.Matches(file.Code)
        select file.At(file.LineOf(match.Index), $"'{match.Value.Trim()}': {ban.Reason}");
}
