using System.Globalization;

namespace Tailrace.Hosting;

/// <summary>Finds which process listens on a port, as far as /proc lets the caller see (proc(5)).</summary>
internal static class PortHolder
{
    private const string ListenState = "0A";
    private const string BoundState = "07";

    /// <summary>The process's name and id, or null when it cannot be read.</summary>
    /// <param name="port">The port.</param>
    /// <param name="isUdp">Of UDP, not of TCP.</param>
    internal static string? Find(int port, bool isUdp = false)
    {
        try
        {
            var (table, state) = isUdp ? ("/proc/net/udp", BoundState) : ("/proc/net/tcp", ListenState);
            var inodes = Inodes(table, port, state).Concat(Inodes($"{table}6", port, state)).ToHashSet();
            return inodes.Count == 0 ? null : FindOwner(inodes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Inodes(string table, int port, string state)
    {
        if (!File.Exists(table)) yield break;
        var suffix = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (var line in File.ReadLines(table).Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[1].EndsWith(suffix, StringComparison.Ordinal) && fields[3] == state)
                yield return $"socket:[{fields[9]}]";
        }
    }

    private static string? FindOwner(HashSet<string> sockets)
    {
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out var id)) continue;
            if (!HoldsOne(process, sockets)) continue;
            var name = File.ReadAllText(Path.Combine(process, "comm")).Trim();
            return $"{name} (process {id})";
        }
        return null;
    }

    private static bool HoldsOne(string process, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFiles(Path.Combine(process, "fd"))
                .Any(fd => File.ResolveLinkTarget(fd, false) is { } target && sockets.Contains(target.Name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
