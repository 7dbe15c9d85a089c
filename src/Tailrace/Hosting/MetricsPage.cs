using System.Globalization;
using Tailrace.Config;
using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>Everything that a server counts, as Prometheus reads it.</summary>
/// <remarks>Used by one thread, which is none of the workers': it waits for them.</remarks>
/// <param name="server">Whose numbers they are.</param>
/// <param name="options">What it was started with.</param>
internal sealed class MetricsPage(Server server, TailraceOptions options)
{
    private const int LengthMax = 16 << 20;

    /// <summary>A worker that is busy for longer is told of next time; whoever asks for health waits as well.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(250);

    private readonly double _startTime = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
    private readonly HashSet<string> _streamListeners = NamesOf(options, ListenerProtocol.Tcp, ListenerProtocol.Mixed);
    private readonly HashSet<string> _streamClusters =
        ClustersOf(options, ListenerProtocol.Tcp, ListenerProtocol.Mixed);
    private readonly HashSet<string> _datagramClusters = ClustersOf(options, ListenerProtocol.Udp);

    /// <summary>The page as of now, in UTF-8.</summary>
    internal byte[] Write()
    {
        // First: it brings what open connections have moved into the counters.
        var states = server.TcpStates(s_patience);
        var writer = new MetricsWriter(LengthMax);
        WriteProcess(writer);
        WriteWorkers(writer);
        WriteListeners(writer);
        WriteClusters(writer);
        if (_streamListeners.Count > 0)
        {
            writer.Begin(
                "tailrace_tcp_state_connections", "Connections that are forwarded as they are, by state.", true);
            foreach (var (state, connections) in states) writer.Sample(connections, ("state", state));
            writer.End();
        }
        return writer.ToArray();
    }

    private void WriteProcess(MetricsWriter writer)
    {
        var version = typeof(Server).Assembly.GetName().Version?.ToString(3) ?? "";
        writer.Write("tailrace_build_info", "What runs.", true, 1, ("version", version),
            ("engine", Loops.NameOf(server.Engine)));
        writer.Write("tailrace_workers", "Threads that serve connections.", true, server.WorkerCount);
        writer.Write(
            "tailrace_draining", "1 once the process has been asked to end; else 0.", true, server.IsStopping ? 1 : 0);
        writer.Begin("tailrace_log_dropped_lines_total", "Log lines that did not fit their queue.", false);
        writer.Sample(server.LogDropped, ("log", "diagnostic"));
        writer.Sample(server.AccessLogDropped, ("log", "access"));
        writer.End();

        writer.Begin("tailrace_gc_collections_total", "Garbage collections, by the oldest generation.", false);
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            var name = generation.ToString(CultureInfo.InvariantCulture);
            writer.Sample(GC.CollectionCount(generation), ("generation", name));
        }
        writer.End();
        writer.Write("tailrace_managed_allocated_bytes_total", "Bytes that were allocated in the managed heap.", false,
            GC.GetTotalAllocatedBytes());
        writer.Write("tailrace_managed_heap_bytes", "Bytes in the managed heap.", true, GC.GetTotalMemory(false));

