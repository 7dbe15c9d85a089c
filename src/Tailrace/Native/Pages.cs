namespace Tailrace.Native;

/// <summary>Memory in whole pages, taken as it is touched (mmap(2), madvise(2), Linux).</summary>
internal static unsafe class Pages
{
    /// <summary>The size of a page: 4 KiB, or up to 64 on ARM.</summary>
    internal static readonly nuint Bytes = (nuint)Environment.SystemPageSize;

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
        var (first, length) = Whole((nuint)start, bytes, Bytes);
        if (length > 0) Libc.madvise((void*)first, length, DontNeed);
    }

    /// <summary>The pages that a range holds whole: the system takes a part of one for all of it.</summary>
    internal static (nuint First, nuint Length) Whole(nuint start, nuint bytes, nuint pageBytes)
    {
        var first = (start + pageBytes - 1) & ~(pageBytes - 1);
        var end = (start + bytes) & ~(pageBytes - 1);
        return (first, first < end ? end - first : 0);
    }

    private static byte* Checked(void* address) => (nint)address == -1 ? null : (byte*)address;
}
