using System.Globalization;

namespace Tailrace.Io;

/// <summary>In which order pinned workers get processors, by what Linux says of the machine (sysfs(5)).</summary>
/// <remarks>
/// One NUMA node after another, so that few workers share one node's memory and caches; within a node first one thread
/// of each core, since two threads of a core are worth hardly more than one. What cannot be read is taken as one node.
/// </remarks>
internal static class ProcessorOrder
{
    /// <summary>Puts processors in order.</summary>
    /// <param name="processors">Those that may be used.</param>
    /// <param name="system">Where the kernel describes them.</param>
    internal static int[] Of(IReadOnlyList<int> processors, string system = "/sys/devices/system")
    {
        var ordered = new int[processors.Count];
        var ranks = new (int Node, int Sibling, int Number)[processors.Count];
        var nodes = Nodes(Path.Combine(system, "node"));
        for (var i = 0; i < ordered.Length; i++)
        {
            var number = ordered[i] = processors[i];
            var siblings = Read(Path.Combine(system, "cpu", $"cpu{number}", "topology", "thread_siblings_list"));
            var node = nodes.FindIndex(node => node.Contains(number));
            ranks[i] = (node, Math.Max(siblings.IndexOf(number), 0), number);
        }
        Array.Sort(ranks, ordered);
        return ordered;
    }

    /// <summary>The numbers of a list as the kernel writes it: <c>0-3,8,10-11</c>.</summary>
    internal static List<int> Parse(string list)
    {
        var numbers = new List<int>();
        foreach (var part in list.Trim().Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (!TryNumber(ends[0], out var first) || !TryNumber(ends[^1], out var last)) continue;
            for (var i = first; i <= last; i++) numbers.Add(i);
        }
        return numbers;
    }

    /// <summary>The processors of each node, by the nodes' numbers: these may have gaps.</summary>
    private static List<List<int>> Nodes(string folder) =>
        Read(Path.Combine(folder, "online")).ConvertAll(node => Read(Path.Combine(folder, $"node{node}", "cpulist")));

    private static List<int> Read(string file)
    {
        try
        {
            return Parse(File.ReadAllText(file));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
