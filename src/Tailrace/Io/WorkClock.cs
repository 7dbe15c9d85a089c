using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;

namespace Tailrace.Io;

/// <summary>How much a thread has had to do: the time that it was on a processor, or waited for one.</summary>
/// <remarks>
/// Made on that thread; when it has ended, what it did is no longer known. Where the kernel does not say how long a
/// thread has waited (proc(5), schedstat: its second number), only the time on a processor counts; elsewhere than on
/// Linux, none. It holds one descriptor.
/// </remarks>
internal sealed class WorkClock : IDisposable
{
    private const int TextBytesMax = 64;

    private readonly int _clock = Loops.ClockOfCurrentThread();
    private readonly SafeFileHandle? _schedule;

    internal WorkClock()
    {
        try
        {
            _schedule = File.OpenHandle("/proc/thread-self/schedstat", share: FileShare.ReadWrite);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Then nobody knows.
        }
    }

    /// <summary>Nanoseconds so far. Any thread.</summary>
    internal long Read() => Loops.ProcessorTime(_clock) + ReadWaited();

    /// <summary>Those of them in which the thread waited for a processor. Any thread.</summary>
    internal long ReadWaited()
    {
        if (_schedule is null) return 0;
        Span<byte> text = stackalloc byte[TextBytesMax];
        try
        {
            text = text[..RandomAccess.Read(_schedule, text, 0)];
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            return 0;
        }
        return Utf8Parser.TryParse(text[(text.IndexOf((byte)' ') + 1)..], out long waited, out _) ? waited : 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _schedule?.Dispose();
}
