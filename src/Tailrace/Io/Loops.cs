using System.Runtime.InteropServices;
using Tailrace.Io.Backends;
using Tailrace.Native;

namespace Tailrace.Io;

/// <summary>Picks the loop back end and says which and why. The only place that names back ends.</summary>
public static class Loops
{
    /// <summary>Settles which engine to use.</summary>
    /// <param name="wanted">What the user asked for.</param>
    /// <param name="reason">Why it became what it is, for the start-up line.</param>
    /// <param name="uringRefusal">Why 'auto' is not to try io_uring; null: it is tried.</param>
    /// <exception cref="IoException">The wanted engine cannot run here.</exception>
    public static Engine Choose(Engine wanted, out string reason, string? uringRefusal = null)
    {
        switch (wanted)
        {
            case Engine.Epoll when !OperatingSystem.IsLinux():
                throw new IoException(IoError.NotPermitted, "engine epoll needs Linux; use 'auto' or 'portable'");
            case Engine.IoUring when !OperatingSystem.IsLinux():
                throw new IoException(IoError.NotPermitted, "engine io_uring needs Linux; use 'auto' or 'portable'");
            case Engine.IoUring when Refusal() is { } refusal:
                throw new IoException(IoError.NotPermitted, Cannot(refusal));
            case Engine.Auto when !OperatingSystem.IsLinux():
                reason = "not Linux";
                return Engine.Portable;
            case Engine.Auto when (uringRefusal ?? Refusal()) is { } refusal:
                reason = Off(refusal);
                return Engine.Epoll;
            case Engine.Auto:
                reason = $"io_uring works here, and took less processor time for a request than epoll ({Measured})";
                return Engine.IoUring;
            default:
                reason = "as configured";
                return wanted;
        }
    }

    /// <summary>An engine as it is written in configurations: <c>io_uring</c>.</summary>
    /// <param name="engine">The engine.</param>
    public static string NameOf(Engine engine) => engine switch
    {
        Engine.Auto => "auto",
        Engine.IoUring => "io_uring",
        Engine.Epoll => "epoll",
        _ => "portable",
    };

    /// <summary>Why io_uring cannot be had; null: it can.</summary>
    /// <exception cref="IoException">For want of descriptors, which no engine does without.</exception>
    private static string? Refusal()
    {
        RaiseDescriptorLimit();
        var refusal = UringProbe.Refusal();
        return refusal?.Error.IsOutOfDescriptors() == true ? throw refusal : refusal?.Message;
    }

    /// <summary>The measurement that 'auto' rests on where both engines of Linux work. A test reads it.</summary>
    internal const string Measured = "bench/results/2026-11-29-small.txt";

    /// <summary>Why 'auto' does without io_uring.</summary>
    internal static string Off(string refusal) => $"io_uring: off ({refusal}); epoll in use";

    /// <summary>What to tell a user who asked for io_uring.</summary>
    internal static string Cannot(string refusal) =>
        $"engine io_uring cannot run: {refusal}; allow the three io_uring system calls (seccomp profile, "
        + "sysctl kernel.io_uring_disabled) and enough locked memory (ulimit -l), or use engine 'auto' or 'epoll'";

    /// <summary>Creates a loop of a chosen engine.</summary>
    /// <param name="engine">As <see cref="Choose"/> gave it.</param>
    /// <param name="eventsMax">The most events taken from the system at a time.</param>
    /// <param name="pipesMax">
    /// The most pipes that carry bulk within the kernel, where the engine has that; 0: none.
    /// </param>
    /// <param name="socketBuffer">The loop's <see cref="EventLoop.SocketBuffer"/>.</param>
    public static EventLoop Create(Engine engine, int eventsMax, int pipesMax = 0, int socketBuffer = 0)
    {
        var reserve = new DescriptorReserve(RaiseDescriptorLimit());
        return engine switch
        {
            Engine.IoUring => new UringLoop(eventsMax, reserve, new UringSettings(), Pipes())
            {
                SocketBuffer = socketBuffer,
            },
            Engine.Epoll => new EpollLoop(eventsMax, reserve, Pipes()) { SocketBuffer = socketBuffer },
            Engine.Portable => new PortableLoop(eventsMax, reserve, OperatingSystem.IsLinux())
            {
                SocketBuffer = socketBuffer,
            },
            _ => throw new ArgumentOutOfRangeException(nameof(engine)),
        };

        PipePool? Pipes() => pipesMax > 0 ? new PipePool(reserve, pipesMax) : null;
    }

    /// <summary>The processors that this process may run on, in the order that workers get them.</summary>
    public static IReadOnlyList<int> Processors()
    {
        if (OperatingSystem.IsLinux() && Affinity.Read() is { Count: > 0 } allowed) return ProcessorOrder.Of(allowed);
        var all = new int[Environment.ProcessorCount];
        for (var i = 0; i < all.Length; i++) all[i] = i;
        return all;
    }

    /// <summary>Whether the system has the calls that are Linux's own.</summary>
    internal static bool HasLinuxCalls => OperatingSystem.IsLinux();

    /// <summary>Allows the process as many file descriptors as it may have, and says how many.</summary>
    internal static long RaiseDescriptorLimit() =>
        OperatingSystem.IsLinux() ? DescriptorLimit.Raise() : long.MaxValue;

    /// <summary>
    /// Makes sure that descriptors are left for connections, beyond those of the <see cref="DescriptorReserve"/>.
    /// </summary>
    /// <param name="others">How many others are about to be opened.</param>
    /// <exception cref="IoException">There are none.</exception>
    internal static void RequireDescriptors(int others = 0)
    {
        if (!OperatingSystem.IsLinux()) return;
        var reserve = new DescriptorReserve(DescriptorLimit.Raise());
        if (!reserve.Reaches(DescriptorLimit.LowestFree() + (long)others)) return;
        var error = DescriptorLimit.IsFileTableFull ? IoError.FileTableFull : IoError.OutOfDescriptors;
        throw new IoException(error, "nobody could be served");
    }

    /// <summary>Pins the calling thread to one processor.</summary>
    /// <returns>Null, or why the system does not.</returns>
    internal static string? PinCurrentThread(int processor)
    {
        if (!OperatingSystem.IsLinux()) return "not Linux";
        var errno = Affinity.Pin(processor);
        return errno == 0 ? null : $"sched_setaffinity: errno {errno}, {Marshal.GetPInvokeErrorMessage(errno)}";
    }

    /// <summary>The clock of the calling thread's processor time, or 0 where the system has none.</summary>
    internal static int ClockOfCurrentThread() => OperatingSystem.IsLinux() ? ProcessorClock.CurrentThreads() : 0;

    /// <summary>What a clock of processor time shows, in nanoseconds; 0 where there is none.</summary>
    internal static long ProcessorTime(int clock) => clock == 0 ? 0 : ProcessorClock.Read(clock);
}
