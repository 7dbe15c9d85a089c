namespace Tailrace.Native;

/// <summary>Which processors a thread may run on (sched_setaffinity(2), Linux).</summary>
internal static unsafe class Affinity
{
    /// <summary>As many processors as a kernel can be built for.</summary>
    private const int ProcessorsMax = 8192;

    /// <summary>Bytes of the mask that is handed over.</summary>
    internal const int MaskBytes = ProcessorsMax / 8;

    /// <summary>The processors the calling thread may run on, lowest first; empty when it cannot be read.</summary>
    internal static List<int> Read()
    {
        var mask = stackalloc ulong[MaskBytes / sizeof(ulong)];
        new Span<byte>(mask, MaskBytes).Clear();
        var processors = new List<int>();
        if (Libc.sched_getaffinity(0, MaskBytes, mask) < 0) return processors;
        for (var i = 0; i < ProcessorsMax; i++)
        {
            if ((mask[i / 64] >> (i % 64) & 1) != 0) processors.Add(i);
        }
        return processors;
    }

    /// <summary>Binds the calling thread to one processor.</summary>
    /// <returns>0, or the errno.</returns>
    internal static int Pin(int processor)
    {
        if (processor >= ProcessorsMax) return Errno.Invalid;
        var mask = stackalloc ulong[MaskBytes / sizeof(ulong)];
        new Span<byte>(mask, MaskBytes).Clear();
        mask[processor / 64] = 1UL << (processor % 64);
        return Libc.sched_setaffinity(0, MaskBytes, mask) < 0 ? Libc.Errno : 0;
    }
}
