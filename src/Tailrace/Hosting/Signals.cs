using System.Runtime.InteropServices;
using Tailrace.Io;

namespace Tailrace.Hosting;

/// <summary>
/// Hears the signals that ask a process to end: SIGTERM, SIGINT and, on Windows, their likes; and SIGUSR1, which asks
/// how it is doing.
/// </summary>
/// <remarks>
/// From its creation on none of them ends the process unheard, so it is created before a server starts: what has
/// connected by then is let finish. Any thread may create it and wait, one at a time.
/// </remarks>
public sealed class Signals : IDisposable
{
    /// <summary>What the runtime opens to hear them, and then to run.</summary>
    private const int Descriptors = 4;

    private readonly SemaphoreSlim _woken = new(0);
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Action? _onStop;
    private bool _isStopping;

    /// <summary>Begins to hear them.</summary>
    /// <param name="onStop">Called when the process is asked to end, once, on a thread of .NET's own.</param>
    /// <exception cref="StartException">The process may have too few descriptors for anything.</exception>
    public Signals(Action? onStop = null)
    {
        _onStop = onStop;
        RequireDescriptors();
        _registrations = [.. Heard.Select(signal => PosixSignalRegistration.Create(signal, OnSignal))];
    }

    /// <summary>Blocks until the process is asked to end; a second signal ends it at once.</summary>
    /// <param name="report">Called on this thread for each SIGUSR1; null: such a signal changes nothing.</param>
    public static void WaitForStop(Action? report = null)
    {
        using var signals = new Signals();
        signals.Wait(report);
    }

    /// <summary>Blocks until the process is asked to end or has been; a second signal ends it at once.</summary>
    /// <param name="report">Called on this thread for each SIGUSR1; null: such a signal changes nothing.</param>
    public void Wait(Action? report = null)
    {
        while (true)
        {
            _woken.Wait();
            if (Volatile.Read(ref _isStopping)) return;
            report?.Invoke();
        }
    }

    /// <summary>Ends the wait as if the process had been asked to end. Any thread.</summary>
    public void Stop()
    {
        if (!Interlocked.Exchange(ref _isStopping, true)) _onStop?.Invoke();
        _woken.Release();
    }

    /// <summary>The runtime throws from within a static constructor when it finds none.</summary>
    private static void RequireDescriptors()
    {
        try
        {
            Loops.RequireDescriptors(Descriptors);
        }
        catch (IoException failure)
        {
            throw new StartException(ListenErrors.Describe(failure), failure);
        }
    }

    /// <summary>Gives the signals back to who heard them before.</summary>
    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private static PosixSignal[] Heard =>
        OperatingSystem.IsWindows()
            ? [PosixSignal.SIGTERM, PosixSignal.SIGINT]
            : [PosixSignal.SIGTERM, PosixSignal.SIGINT, UserSignal];

    /// <summary>SIGUSR1, which has no name in .NET and not the same number everywhere.</summary>
    private static PosixSignal UserSignal => (PosixSignal)(OperatingSystem.IsLinux() ? 10 : 30);

    private void OnSignal(PosixSignalContext context)
    {
        var isFirst = context.Signal != UserSignal && !Interlocked.Exchange(ref _isStopping, true);
        // The default would end the process before its connections are closed.
        context.Cancel = isFirst || context.Signal == UserSignal;
        if (isFirst) _onStop?.Invoke();
        _woken.Release();
    }
}
