using System.Text;
using Tailrace.Config;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Telemetry;

public sealed class AccessLogTests
{
    private const string NotPermitted = "not permitted";

    [Fact]
    public void Everything_written_before_the_end_is_in_the_output()
    {
        using var output = new MemoryStream();
        var log = new AccessLog(AccessLogFormat.Common, output, queue: 4096);
        AccessLogWriter[] writers = [log.CreateWriter(0), log.CreateWriter(1)];
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(writers[i % 2].TryWrite(new AccessEntry { Status = i }));
        }
        log.Dispose();

        string[] lines = Encoding.UTF8.GetString(output.ToArray()).TrimEnd('\n').Split('\n');
        Assert.Equal(Enumerable.Range(0, 1000), lines.Select(line => int.Parse(line.Split(' ')[^2])).Order());
        Assert.Equal((500L, 500L, 0L), (writers[0].Written, writers[1].Written, log.Dropped));
    }

    [Fact]
    public void What_does_not_fit_is_dropped_and_counted_and_reported()
    {
        using var output = new BlockedStream();
        using var text = new StringWriter();
        var diagnostics = new Log(LogLevel.Info, LogFormat.Text, text);
        var log = new AccessLog(AccessLogFormat.Json, output, queue: 4, diagnostics);
        AccessLogWriter writer = log.CreateWriter(0);

        // The thread takes the first record out of the ring and hangs in the output with it.
        Assert.True(writer.TryWrite(new AccessEntry { Status = 1 }));
        output.Entered.Wait(TestContext.Current.CancellationToken);
        int accepted = 0;
        for (int i = 0; i < 10; i++) accepted += writer.TryWrite(new AccessEntry { Status = 2 }) ? 1 : 0;

        Assert.Equal((4, 6L, 6L), (accepted, writer.Dropped, log.Dropped));

        output.Gate.Set();
        log.Dispose();
        diagnostics.Dispose();
        Assert.Equal(5, output.Lines);
        Assert.Contains("warn  access log records dropped count=6 total=6", text.ToString());
    }

    public static TheoryData<string> Failures => ["the disk is full", NotPermitted];

    [Theory, MemberData(nameof(Failures))]
    public void An_output_that_fails_costs_lines_and_nothing_else(string why)
    {
        using var output = new FailingStream(why);
        var log = new AccessLog(AccessLogFormat.Common, output, queue: 16);
        AccessLogWriter writer = log.CreateWriter(0);
        for (int i = 0; i < 3; i++) Assert.True(writer.TryWrite(new AccessEntry { Status = 200 }));
        log.Dispose();
        Assert.Equal(3, log.Dropped);
    }

    [Fact]
    public async Task An_output_that_takes_nothing_does_not_keep_the_log_from_ending()
    {
        using var output = new BlockedStream();
        await using var text = new StringWriter();
        using var diagnostics = new Log(LogLevel.Info, LogFormat.Text, text);
        var log = new AccessLog(AccessLogFormat.Common, output, queue: 16, diagnostics);
        AccessLogWriter writer = log.CreateWriter(0);
        Assert.True(writer.TryWrite(new AccessEntry { Status = 200 }));
        output.Entered.Wait(TestContext.Current.CancellationToken);
        for (int i = 0; i < 4; i++) Assert.True(writer.TryWrite(new AccessEntry { Status = 200 }));
        try
        {
            await Task.Run(log.Dispose, TestContext.Current.CancellationToken)
                .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
        finally
        {
            output.Gate.Set();
        }
        diagnostics.Dispose();
        Assert.Contains("warn  access log records given up, its output takes nothing count=5", text.ToString());
    }

    [Fact]
    public void Writing_allocates_nothing()
    {
        using var log = new AccessLog(AccessLogFormat.Common, Stream.Null, queue: 1024);
        AccessLogWriter writer = log.CreateWriter(0);
        byte[] target = new byte[2000];
        Write(writer, target, 10);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Write(writer, target, 10_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(10_010, writer.Written + writer.Dropped);
    }

    [Fact]
    public void Off_is_no_log_at_all() =>
        Assert.Null(AccessLog.Open(new AccessLogOptions(), (_, _) => throw new NotSupportedException()));

    private static void Write(AccessLogWriter writer, byte[] target, int count)
    {
        for (int i = 0; i < count; i++)
        {
            writer.TryWrite(new AccessEntry { Target = target, Host = "a.example"u8, Status = i });
        }
    }

    private sealed class BlockedStream : MemoryStream
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Gate { get; } = new();

        public int Lines { get; private set; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Entered.Set();
            Gate.Wait();
            Lines += buffer.Count((byte)'\n');
        }
    }

    private sealed class FailingStream(string why) : MemoryStream
    {
        // So the framework reports EACCES, EPERM and EBADF.
        public override void Write(ReadOnlySpan<byte> buffer) =>
            throw (why == NotPermitted ? new UnauthorizedAccessException(why) : new IOException(why));
    }
}
