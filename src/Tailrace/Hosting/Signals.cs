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
        using var stop = OnStop(() =>
        {
            Volatile.Write(ref isStopping, true);
            woken.Release();
        });
        using var asked = report is null || OperatingSystem.IsWindows()
            ? null
            : PosixSignalRegistration.Create(UserSignal, OnAsked);
        while (true)
        {
            woken.Wait();
            if (Volatile.Read(ref isStopping)) return;
            report!();
        }

        void OnAsked(PosixSignalContext context)
        {
            context.Cancel = true;
            woken.Release();
        }
    }

    /// <summary>Calls back when the process is asked to end, once; a second signal ends it at once.</summary>
    /// <param name="stop">Called on a thread of .NET's own.</param>
    /// <returns>What ends the listening for signals when it is disposed of.</returns>
    public static IDisposable OnStop(Action stop) => new StopSignals(stop);

    /// <summary>SIGUSR1, which has no name in .NET and not the same number everywhere.</summary>
    private static PosixSignal UserSignal => (PosixSignal)(OperatingSystem.IsLinux() ? 10 : 30);

    private sealed class StopSignals : IDisposable
    {
        private readonly Action _stop;
        private readonly PosixSignalRegistration _term;
        private readonly PosixSignalRegistration _interrupt;
        private int _signals;

        internal StopSignals(Action stop)
        {
            _stop = stop;
            _term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
            _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        }

        public void Dispose()
        {
            _term.Dispose();
            _interrupt.Dispose();
        }

        private void OnSignal(PosixSignalContext context)
        {
            var isFirst = Interlocked.Increment(ref _signals) == 1;
            // The default would end the process before its connections are closed.
            context.Cancel = isFirst;
            if (isFirst) _stop();
        }
    }
}
