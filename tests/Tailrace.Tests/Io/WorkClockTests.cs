using System.Diagnostics;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

public sealed class WorkClockTests
{
    [Fact]
    public void Others_read_how_long_a_thread_has_been_on_a_processor() =>
        OfAThread(() => Thread.SpinWait(100), clock => clock.Read() - clock.ReadWaited() > 10_000_000);

    [Fact]
    public void To_wait_for_a_processor_is_work()
    {
        var (processor, stop) = (Loops.Processors()[0], false);
        var rival = new Thread(() =>
        {
            Assert.Null(Loops.PinCurrentThread(processor));
            while (!Volatile.Read(ref stop)) Thread.SpinWait(100);
        });
        rival.Start();
        var isPinned = false;
        OfAThread(
            () =>
            {
                if (!isPinned) Assert.Null(Loops.PinCurrentThread(processor));
                isPinned = true;
                Thread.SpinWait(100);
            },
            clock => clock.ReadWaited() > 10_000_000);
        Volatile.Write(ref stop, true);
        rival.Join();
    }

    [Fact]
    public void That_of_a_thread_which_has_ended_can_still_be_read()
    {
        WorkClock? clock = null;
        var thread = new Thread(() => clock = new WorkClock());
        thread.Start();
        thread.Join();
        // The system may take a moment to end it.
        var watch = Stopwatch.StartNew();
        while (clock!.Read() > 0 && watch.Elapsed < TimeSpan.FromSeconds(20)) Thread.Yield();
        Assert.Equal(0, clock.Read());
        clock.Dispose();
        Assert.Equal(0, clock.ReadWaited());
    }

    /// <summary>Has a thread do something over and over until its clock, read by this one, shows what it should.</summary>
    private static void OfAThread(Action act, Func<WorkClock, bool> isEnough)
    {
        WorkClock? clock = null;
        var stop = false;
        var thread = new Thread(() =>
        {
            using var own = new WorkClock();
            Volatile.Write(ref clock, own);
            while (!Volatile.Read(ref stop)) act();
        });
        thread.Start();
        while (Volatile.Read(ref clock) is not { } known || !isEnough(known)) Thread.Yield();
        Volatile.Write(ref stop, true);
        thread.Join();
    }
}
