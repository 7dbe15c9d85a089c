using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Hosting;

/// <summary>Each thing at most once a second, with a count of what was left out.</summary>
public sealed class FailureLogTests : IDisposable
{
    private readonly StringWriter _lines = new();
    private readonly Log _log;
    private readonly FailureLog _failures;
    private long _now = 5_000;

    public FailureLogTests()
    {
        _log = new Log(LogLevel.Info, LogFormat.Text, _lines);
        _failures = new FailureLog(_log, worker: 3, () => _now);
    }

    [Fact]
    public void Repetitions_within_a_second_are_counted()
    {
        for (var i = 0; i < 5; i++) _failures.Warn("it failed", "a");
        _now += 999;
        _failures.Warn("it failed", "a");
        _now += 1;
        _failures.Warn("it failed", "a");
        _now += 1000;
        _failures.Warn("it failed", "a");
        var lines = Lines();
        Assert.Equal(3, lines.Length);
        Assert.EndsWith("it failed about=a worker=3", lines[0]);
        Assert.EndsWith("it failed about=a worker=3 suppressed=5", lines[1]);
        Assert.EndsWith("it failed about=a worker=3", lines[2]);
    }

    [Fact]
    public void Other_things_are_told_beside_it()
    {
        _failures.Warn("one", "a");
        _failures.Warn("one", "b");
        _failures.Warn("two", "a");
        _failures.Warn("one", "a");
        Assert.Equal(3, Lines().Length);
    }

    [Fact]
    public void It_remembers_a_bounded_number_of_things()
    {
        for (var i = 0; i < 256; i++) _failures.Warn("it", $"{i}");
        _failures.Warn("it", "0");
        _failures.Warn("it", "one too many");
        _failures.Warn("it", "0");
        Assert.Equal(258, Lines().Length);
    }

    [Fact]
    public void A_log_that_takes_no_warnings_costs_nothing()
    {
        using var log = new Log(LogLevel.Error, LogFormat.Text, TextWriter.Null);
        var failures = new FailureLog(log, worker: 3, () => _now += 1000);
        failures.Warn("it failed", "a");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) failures.Warn("it failed", "a");
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    public void Dispose() => _log.Dispose();

    private string[] Lines()
    {
        _log.Dispose();
        return _lines.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
