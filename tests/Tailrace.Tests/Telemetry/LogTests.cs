using System.Text.Json;
using Tailrace.Config;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Telemetry;

public sealed class LogTests
{
    private static readonly DateTime s_time = new(2026, 1, 31, 12, 0, 0, 7, DateTimeKind.Utc);

    [Fact]
    public void Text_lines()
    {
        string text = Line(
            ("address", "127.0.0.1:80"), ("workers", 2), ("pinned", false), ("why", "a b"), ("no", null)).ToText();
        Assert.Equal(
            "2026-01-31T12:00:00.007Z info  listening "
            + "address=127.0.0.1:80 workers=2 pinned=false why=\"a b\" no=\"\"",
            text);
    }

    [Fact]
    public void Text_lines_cannot_be_forged()
    {
        string text = Line(("host", "a\r\n2026 error\u001b[2J"), ("quote", "\"x")).ToText();
        Assert.EndsWith("host=\"a\\u000d\\n2026 error\\u001b[2J\" quote=\"\\\"x\"", text);
        Assert.DoesNotContain(text, char.IsControl);
    }

    [Fact]
    public void Json_lines()
    {
        string text = Line(
            ("workers", 2), ("ratio", 0.5), ("nan", double.NaN), ("pinned", true), ("none", null), ("bytes", 5L),
            ("host", "\u00e9\"\n")).ToJson();
        Assert.Equal(
            """
            {"time":"2026-01-31T12:00:00.007Z","level":"info","message":"listening","workers":2,"ratio":0.5,"nan":"NaN",
            "pinned":true,"none":null,"bytes":5,"host":"é\"\n"}
            """.ReplaceLineEndings(""),
            text);
        using JsonDocument json = JsonDocument.Parse(text);
        Assert.Equal("\u00e9\"\n", json.RootElement.GetProperty("host").GetString());
    }

    [Fact]
    public void Lines_below_the_level_are_not_written()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using (var log = new Log(LogLevel.Warn, LogFormat.Text, output))
        {
            log.Debug("one");
            log.Info("two");
            log.Warn("three");
            log.Error("four", ("code", 4));
            Assert.False(log.IsEnabled(LogLevel.Info));
            Assert.True(log.IsEnabled(LogLevel.Error));
        }
        string[] lines = output.ToString().TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.EndsWith("Z warn  three", lines[0]);
        Assert.EndsWith("Z error four code=4", lines[1]);
    }

    [Fact]
    public void Nobody_waits_for_the_output_and_lost_lines_are_reported()
    {
        using var output = new BlockedWriter();
        var log = new Log(LogLevel.Info, LogFormat.Text, output, queueLength: 4);
        log.Info("hangs");
        output.Entered.Wait(TestContext.Current.CancellationToken);
        for (int i = 0; i < 10; i++) log.Info("more");
        Assert.Equal(6, log.Dropped);

        output.Gate.Set();
        log.Dispose();
        Assert.Contains("warn  log lines dropped count=6", output.ToString());

        log.Info("too late");
        Assert.Equal(7, log.Dropped);
    }

    [Fact]
    public async Task An_output_that_takes_nothing_does_not_keep_the_log_from_ending()
    {
        await using var output = new BlockedWriter();
        var log = new Log(LogLevel.Info, LogFormat.Text, output, queueLength: 4);
        log.Info("hangs");
        output.Entered.Wait(TestContext.Current.CancellationToken);
        for (int i = 0; i < 3; i++) log.Info("more");
        try
        {
            await Task.Run(log.Dispose, TestContext.Current.CancellationToken)
                .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
        finally
        {
            output.Gate.Set();
        }
        Assert.Equal(3, log.Dropped);
    }

    [Fact]
    public void A_report_goes_out_as_it_is_at_its_place()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using (var log = new Log(LogLevel.Error, LogFormat.Json, output))
        {
            log.Error("one");
            log.WriteText("a  b\nc\n");
            log.Error("two");
        }
        string[] lines = output.ToString().TrimEnd().Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Contains("\"one\"", lines[0]);
        Assert.Equal(["a  b", "c"], lines[1..3]);
        Assert.Contains("\"two\"", lines[3]);
    }

    [Fact]
    public void An_output_that_fails_ends_nothing()
    {
        using var output = new FailingWriter();
        var log = new Log(LogLevel.Info, LogFormat.Json, output);
        log.Info("one");
        log.Info("two");
        log.Dispose();
        Assert.Equal(2, output.Attempts);
    }

    private static LogLine Line(params (string, object?)[] fields) => new(s_time, LogLevel.Info, "listening", fields);

    private sealed class BlockedWriter : StringWriter
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Gate { get; } = new();

        public override void WriteLine(string? value)
        {
            Entered.Set();
            Gate.Wait();
            base.WriteLine(value);
        }
    }

    private sealed class FailingWriter : StringWriter
    {
        public int Attempts { get; private set; }

        public override void WriteLine(string? value)
        {
            Attempts++;
            // The latter is how the framework reports EACCES, EPERM and EBADF.
            throw (Attempts == 1 ? new IOException("broken pipe") : new UnauthorizedAccessException());
        }
    }
}
