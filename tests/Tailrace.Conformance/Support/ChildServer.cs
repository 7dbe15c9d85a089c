using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Tailrace.Config;

namespace Tailrace.Conformance.Support;

/// <summary>The command in a process of its own, with limits that this process need not share.</summary>
internal sealed partial class ChildServer : IDisposable
{
    private readonly Process _process;

    internal ChildServer(string arguments, int descriptors)
        : this(arguments, $"ulimit -n {descriptors}")
    {
    }

    /// <summary>Starts it.</summary>
    /// <param name="arguments">Of the command.</param>
    /// <param name="limits">What the shell does first.</param>
    /// <param name="confine">What the thread that starts it does to itself first; the child inherits it.</param>
    internal ChildServer(string arguments, string limits, Action? confine = null)
    {
        var command = Path.Combine(AppContext.BaseDirectory, "Tailrace.Cli");
        _process = Start(confine, new ProcessStartInfo("/bin/sh")
        {
            // In a session of its own it has no terminal, whoever runs the tests.
            ArgumentList = { "-c", $"{limits}; exec setsid '{command}' {arguments}" },
            RedirectStandardError = true,
        });
        _process.ErrorDataReceived += (_, line) => Log.WriteLine(line.Data);
        _process.BeginErrorReadLine();
        Wait.Until(() => Log.With("started ").Any() || _process.HasExited, "it does not start");
        if (_process.HasExited) _process.WaitForExit();
    }

    /// <summary>The engine's name on the command line.</summary>
    internal static string NameOf(EngineChoice engine) =>
        engine == EngineChoice.IoUring ? "io_uring" : engine.ToString().ToLowerInvariant();

    /// <summary>What it has logged.</summary>
    internal LogLines Log { get; } = new();

    /// <summary>Where it listens, by its latest start; nowhere when it has not started.</summary>
    internal IPEndPoint Address =>
        Listening().Matches(Log.ToString()) is [.., var latest]
            ? IPEndPoint.Parse(latest.Groups[1].Value)
            : new IPEndPoint(IPAddress.None, 0);

    /// <summary>Whether it still runs.</summary>
    internal bool IsRunning => !_process.HasExited;

    /// <summary>How it has ended.</summary>
    internal int ExitCode => _process.ExitCode;

    /// <summary>The processor time that it has used.</summary>
    internal TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The processors that each worker may run on, in the kernel's words.</summary>
    internal IReadOnlyList<string> ProcessorsOfWorkers
    {
        get
        {
            const string key = "Cpus_allowed_list:";
            var found = new SortedDictionary<int, string>();
            foreach (var thread in Directory.GetDirectories($"/proc/{_process.Id}/task"))
            {
                var name = File.ReadAllText(Path.Combine(thread, "comm")).Trim();
                if (WorkerName().Match(name) is not { Success: true } worker) continue;
                var status = File.ReadLines(Path.Combine(thread, "status"));
                var processors = status.Single(line => line.StartsWith(key, StringComparison.Ordinal))[key.Length..];
                found.Add(int.Parse(worker.Groups[1].Value), processors.Trim());
            }
            return [.. found.Values];
        }
    }

    /// <summary>Sends it a signal by name.</summary>
    internal void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-s", name, $"{_process.Id}"]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (IsRunning) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    // On a thread of its own: what it takes from itself it never gets back.
    private static Process Start(Action? confine, ProcessStartInfo start)
    {
        Process? process = null;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                confine?.Invoke();
                process = Process.Start(start);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return process ?? throw new InvalidOperationException("the child does not start", failure);
    }

    [GeneratedRegex("listening=\"?([0-9.:]+)")]
    private static partial Regex Listening();

    [GeneratedRegex("^tailrace-([0-9]+)$")]
    private static partial Regex WorkerName();
}
