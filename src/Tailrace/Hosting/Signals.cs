using System.Runtime.InteropServices;

namespace Tailrace.Hosting;

/// <summary>
/// Waits for the signals that ask a process to end: SIGTERM, SIGINT and, on Windows, their likes; and for SIGUSR1,
/// which asks how it is doing.
/// </summary>
public static class Signals
{
    /// <summary>Blocks until the process is asked to end; a second signal ends it at once.</summary>
    /// <param name="report">Called on this thread for each SIGUSR1; null: such a signal ends the process.</param>
    public static void WaitForStop(Action? report = null)
    {
        using var woken = new SemaphoreSlim(0);
        var isStopping = false;
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop);
        using var asked = report is null || OperatingSystem.IsWindows()
            ? null
            : PosixSignalRegistration.Create(UserSignal, OnAsked);
        while (true)
        {
            woken.Wait();
            if (Volatile.Read(ref isStopping)) return;
            report!();
        }

        void OnStop(PosixSignalContext context)
        {
            // The default would end the process before its connections are closed.
            context.Cancel = !Volatile.Read(ref isStopping);
            Volatile.Write(ref isStopping, true);
            woken.Release();
        }

        void OnAsked(PosixSignalContext context)
        {
            context.Cancel = true;
            woken.Release();
        }
    }

    /// <summary>SIGUSR1, which has no name in .NET and not the same number everywhere.</summary>
    private static PosixSignal UserSignal => (PosixSignal)(OperatingSystem.IsLinux() ? 10 : 30);
}
