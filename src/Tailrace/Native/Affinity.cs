namespace Tailrace.Native;

/// <summary>Which processors a thread may run on (sched_setaffinity(2), Linux).</summary>
internal static unsafe class Affinity
{
    private const int MaskWords = 16;

    /// <summary>The processors the calling thread may run on, lowest first; empty when it cannot be read.</summary>
    internal static List<int> Read()
    {
        var mask = stackalloc ulong[MaskWords];
        new Span<ulong>(mask, MaskWords).Clear();
        var processors = new List<int>();
        if (Libc.sched_getaffinity(0, MaskWords * sizeof(ulong), mask) < 0) return processors;
        for (var i = 0; i < MaskWords * 64; i++)
        {
            if ((mask[i / 64] >> (i % 64) & 1) != 0) processors.Add(i);
        }
        return processors;
    }

    /// <summary>Binds the calling thread to one processor; without effect when the system refuses.</summary>
    internal static void Pin(int processor)
    {
        var mask = stackalloc ulong[MaskWords];
        new Span<ulong>(mask, MaskWords).Clear();
        mask[processor / 64 % MaskWords] = 1UL << (processor % 64);
        Libc.sched_setaffinity(0, MaskWords * sizeof(ulong), mask);
    }
}
