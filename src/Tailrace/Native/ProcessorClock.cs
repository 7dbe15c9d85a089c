namespace Tailrace.Native;

/// <summary>Processor time, by clock_gettime(2).</summary>
internal static unsafe class ProcessorClock
{
    private const int Thread = 3;

    /// <summary>Nanoseconds of processor time that the calling thread has used; 0 where that is not known.</summary>
    internal static long OfThread()
    {
        Uring.Timespec time;
        return Libc.clock_gettime(Thread, &time) == 0 ? time.Seconds * 1_000_000_000 + time.Nanoseconds : 0;
    }
}
