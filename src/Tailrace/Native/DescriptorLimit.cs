namespace Tailrace.Native;

/// <summary>How many file descriptors the process may have (getrlimit(2), RLIMIT_NOFILE, Linux).</summary>
internal static unsafe class DescriptorLimit
{
    private const int NumberOfFiles = 7;

    /// <summary>
    /// The number that the next descriptor will have; the largest of all when there is none, 0 when nobody can tell.
    /// </summary>
    internal static int LowestFree()
    {
        var fd = Libc.eventfd(0, SocketAbi.SockCloexec);
        if (fd < 0) return Libc.Errno is Errno.TooMany or Errno.TooManyInSystem ? int.MaxValue : 0;
        Libc.close(fd);
        return fd;
    }

    /// <summary>Takes a descriptor that is for nothing.</summary>
    /// <returns>Its number; negative when there is none.</returns>
    internal static int Take() => Libc.eventfd(0, SocketAbi.SockCloexec);

    /// <summary>Gives back what <see cref="Take"/> has taken.</summary>
    internal static void Return(int descriptor) => Libc.close(descriptor);

    /// <summary>Whether it is the system that has no file left, and not only this process that has no descriptor.
    /// </summary>
    internal static bool IsFileTableFull
    {
        get
        {
            var fd = Libc.eventfd(0, SocketAbi.SockCloexec);
            if (fd < 0) return Libc.Errno == Errno.TooManyInSystem;
            Libc.close(fd);
            return false;
        }
    }

    /// <summary>Raises the soft limit to the hard one.</summary>
    /// <returns>The limit in force, or <see cref="long.MaxValue"/> when it cannot be read or has no bound.</returns>
    internal static long Raise()
    {
        var limits = stackalloc ulong[2];
        if (Libc.getrlimit(NumberOfFiles, limits) < 0) return long.MaxValue;
        var soft = limits[0];
        limits[0] = limits[1];
        if (Libc.setrlimit(NumberOfFiles, limits) == 0) soft = limits[1];
        return (long)Math.Min(soft, long.MaxValue);
    }
}
