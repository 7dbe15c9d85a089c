using Tailrace.Config;
using static Tailrace.Cli.Commands.SummaryWords;

namespace Tailrace.Cli.Commands;

/// <summary>Says what options would do, as an operator wants to read it before they are used.</summary>
internal static class OptionsSummary
{
    /// <summary>Writes the summary.</summary>
    public static void Write(TailraceOptions options, TextWriter output)
    {
        output.WriteLine();
        WriteProcess(options, output);
        foreach (ListenerOptions listener in options.Listeners) ListenerSummary.Write(listener, options, output);
        foreach ((string name, ClusterOptions cluster) in options.Clusters)
            ClusterSummary.Write(name, cluster, options, output);
    }

    /// <summary>Writes rows whose columns stand below each other.</summary>
    public static void WriteTable(IReadOnlyList<string[]> rows, TextWriter output)
    {
        int columns = rows.Count == 0 ? 0 : rows.Max(row => row.Length);
        int[] widths = [.. Enumerable.Range(0, columns).Select(i =>
            rows.Max(row => i < row.Length ? row[i].Length : 0))];
        foreach (string[] row in rows)
        {
            IEnumerable<string> cells = row.Select((cell, i) => cell.PadRight(widths[i]));
            output.WriteLine($"  {string.Join("  ", cells)}".TrimEnd());
        }
    }

    private static void WriteProcess(TailraceOptions options, TextWriter output)
    {
        string workers = options.Workers == 0 ? "one for each processor" : $"{options.Workers}";
        string engine = options.Engine switch
        {
            EngineChoice.Epoll => "epoll",
            EngineChoice.IoUring => "io_uring",
            EngineChoice.Portable => "portable",
            _ => "the fastest that works",
        };
        string level = options.Log.Level.ToString().ToLowerInvariant();
        string form = options.Log.Format == LogFormat.Json ? "JSON" : "text";
        AccessLogOptions access = options.AccessLog;
        string requests = access.Format == AccessLogFormat.Off
            ? "off"
            : $"{access.Format.ToString().ToLowerInvariant()}, to {access.Path}";
        output.WriteLine($"workers     {workers}{(options.Pin ? ", pinned" : "")}; engine: {engine}");
        output.WriteLine($"log         {level} and above, as {form}; access log: {requests}");
        string admin = options.Admin is { } listener ? $"/metrics and /health on {listener.Address}" : "off";
        output.WriteLine($"admin       {admin}");
        output.WriteLine($"shutdown    requests in flight get {Of(options.Shutdown.Grace)} to end");
        output.WriteLine($"memory      at most {Bytes(options.Buffers.Max)} of blocks for each worker");
    }
}
