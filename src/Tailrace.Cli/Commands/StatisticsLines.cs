using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>
/// The statistics where the log is JSON: a line for the process, each worker, listener, cluster and destination, that
/// begins as those of the log do.
/// </summary>
/// <remarks>Nothing is left out, so that whoever reads them finds every key.</remarks>
internal static class StatisticsLines
{
    private static readonly JsonWriterOptions s_options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes the lines of a server, one that runs or one that has stopped.</summary>
    public static void Write(Server server, TextWriter output)
    {
        var states = server.TcpStates();
        Line(output, "process", json =>
        {
            json.WriteNumber("gc_collections", GC.CollectionCount(0));
            json.WriteNumber("managed_allocated_bytes", GC.GetTotalAllocatedBytes());
            json.WriteNumber("log_dropped_lines", server.LogDropped);
            json.WriteNumber("access_log_dropped_lines", server.AccessLogDropped);
            foreach (var (state, connections) in states) json.WriteNumber($"tcp_state_{state}", connections);
        });
        var workers = server.Statistics;
        for (var i = 0; i < workers.Count; i++)
        {
            var (index, worker) = (i, workers[i]);
            Line(output, "worker", json =>
            {
                json.WriteNumber("worker", index);
                Numbers(json, Metrics.Worker, worker);
                Numbers(json, Metrics.Tcp, worker.Tcp);
                Numbers(json, Metrics.Udp, worker.Udp);
                Numbers(json, Metrics.Traffic, worker.Udp.Traffic);
            });
        }
        foreach (var listener in server.Listeners)
        {
            Line(output, "listener", json =>
            {
                json.WriteString("listener", listener.Name);
                Numbers(json, ListenerStatistics.Metrics, listener);
                Numbers(json, Metrics.Tcp, listener.Tcp);
                if (!server.UdpListeners.TryGetValue(listener.Name, out var datagrams)) return;
                Numbers(json, Metrics.Udp, datagrams);
                Numbers(json, Metrics.Traffic, datagrams.Traffic);
            });
        }
        foreach (var cluster in server.Clusters)
        {
            Line(output, "cluster", json =>
            {
                json.WriteString("cluster", cluster.Name);
                Numbers(json, ClusterStatistics.Metrics, cluster);
            });
        }
        foreach (var destination in server.Destinations)
        {
            Line(output, "destination", json =>
            {
                json.WriteString("cluster", destination.Cluster);
                json.WriteString("destination", destination.Name);
                Numbers(json, DestinationStatistics.Metrics, destination);
                Numbers(json, Metrics.Tcp, destination.Tcp);
                Numbers(json, Metrics.Traffic, destination.Datagrams);
            });
        }
    }

    private static void Line(TextWriter output, string of, Action<Utf8JsonWriter> write)
    {
        var line = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(line, s_options))
        {
            json.WriteStartObject();
            json.WriteString("time",
                DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
            json.WriteString("level", "info");
            json.WriteString("message", "statistics");
            json.WriteString("of", of);
            write(json);
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(line.WrittenSpan));
    }

    private static void Numbers<T>(Utf8JsonWriter json, IReadOnlyList<Metric<T>> metrics, T counters)
    {
        foreach (var metric in metrics) json.WriteNumber(metric.Key, metric.Value(counters));
    }
}
