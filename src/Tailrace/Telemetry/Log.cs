using System.Threading.Channels;
using Tailrace.Config;

namespace Tailrace.Telemetry;

/// <summary>The diagnostic log: levelled lines with named values, as text or JSON, usually on stderr.</summary>
/// <remarks>
/// Any thread may write; a line is queued and formatted by the log's own thread, so a caller never waits for the
/// output. The queue is bounded: what does not fit is dropped, counted in <see cref="Dropped"/>, and reported by a line
/// of its own as soon as there is room. This is ordinary .NET for the slow plane: a line allocates, so nothing on the
/// path of a byte logs. The owner disposes it last, which writes out what is queued, unless the output takes nothing
/// for two seconds.
/// </remarks>
public sealed class Log : IDisposable
{
    private const int QueueLengthDefault = 1024;

    // Nobody who reads needs that long; a pipe whose reader has stopped would take for ever.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly Channel<LogLine> _queue;
    private readonly TextWriter _output;
    private readonly LogFormat _format;
    private readonly Thread _thread;
    private long _dropped;

    /// <summary>Starts a log and its thread.</summary>
    /// <param name="level">The least severe level that is written.</param>
    /// <param name="format">How a line looks.</param>
    /// <param name="output">Where lines go, borrowed; null: stderr.</param>
    /// <param name="queueLength">Lines that may wait to be written.</param>
    public Log(
        LogLevel level = LogLevel.Info,
        LogFormat format = LogFormat.Text,
        TextWriter? output = null,
        int queueLength = QueueLengthDefault)
    {
        Level = level;
        _format = format;
        _output = output ?? Console.Error;
        _queue = Channel.CreateBounded<LogLine>(new BoundedChannelOptions(queueLength)
        {
            FullMode = BoundedChannelFullMode.Wait,
        });
        _thread = new Thread(WriteLines) { IsBackground = true, Name = "tailrace log" };
        _thread.Start();
    }

    /// <summary>Starts a log as the configuration asks.</summary>
    /// <param name="options">The level and the format.</param>
    /// <param name="output">Where lines go, borrowed; null: stderr.</param>
    public Log(LogOptions options, TextWriter? output = null) : this(options.Level, options.Format, output)
    {
    }

    /// <summary>The least severe level that is written.</summary>
    public LogLevel Level { get; }

    /// <summary>Lines lost since the start: the queue was full, or the output took nothing at the end.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Whether a line of this level would be written; to save the work of preparing it.</summary>
    /// <param name="level">The level of the line.</param>
    public bool IsEnabled(LogLevel level) => level >= Level;

    /// <summary>Logs what helps to understand one particular connection.</summary>
    /// <param name="message">A constant phrase; what varies belongs in the fields.</param>
    /// <param name="fields">Named values; names in snake_case.</param>
    public void Debug(string message, params ReadOnlySpan<(string Name, object? Value)> fields) =>
        Write(LogLevel.Debug, message, fields);

    /// <summary>Logs what an operator wants to see once: start, stop, a change of state.</summary>
    /// <param name="message">A constant phrase; what varies belongs in the fields.</param>
    /// <param name="fields">Named values; names in snake_case.</param>
    public void Info(string message, params ReadOnlySpan<(string Name, object? Value)> fields) =>
        Write(LogLevel.Info, message, fields);

    /// <summary>Logs that something is wrong, and the process copes.</summary>
    /// <param name="message">A constant phrase; what varies belongs in the fields.</param>
    /// <param name="fields">Named values; names in snake_case.</param>
    public void Warn(string message, params ReadOnlySpan<(string Name, object? Value)> fields) =>
        Write(LogLevel.Warn, message, fields);

    /// <summary>Logs that something is wrong, and users notice.</summary>
    /// <param name="message">A constant phrase; what varies belongs in the fields.</param>
    /// <param name="fields">Named values; names in snake_case.</param>
    public void Error(string message, params ReadOnlySpan<(string Name, object? Value)> fields) =>
        Write(LogLevel.Error, message, fields);

    /// <summary>Queues a line, or counts it as dropped when the queue is full or the log disposed.</summary>
    /// <param name="level">How severe it is.</param>
    /// <param name="message">A constant phrase; what varies belongs in the fields.</param>
    /// <param name="fields">Named values; names in snake_case.</param>
    public void Write(LogLevel level, string message, params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        if (!IsEnabled(level)) return;
        var line = new LogLine(DateTime.UtcNow, level, message, fields.ToArray());
        if (!_queue.Writer.TryWrite(line)) Interlocked.Increment(ref _dropped);
    }

    /// <summary>
    /// Queues text that goes out as it is, at its place among the lines, whatever the level: a report. Waits for room
    /// for two seconds at most.
    /// </summary>
    /// <param name="text">The text, with the end of its last line.</param>
    public void WriteText(string text)
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            _queue.Writer.WriteAsync(LogLine.Verbatim(text), patience.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>
    /// Writes out what is queued and ends the thread. Lines logged later are dropped, and so are those that wait for
    /// an output that takes nothing: its thread ends with the process.
    /// </summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        if (_thread.Join(s_patience)) return;
        while (_queue.Reader.TryRead(out _)) Interlocked.Increment(ref _dropped);
    }

    private void WriteLines()
    {
        ChannelReader<LogLine> reader = _queue.Reader;
        long reported = 0;
        // Blocking is right here: the thread exists for nothing else.
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (reader.TryRead(out LogLine line)) WriteLine(line);

            long dropped = Dropped;
            if (dropped != reported) WriteLine(Report(dropped - reported));
            reported = dropped;
            Guard(_output.Flush);
        }
    }

    private void WriteLine(in LogLine line)
    {
        if (line.IsVerbatim)
        {
            string report = line.Message;
            Guard(() => _output.Write(report));
            return;
        }
        string text = _format == LogFormat.Json ? line.ToJson() : line.ToText();
        Guard(() => _output.WriteLine(text));
    }

    private static LogLine Report(long count) =>
        new(DateTime.UtcNow, LogLevel.Warn, "log lines dropped", [("count", count)]);

    // A log that cannot write (a closed pipe, a full disk) has nobody to tell, and must not end the process.
    private static void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
        }
    }
}
