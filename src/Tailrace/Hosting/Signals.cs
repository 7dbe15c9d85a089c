using System.Runtime.InteropServices;
using Tailrace.Io;

namespace Tailrace.Hosting;

/// <summary>
/// Hears the signals that ask a process to end: SIGTERM, SIGINT and, on Windows, their likes; SIGHUP, which asks for it
/// when the terminal is gone; and SIGUSR1, which asks how it is doing.
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
    private readonly Action? _onHangUp;
    private readonly bool _hasTerminal;
    private bool _isStopping;
    private bool _isInterrupted;

    /// <summary>Begins to hear them.</summary>
    /// <param name="onStop">Called when the process is asked to end, once, on a thread of .NET's own.</param>
    /// <param name="onHangUp">Called for each SIGHUP of a process that has no terminal, which changes nothing, on a
    /// thread of .NET's own.</param>
    /// <exception cref="StartException">The process may have too few descriptors for anything.</exception>
    public Signals(Action? onStop = null, Action? onHangUp = null)
    {
        (_onStop, _onHangUp) = (onStop, onHangUp);
        RequireDescriptors();
        _hasTerminal = HasTerminal();
        _registrations = [.. Heard.Select(signal => PosixSignalRegistration.Create(signal, OnSignal))];
    }

    /// <summary>Blocks until the process is asked to end; a second signal ends it at once.</summary>
    /// <param name="report">Called on this thread for each SIGUSR1; null: such a signal changes nothing.</param>
    public static void WaitForStop(Action? report = null)
    {
        using var signals = new Signals();
        signals.Wait(report);
    }

    /// <summary>Whether the process has been asked to end. Any thread.</summary>
    public bool IsStopping => Volatile.Read(ref _isStopping);

    /// <summary>
    /// Blocks until the process is asked to end or has been, or until <see cref="Interrupt"/>; a second signal ends it
    /// at once.
    /// </summary>
    /// <param name="report">Called on this thread for each SIGUSR1; null: such a signal changes nothing.</param>
    public void Wait(Action? report = null)
    {
        while (true)
        {
            _woken.Wait();
            if (IsStopping || Interlocked.Exchange(ref _isInterrupted, false)) return;
            report?.Invoke();
        }
    }

    /// <summary>Ends the wait as if the process had been asked to end. Any thread.</summary>
    public void Stop()
    {
        if (!Interlocked.Exchange(ref _isStopping, true)) _onStop?.Invoke();
        _woken.Release();
    }

    /// <summary>Ends the wait once, without any wish that the process end. Any thread.</summary>
    public void Interrupt()
    {
        Volatile.Write(ref _isInterrupted, true);
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
            : [PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP, UserSignal];

    /// <summary>SIGUSR1, which has no name in .NET and not the same number everywhere.</summary>
    private static PosixSignal UserSignal => (PosixSignal)(OperatingSystem.IsLinux() ? 10 : 30);

    /// <summary>Whether the process has a terminal, of whose end SIGHUP tells. Without one it is somebody's wish, by
    /// custom that the configuration be read again.</summary>
    private static bool HasTerminal()
    {
        try
        {
            File.OpenHandle("/dev/tty", FileMode.Open, FileAccess.Read, FileShare.ReadWrite).Dispose();
            return true;
        }
        catch (Exception none) when (none is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (context.Signal == PosixSignal.SIGHUP)
        {
            // Shells and the kernel may tell of the same end: no second one is meant to hurry.
            context.Cancel = true;
            if (_hasTerminal) Stop();
            else _onHangUp?.Invoke();
            return;
        }
        var isFirst = context.Signal != UserSignal && !Interlocked.Exchange(ref _isStopping, true);
        // The default would end the process before its connections are closed.
        context.Cancel = isFirst || context.Signal == UserSignal;
        if (isFirst) _onStop?.Invoke();
        _woken.Release();
    }
}
