using System.Diagnostics;
using System.Text;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Hosting;

/// <summary>The file of the access log, and what others may do to it meanwhile.</summary>
public sealed class AccessLogFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tailrace").FullName;
    private readonly string _path;

    public AccessLogFileTests() => _path = Path.Combine(_folder, "access.log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_appended_to()
    {
        File.WriteAllText(_path, "first\n");
        var log = Open();
        Write(log, 204);
        log.Dispose();
        log.Dispose();
        var lines = File.ReadAllLines(_path);
        Assert.Equal(2, lines.Length);
        Assert.Equal("first", lines[0]);
        Assert.EndsWith(" 204 0", lines[1]);
    }

    [Fact]
    public void Several_processes_may_write_to_the_same_file()
    {
        var (first, second) = (Open(), Open());
        Write(first, 201);
        Write(second, 202);
        first.Dispose();
        second.Dispose();
        Assert.Equal([201, 202], StatusesIn(_path).Order());
    }

    [Fact]
    public void A_file_that_is_truncated_goes_on_at_its_new_end()
    {
        using (var log = Open())
        {
            Write(log, 201);
            Await(() => new FileInfo(_path).Length > 0);
            using (var other = File.OpenHandle(_path, access: FileAccess.Write, share: FileShare.ReadWrite))
                RandomAccess.SetLength(other, 0);
            Write(log, 202);
        }
        Assert.DoesNotContain('\0', File.ReadAllText(_path));
        Assert.Equal([202], StatusesIn(_path));
    }

    [Fact]
    public void A_file_that_is_renamed_is_made_anew_without_being_told()
    {
        using (var log = Open())
        {
            Write(log, 201);
            Await(() => new FileInfo(_path).Length > 0);
            File.Move(_path, _path + ".1");
            // Also while there is nothing to write.
            Await(() => File.Exists(_path));
            Write(log, 202);
        }
        Assert.Equal([201], StatusesIn(_path + ".1"));
        Assert.Equal([202], StatusesIn(_path));
    }

    [Fact]
    public void What_has_taken_its_place_is_written_to()
    {
        using var file = (AccessLogFile)AccessLogFile.Open(_path, null);
        file.Write("a"u8);
        file.Follow();
        file.Write("b"u8);
        File.Move(_path, _path + ".1");
        File.WriteAllText(_path, "new ");
        file.Follow();
        file.Write("c"u8);
        Assert.Equal("ab", File.ReadAllText(_path + ".1"));
        Assert.Equal("new c", File.ReadAllText(_path));
    }

    [Fact]
    public void Where_no_other_can_be_opened_the_old_one_takes_the_lines_and_that_is_said_once()
    {
        using var text = new StringWriter();
        using (var log = new Log(LogLevel.Info, LogFormat.Text, text))
        {
            using var file = (AccessLogFile)AccessLogFile.Open(_path, log);
            File.Move(_path, _path + ".1");
            Directory.CreateDirectory(_path);
            file.Follow();
            file.Follow();
            file.Write("old"u8);
            Directory.Delete(_path);
            file.Follow();
            file.Write("new"u8);
        }
        Assert.Equal("old", File.ReadAllText(_path + ".1"));
        Assert.Equal("new", File.ReadAllText(_path));
        var line = Assert.Single(text.ToString().TrimEnd().Split('\n'));
        const string warning = "warn  the access log cannot be opened anew";
        Assert.EndsWith($"{warning} path={_path} because=\"it is a directory\"", line.TrimEnd());
    }

    [Fact]
    public void A_file_that_cannot_be_opened_is_named()
    {
        var missing = Path.Combine(_folder, "none", "access.log");
        var error = Assert.Throws<IOException>(() => Open(missing));
        Assert.Equal($"cannot open the access log '{missing}': there is no such directory", error.Message);

        var directory = Assert.Throws<IOException>(() => Open("/"));
        Assert.Contains("it is a directory", directory.Message);
    }

    [Fact]
    public async Task A_pipe_needs_somebody_who_reads_it()
    {
        using (var make = Process.Start("mkfifo", [_path])) make.WaitForExit();
        var stop = TestContext.Current.CancellationToken;
        var opening = Task.Run(() => Open(), stop);
        try
        {
            var error = await Assert.ThrowsAsync<IOException>(() => opening.WaitAsync(TimeSpan.FromSeconds(30), stop));
            const string reason = "it is a pipe that nobody reads, or a socket";
            Assert.Equal($"cannot open the access log '{_path}': {reason}", error.Message);
        }
        finally
        {
            // For writing too, so that this does not wait itself; who waits to write goes on.
            await using var both = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite);
            if (!opening.IsCompleted) (await opening).Dispose();
        }
        using var reader = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0);
        var log = Open();
        Write(log, 201);
        log.Dispose();
        var line = new byte[1000];
        Assert.Contains(" 201 0\n", Encoding.UTF8.GetString(line, 0, reader.Read(line)));
    }

    private AccessLog Open(string? path = null)
    {
        var options = new AccessLogOptions { Format = AccessLogFormat.Common, Path = path ?? _path };
        return AccessLog.Open(options, AccessLogFile.Open)!;
    }

    private static void Write(AccessLog log, int status) =>
        Assert.True(log.CreateWriter(0).TryWrite(new AccessEntry { Status = status }));

    private static IEnumerable<int> StatusesIn(string file) =>
        File.ReadAllLines(file).Select(line => int.Parse(line.Split(' ')[^2]));

    private static void Await(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)), "still waiting");
}
