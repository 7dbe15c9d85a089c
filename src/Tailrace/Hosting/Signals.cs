using System.Runtime.InteropServices;

namespace Tailrace.Hosting;

/// <summary>Waits for the signals that ask a process to end: SIGTERM, SIGINT and, on Windows, their likes.</summary>
public static class Signals
{
    /// <summary>Blocks until the process is asked to end; a second signal ends it at once.</summary>
    public static void WaitForStop()
    {
        using var stop = new ManualResetEventSlim();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        stop.Wait();

        void OnSignal(PosixSignalContext context)
        {
            // The default would end the process before its connections are closed.
            context.Cancel = !stop.IsSet;
            stop.Set();
        }
    }
}
