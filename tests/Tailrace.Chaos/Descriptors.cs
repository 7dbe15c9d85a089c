namespace Tailrace.Chaos;

/// <summary>The descriptors of this process that a server may leave behind: sockets, event queues and pipes.</summary>
internal static class Descriptors
{
    private const string Folder = "/proc/self/fd";
    private const int PatienceMs = 5_000;
    private static readonly string[] s_kinds = ["socket:", "pipe:", "anon_inode:"];

    /// <summary>How many are open; 0 where the system does not tell.</summary>
    internal static int Count() => Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder).Count(IsOfServer) : 0;

    /// <summary>Waits for a while until no more are open than there were, and tells if there still are.</summary>
    internal static async Task JudgeAsync(int before, Tally tally)
    {
        for (var waited = 0; Count() > before && waited < PatienceMs; waited += 50) await Task.Delay(50);
        if (Count() is var after && after > before) tally.Violation($"{after - before} descriptors are left");
    }

    private static bool IsOfServer(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget is { } target
                && s_kinds.Any(kind => target.StartsWith(kind, StringComparison.Ordinal));
        }
        catch (IOException)
        {
            // Closed meanwhile.
            return false;
        }
    }
}
