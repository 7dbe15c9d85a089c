using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Tailrace.Config;

namespace Tailrace.Conformance.Support;

/// <summary>The command in a process of its own, with a limit of descriptors that this process need not share.</summary>
internal sealed partial class ChildServer : IDisposable
{
    private readonly Process _process;

    internal ChildServer(string arguments, int descriptors)
    {
        var command = Path.Combine(AppContext.BaseDirectory, "Tailrace.Cli");
        _process = Process.Start(new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", $"ulimit -n {descriptors}; exec '{command}' {arguments}" },
            RedirectStandardError = true,
        })!;
        _process.ErrorDataReceived += (_, line) => Log.WriteLine(line.Data);
        _process.BeginErrorReadLine();
        Wait.Until(() => Log.With("started ").Any() || _process.HasExited, "it does not start");
        Address = IPEndPoint.Parse(Listening().Match(Log.ToString()).Groups[1].Value);
    }

    /// <summary>The engine's name on the command line.</summary>
    internal static string NameOf(EngineChoice engine) =>
        engine == EngineChoice.IoUring ? "io_uring" : engine.ToString().ToLowerInvariant();

    /// <summary>What it has logged.</summary>
    internal LogLines Log { get; } = new();

    /// <summary>Where it listens.</summary>
    internal IPEndPoint Address { get; }

    /// <summary>Whether it still runs.</summary>
    internal bool IsRunning => !_process.HasExited;

    /// <summary>The processor time that it has used.</summary>
    internal TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    [GeneratedRegex("listening=([0-9.:]+)")]
    private static partial Regex Listening();
}
