using Microsoft.Win32.SafeHandles;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>An eventfd(2): by it any thread ends a loop's wait.</summary>
internal sealed unsafe class WakeEvent : IDisposable
{
    private readonly SafeFileHandle _event;

    /// <summary>Opens it.</summary>
    /// <param name="flags">SOCK_NONBLOCK, or 0 where the kernel is to wait for it.</param>
    /// <exception cref="IoException">The kernel refuses.</exception>
    internal WakeEvent(int flags = 0)
    {
        var fd = Libc.eventfd(0, flags | SocketAbi.SockCloexec);
        if (fd < 0) throw LinuxSockets.Refusal("eventfd");
        _event = new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>The descriptor that the loop waits for.</summary>
    internal int Descriptor => (int)_event.DangerousGetHandle();

    /// <summary>Ends the wait, or the next one. Any thread.</summary>
    internal void Set()
    {
        // A message may come when the loop has gone, and the descriptor's number may be another file's by then.
        var isHeld = false;
        try
        {
            _event.DangerousAddRef(ref isHeld);
            ulong one = 1;
            Libc.write(Descriptor, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
        }
        finally
        {
            if (isHeld) _event.DangerousRelease();
        }
    }

    /// <summary>Takes what has ended a wait: the next one waits again.</summary>
    internal void Reset()
    {
        ulong ignored;
        Libc.read(Descriptor, &ignored, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose() => _event.Dispose();
}