        // These have the names that all programs give them.
        writer.Write("process_cpu_seconds_total", "Processor time, of programs and of the kernel for them.", false,
            Environment.CpuUsage.TotalTime.TotalSeconds);
        writer.Write("process_resident_memory_bytes", "Memory that is in use.", true, Environment.WorkingSet);
        writer.Write("process_start_time_seconds", "When it began to serve, since 1970.", true, _startTime);
        if (OpenDescriptors() is > 0 and var open)
            writer.Write("process_open_fds", "File descriptors that are open.", true, open);
        if (Loops.RaiseDescriptorLimit() is > 0 and < long.MaxValue and var most)
            writer.Write("process_max_fds", "The most file descriptors that may be.", true, most);
    }

    private void WriteWorkers(MetricsWriter writer)
    {
        List<MetricRow<Counters>> workers = [.. server.Statistics.Select((counters, index) =>
            new MetricRow<Counters>(counters, ("worker", index.ToString(CultureInfo.InvariantCulture))))];
        writer.Write(Metrics.Worker, "", workers);
        writer.Write(Metrics.Tcp, "", Of(workers, worker => worker.Tcp));
        writer.Write(Metrics.Udp, "", Of(workers, worker => worker.Udp));
        writer.Write(Metrics.Traffic, "", Of(workers, worker => worker.Udp.Traffic));
        writer.Begin("tailrace_buffer_bytes", "Bytes of the blocks that connections have borrowed.", true);
        foreach (var worker in server.Workers)
        {
            var buffers = worker.Reactor.Buffers;
            var bytes = ((long)buffers.Small.Rented * buffers.Small.BlockSize)
                + ((long)buffers.Bulk.Rented * buffers.Bulk.BlockSize);
            writer.Sample(bytes, ("worker", worker.Reactor.Index.ToString(CultureInfo.InvariantCulture)));
        }
        writer.End();
    }

    private void WriteListeners(MetricsWriter writer)
    {
        const string scope = "listener_";
        List<MetricRow<ListenerStatistics>> listeners =
            [.. server.Listeners.Select(one => new MetricRow<ListenerStatistics>(one, ("listener", one.Name)))];
        writer.Write(ListenerStatistics.Metrics, scope, listeners);
        writer.Write(Metrics.Tcp, scope,
            Of(listeners.Where(row => _streamListeners.Contains(row.Counters.Name)), one => one.Tcp));
        var datagrams = new List<MetricRow<UdpCounters>>();
        foreach (var (name, counters) in server.UdpListeners) datagrams.Add(new(counters, ("listener", name)));
        writer.Write(Metrics.Udp, scope, datagrams);
        writer.Write(Metrics.Traffic, scope, Of(datagrams, one => one.Traffic));
    }

    private void WriteClusters(MetricsWriter writer)
    {
        const string scope = "destination_";
        writer.Write(ClusterStatistics.Metrics, "cluster_",
            [.. server.Clusters.Select(one => new MetricRow<ClusterStatistics>(one, ("cluster", one.Name)))]);
        List<MetricRow<DestinationStatistics>> all = [.. server.Destinations.Select(one =>
            new MetricRow<DestinationStatistics>(one, ("cluster", one.Cluster), ("destination", one.Name)))];
        writer.Write(DestinationStatistics.Metrics, scope, all);
        writer.Write(Metrics.Tcp, scope,
            Of(all.Where(row => _streamClusters.Contains(row.Counters.Cluster)), one => one.Tcp));
        writer.Write(Metrics.Traffic, scope,
            Of(all.Where(row => _datagramClusters.Contains(row.Counters.Cluster)), one => one.Datagrams));
    }

    /// <summary>What is counted within each of some things.</summary>
    private static List<MetricRow<TPart>> Of<T, TPart>(IEnumerable<MetricRow<T>> rows, Func<T, TPart> part) =>
        [.. rows.Select(row => new MetricRow<TPart>(part(row.Counters), row.Labels))];

    private static int OpenDescriptors()
    {
        const string folder = "/proc/self/fd";
        try
        {
            return Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder).Count() : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static HashSet<string> NamesOf(TailraceOptions options, params ListenerProtocol[] protocols) =>
        [.. options.Listeners.Where(one => protocols.Contains(one.Protocol))
            .Select(one => one.Name.Length > 0 ? one.Name : one.Address)];

    private static HashSet<string> ClustersOf(TailraceOptions options, params ListenerProtocol[] protocols) =>
        [.. options.Listeners.Where(one => protocols.Contains(one.Protocol))
            .SelectMany(one => one.TlsRoutes.Select(route => route.Cluster).Append(one.Cluster))];
}
