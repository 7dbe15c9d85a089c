using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tailrace.Native;

/// <summary>Files whose every write goes to their end, whoever else writes (open(2), O_APPEND, Linux).</summary>
internal static unsafe class AppendFile
{
    private const int WriteOnly = 1;
    private const int Create = 0x40;
    private const int NoTerminal = 0x100;
    private const int Append = 0x400;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    // For reading and writing; the process's umask takes away from it.
    private const int Mode = 0x1B6;

    private const int SetFlags = 4;

    private const int CurrentFolder = -100;
    private const int EmptyPath = 0x1000;
    private const uint WantNumber = 0x100;
    private const int StatusBytes = 256;
    private const int NumberOffset = 32;
    private const int DeviceOffset = 136;

    /// <summary>Opens a file, and makes it where there is none. A pipe that nobody reads is an error (ENXIO).</summary>
    /// <param name="path">Its path.</param>
    /// <param name="errno">Why there is no handle; else 0.</param>
    internal static SafeFileHandle? TryOpen(string path, out int errno)
    {
        fixed (byte* text = Terminated(path))
        {
            var fd = Libc.open(text, WriteOnly | Create | NoTerminal | Append | NonBlocking | CloseOnExec, Mode);
            errno = fd < 0 ? Libc.Errno : 0;
            if (fd < 0) return null;
            // It is the opening that must not wait; a writer may, and is never told to come again.
            Libc.fcntl(fd, SetFlags, Append);
            return new SafeFileHandle(fd, ownsHandle: true);
        }
    }

    /// <summary>Which file is open: its device and its number there; null when the system does not say.</summary>
    internal static (long Device, long Number)? Identify(SafeFileHandle file)
    {
        fixed (byte* none = "\0"u8) return Identify((int)file.DangerousGetHandle(), none, EmptyPath, out _);
    }

    /// <summary>Which file has a path, links followed.</summary>
    /// <param name="path">The path, and a zero behind it.</param>
    /// <param name="isGone">Whether none has.</param>
    internal static (long Device, long Number)? Identify(ReadOnlySpan<byte> path, out bool isGone)
    {
        fixed (byte* text = path)
        {
            var identity = Identify(CurrentFolder, text, 0, out var errno);
            isGone = errno == Errno.NoEntry;
            return identity;
        }
    }

    /// <summary>A path as the system takes it.</summary>
    internal static byte[] Terminated(string path) => Encoding.UTF8.GetBytes(path + '\0');

    private static (long Device, long Number)? Identify(int folder, byte* path, int flags, out int errno)
    {
        var status = stackalloc byte[StatusBytes];
        errno = Libc.statx(folder, path, flags, WantNumber, status) < 0 ? Libc.Errno : 0;
        return errno == 0 ? (*(long*)(status + DeviceOffset), *(long*)(status + NumberOffset)) : null;
    }
}
