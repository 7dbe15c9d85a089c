using Tailrace.Config;

namespace Tailrace.Telemetry;

/// <summary>The access log: takes the records of all reactors and writes them out on a thread of its own.</summary>
/// <remarks>
/// Each reactor gets its own <see cref="AccessLogWriter"/>. The thread looks at the rings every few milliseconds
/// instead of being woken, so that a reactor never makes a system call for a log line; records of one worker stay in
/// their order, records of different workers interleave. What did not fit a ring, or could not be written, is counted
/// and reported in the diagnostic log. The owner stops the reactors first and then disposes the log, which writes out
/// what is left, unless its output takes nothing for two seconds.
/// </remarks>
public sealed class AccessLog : IDisposable
{
    private const int BusyMilliseconds = 5;
    private const int IdleMilliseconds = 50;
    private const long ReportMilliseconds = 10_000;

    // Slow disks do with less; a pipe whose reader has stopped would take for ever.
    private const int EndMilliseconds = 2000;

    private readonly AccessLogFormat _format;
    private readonly Stream _output;
    private readonly int _queue;
    private readonly Log? _log;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stop = new();
    private readonly AccessLineBuffer _lines = new();
    private readonly Lock _writersLock = new();
    private AccessLogWriter[] _writers = [];
    private long _settled;
    private long _lost;
    private long _reportedLosses;
    private long _nextReport = Environment.TickCount64;

    /// <summary>Starts an access log and its thread.</summary>
    /// <param name="format">How a line looks; not <see cref="AccessLogFormat.Off"/>.</param>
    /// <param name="output">Where lines go; flushed at every turn of the thread, also at those without lines, and
    /// disposed with the log.</param>
    /// <param name="queue">Records that one writer may have waiting, rounded up to a power of two.</param>
    /// <param name="log">Where losses are reported; null: nowhere.</param>
    public AccessLog(AccessLogFormat format, Stream output, int queue = 8192, Log? log = null)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)format, (int)AccessLogFormat.Off);
        ArgumentOutOfRangeException.ThrowIfLessThan(queue, 1);
        (_format, _output, _queue, _log) = (format, output, queue, log);
        _thread = new Thread(WriteRecords) { IsBackground = true, Name = "tailrace access" };
        _thread.Start();
    }

    /// <summary>Records lost since the start: rings were full, or the output refused lines.</summary>
    public long Dropped
    {
        get
        {
            long dropped = Volatile.Read(ref _lost);
            foreach (AccessLogWriter writer in Volatile.Read(ref _writers)) dropped += writer.Dropped;
            return dropped;
        }
    }

    /// <summary>Starts the access log that the configuration asks for; null when it asks for none.</summary>
    /// <param name="options">Format, path and queue length.</param>
    /// <param name="openFile">Opens the file that is named; not called for stdout and stderr.</param>
    /// <param name="log">Where losses are reported; null: nowhere.</param>
    /// <exception cref="IOException">The file cannot be opened; the message says which and why.</exception>
    public static AccessLog? Open(AccessLogOptions options, Func<string, Log?, Stream> openFile, Log? log = null)
    {
        if (options.Format == AccessLogFormat.Off) return null;
        Stream output = options.Path switch
        {
            "stdout" => Console.OpenStandardOutput(),
            "stderr" => Console.OpenStandardError(),
            _ => openFile(options.Path, log),
        };
        return new AccessLog(options.Format, output, options.Queue, log);
    }

    /// <summary>Makes the writer of one reactor. Call at start, not per request.</summary>
    /// <param name="worker">The number of the worker, which its records carry.</param>
    public AccessLogWriter CreateWriter(int worker)
    {
        var writer = new AccessLogWriter(worker, _queue);
        lock (_writersLock) Volatile.Write(ref _writers, [.. _writers, writer]);
        return writer;
    }

    /// <summary>
    /// Writes out what the rings hold, ends the thread and closes the output. One that takes nothing is given up: its
    /// thread ends with the process.
    /// </summary>
    public void Dispose()
    {
        if (_stop.IsSet) return;
        _stop.Set();
        if (_thread.Join(EndMilliseconds))
        {
            _output.Dispose();
            return;
        }
        long waiting = -Volatile.Read(ref _settled);
        foreach (AccessLogWriter writer in Volatile.Read(ref _writers)) waiting += writer.Written;
        _log?.Warn("access log records given up, its output takes nothing", ("count", waiting));
    }

    private void WriteRecords()
    {
        while (true)
        {
            // Asked before the rings are drained: what was written before Dispose is always taken.
            bool last = _stop.IsSet;
            int taken = Drain();
            ReportLosses(force: last);
            if (last) return;
            _stop.Wait(taken > 0 ? BusyMilliseconds : IdleMilliseconds);
        }
    }

    private int Drain()
    {
        int taken = 0;
        foreach (AccessLogWriter writer in Volatile.Read(ref _writers))
        {
            // At most one ring's worth, so that a busy worker cannot keep the others waiting.
            int limit = writer.Ring.Capacity;
            while (limit-- > 0 && writer.Ring.TryPeek(out ReadOnlySpan<byte> record))
            {
                if (!_lines.HasRoom) Flush();
                _lines.Append(_format, AccessRecord.Decode(record), writer.Worker);
                writer.Ring.Release();
                taken++;
            }
        }
        Flush();
        return taken;
    }

    private void Flush()
    {
        try
        {
            if (_lines.Count > 0) _output.Write(_lines.Written);
            _output.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The latter is how the framework reports a write that the system does not permit.
            Volatile.Write(ref _lost, _lost + _lines.Count);
        }
        Volatile.Write(ref _settled, _settled + _lines.Count);
        _lines.Clear();
    }

    private void ReportLosses(bool force)
    {
        long now = Environment.TickCount64;
        long dropped = Dropped;
        if (dropped == _reportedLosses || (now < _nextReport && !force)) return;
        _log?.Warn("access log records dropped", ("count", dropped - _reportedLosses), ("total", dropped));
        _reportedLosses = dropped;
        _nextReport = now + ReportMilliseconds;
    }
}
