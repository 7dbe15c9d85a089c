using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Hosting;

/// <summary>Each thing at most once a second, with a count of what was left out.</summary>
public sealed class FailureLogTests : IDisposable
{
    private readonly StringWriter _lines = new();
    private readonly Log _log;
    private readonly FailureTurns _turns = new();
    private readonly FailureLog _failures;
    private long _now = 5_000;

    public FailureLogTests()
    {
        _log = new Log(LogLevel.Info, LogFormat.Text, _lines);
        _failures = new FailureLog(_log, worker: 3, () => _now, _turns);
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
    public void Workers_take_turns_together()
    {
        var other = new FailureLog(_log, worker: 4, () => _now, _turns);
        _failures.Warn("it failed", "a");
        other.Warn("it failed", "a");
        other.Warn("it failed", "b");
        _now += 1000;
        other.Warn("it failed", "a");
        _failures.Warn("it failed", "a");
        var lines = Lines();
        Assert.Equal(3, lines.Length);
        Assert.EndsWith("it failed about=a worker=3", lines[0]);
        Assert.EndsWith("it failed about=b worker=4", lines[1]);
        Assert.EndsWith("it failed about=a worker=4 suppressed=1", lines[2]);
    }

    [Fact]
    public void Threads_that_ask_at_once_get_one_turn()
    {
        var told = 0;
        Parallel.For(0, 10_000, _ =>
        {
            if (_turns.TryTake("it failed", "a", 5_000, out var _)) Interlocked.Increment(ref told);
        });
        Assert.Equal(1, told);
        Assert.True(_turns.TryTake("it failed", "a", 6_000, out var suppressed));
        Assert.Equal(9_999, suppressed);
    }

    [Fact]
    public void Beyond_a_number_of_things_the_others_take_turns_with_each_other()
    {
        for (var i = 0; i < FailureTurns.KindsMax; i++) _failures.Warn("it", $"{i}");
        // What is known is still told once a second, and so are all others together.
        _failures.Warn("it", "0");
        for (var i = 0; i < 100; i++) _failures.Warn("it", $"other {i}");
        _failures.Warn("it", "0");
        _now += 1000;
        _failures.Warn("it", "0");
        for (var i = 0; i < 100; i++) _failures.Warn("it", $"other {i}");
        var lines = Lines();
        Assert.Equal(FailureTurns.KindsMax + 3, lines.Length);
        Assert.EndsWith("about=0 worker=3 suppressed=2", lines[^2]);
        Assert.EndsWith("worker=3 suppressed=99", lines[^1]);
    }

    [Fact]
    public void Those_that_are_quiet_make_room()
    {
        for (var i = 0; i < FailureTurns.KindsMax; i++) _failures.Warn("it", $"{i}");
        _now += 20_000;
        _failures.Warn("it", "new");
        _failures.Warn("it", "newer");
        Assert.Equal(FailureTurns.KindsMax + 2, Lines().Length);
    }

    [Fact]
    public void A_log_that_takes_no_warnings_costs_nothing()
    {
        using var log = new Log(LogLevel.Error, LogFormat.Text, TextWriter.Null);
        var failures = new FailureLog(log, worker: 3, () => _now += 1000, new FailureTurns());
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
