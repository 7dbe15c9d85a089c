namespace Tailrace.Native;

/// <summary>Processor time, by clock_gettime(2).</summary>
internal static unsafe class ProcessorClock
{
    private const int Thread = 3;

    // A thread's clock by its number, as pthread_getcpuclockid(3) makes it: the number's complement, and three bits
    // that say "of one thread, as the scheduler counts".
    private const int OfOneThread = 6;

    /// <summary>Nanoseconds of processor time that the calling thread has used; 0 where that is not known.</summary>
    internal static long OfThread() => Read(Thread);

    /// <summary>The calling thread's clock, for other threads to read.</summary>
    internal static int CurrentThreads() => ~Libc.gettid() << 3 | OfOneThread;

    /// <summary>Nanoseconds that a clock shows; 0 where that is not known, or its thread has ended.</summary>
    internal static long Read(int clock)
    {
        Uring.Timespec time;
        return Libc.clock_gettime(clock, &time) == 0 ? time.Seconds * 1_000_000_000 + time.Nanoseconds : 0;
    }
}
