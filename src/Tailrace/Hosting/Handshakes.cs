using System.Globalization;

namespace Tailrace.Hosting;

/// <summary>Looks for connections in the midst of their handshake (proc(5)).</summary>
internal static class Handshakes
{
    private const string SynReceived = "03";

    /// <summary>Those of some ports, by both sides' addresses; none where that cannot be told.</summary>
    internal static HashSet<string> Of(HashSet<int> ports)
    {
        var found = new HashSet<string>();
        if (ports.Count == 0) return found;
        Add("/proc/net/tcp", ports, found);
        Add("/proc/net/tcp6", ports, found);
        return found;
    }

    private static void Add(string table, HashSet<int> ports, HashSet<string> found)
    {
        try
        {
            if (!File.Exists(table)) return;
            foreach (var line in File.ReadLines(table))
            {
                // There may be many thousands, and few are looked for.
                if (!line.Contains($" {SynReceived} ", StringComparison.Ordinal)) continue;
                // Number, own address and port, the other side's, state.
                var fields = line.Split(' ', 5, StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length == 5 && fields[3] == SynReceived && ports.Contains(PortOf(fields[1])))
                    found.Add($"{fields[1]} {fields[2]}");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nobody is waited for.
        }
    }

    private static int PortOf(string address)
    {
        var port = address.AsSpan(address.IndexOf(':') + 1);
        return int.Parse(port, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
