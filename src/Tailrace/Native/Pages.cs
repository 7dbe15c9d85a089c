namespace Tailrace.Native;

/// <summary>Memory in whole pages, taken as it is touched (mmap(2), madvise(2), Linux).</summary>
internal static unsafe class Pages
{
    internal const nuint Bytes = 4096;

    private const int ProtectReadWrite = 3;
    private const int MapShared = 1;
    private const int MapPrivate = 2;
    private const int MapAnonymous = 0x20;
    private const int MapNoReserve = 0x4000;
    private const int MapPopulate = 0x8000;
    private const int DontNeed = 4;

    /// <summary>Reserves zeroed memory; null when the system has none.</summary>
    internal static byte* Reserve(nuint bytes) => Checked(
        Libc.mmap(null, bytes, ProtectReadWrite, MapPrivate | MapAnonymous | MapNoReserve, -1, 0));

    /// <summary>Maps what a descriptor offers; null on failure.</summary>
    internal static byte* Map(int fd, nuint bytes, long offset) => Checked(
        Libc.mmap(null, bytes, ProtectReadWrite, MapShared | MapPopulate, fd, offset));

    /// <summary>Ends a mapping.</summary>
    internal static void Unmap(byte* start, nuint bytes)
    {
        if (start != null) Libc.munmap(start, bytes);
    }

    /// <summary>Gives the whole pages of a range back; they read as zero afterwards.</summary>
    internal static void GiveBack(byte* start, nuint bytes)
    {
        var first = ((nuint)start + Bytes - 1) & ~(Bytes - 1);
        var end = ((nuint)start + bytes) & ~(Bytes - 1);
        if (first < end) Libc.madvise((void*)first, end - first, DontNeed);
    }

    private static byte* Checked(void* address) => (nint)address == -1 ? null : (byte*)address;
}
