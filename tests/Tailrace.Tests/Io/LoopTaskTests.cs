using Tailrace.Io;

namespace Tailrace.Tests.Io;

public sealed class LoopTaskTests
{
    public static TheoryData<string> Engines => LoopRig.Engines;

    [Fact]
    public void A_method_that_does_not_suspend_has_its_result_at_once()
    {
        var task = Immediate();
        Assert.True(task.IsCompleted);
        Assert.Equal(7, Take(task));
        Assert.True(LoopTask.Completed.IsCompleted);

        static int Take(LoopTask<int> task) => task.GetAwaiter().GetResult();

        static async LoopTask<int> Immediate()
        {
            await LoopTask.Completed;
            return 7;
        }
    }

    [Fact]
    public void A_method_that_fails_at_once_raises_when_it_is_awaited()
    {
        var task = Fail();
        Assert.True(task.IsCompleted);
        Assert.Equal("at once", Assert.Throws<InvalidOperationException>(() => task.GetAwaiter().GetResult()).Message);

#pragma warning disable CS1998 // The method must not suspend.
        static async LoopTask Fail() => throw new InvalidOperationException("at once");
#pragma warning restore CS1998
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_suspended_method_returns_its_result_to_its_awaiter(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () => Assert.Equal(5050, await SumAsync(100)));

        async LoopTask<int> SumAsync(int count)
        {
            if (count == 0) return 0;
            await rig.Loop.YieldAsync();
            return count + await SumAsync(count - 1);
        }
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_failure_after_a_suspension_passes_through_every_awaiter(string engine)
    {
        using var rig = new LoopRig(engine);
        var cleaned = 0;
        var error = Assert.Throws<InvalidOperationException>(() => rig.Run(() => NestAsync(5)));
        Assert.Equal("deep", error.Message);
        Assert.Equal(6, cleaned);

        async LoopTask NestAsync(int depth)
        {
            try
            {
                await rig.Loop.YieldAsync();
                if (depth == 0) throw new InvalidOperationException("deep");
                await NestAsync(depth - 1);
            }
            finally
            {
                cleaned++;
            }
        }
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_failure_of_a_detached_method_reaches_the_loops_handler(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            FailAsync(suspend: false).Detach();
            FailAsync(suspend: true).Detach();
            await rig.TurnsAsync(3);
        });
        Assert.Equal(["False", "True"], rig.Unhandled.Select(exception => exception.Message));
        rig.Unhandled.Clear();

        async LoopTask FailAsync(bool suspend)
        {
            if (suspend) await rig.Loop.YieldAsync();
            throw new InvalidOperationException($"{suspend}");
        }
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_detached_method_runs_to_its_end(string engine)
    {
        using var rig = new LoopRig(engine);
        var ended = false;
        rig.Run(async () =>
        {
            RunAsync().Detach();
            Assert.False(ended);
            await rig.TurnsAsync(3);
        });
        Assert.True(ended);

        async LoopTask RunAsync()
        {
            await rig.Loop.YieldAsync();
            ended = true;
        }
    }

    [Theory, MemberData(nameof(Engines))]
    public void Awaiting_a_foreign_task_resumes_on_the_loops_thread(string engine)
    {
        using var rig = new LoopRig(engine);
        var home = Environment.CurrentManagedThreadId;
        rig.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await Task.Run(() => Assert.NotEqual(home, Environment.CurrentManagedThreadId));
                Assert.Equal(home, Environment.CurrentManagedThreadId);
                Assert.Same(rig.Loop, EventLoop.Current);
                Assert.Equal(i, await new ValueTask<int>(Task.Run(() => i)));
            }
        });
    }

    [Fact]
    public void A_method_resumes_on_its_own_loop_although_its_box_served_another()
    {
        // The box of the method is kept per thread; both rigs run on this one.
        for (var round = 0; round < 3; round++)
        {
            using var rig = new LoopRig("portable");
            rig.Run(async () =>
            {
                await Task.Run(() => { });
                Assert.Same(rig.Loop, EventLoop.Current);
            });
        }
    }

#if !DEBUG // In debug builds the compiler makes a state machine an object of its own.
    [Theory, MemberData(nameof(Engines))]
    public void Suspensions_allocate_nothing_once_warm(string engine)
    {
        using var rig = new LoopRig(engine);
        var allocated = -1L;
        rig.Run(async () =>
        {
            // The JIT's first code boxes awaiters; its optimized code, which it makes in the background, does not.
            for (var batch = 0; batch < 5000 && allocated != 0; batch++)
            {
                if (batch > 0) Thread.Sleep(5);
                allocated = await SuspendAsync(10_000);
            }
        });
        Assert.Equal(0, allocated);

        async LoopTask<long> SuspendAsync(int count)
        {
            var sum = await InnerAsync(0);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 1; i < count; i++) sum += await InnerAsync(i);
            var after = GC.GetAllocatedBytesForCurrentThread();
            if (sum != count * (count - 1) / 2) Assert.Fail("a result was lost");
            return after - before;
        }

        async LoopTask<int> InnerAsync(int value)
        {
            await OutermostAsync();
            return value;
        }

        async LoopTask OutermostAsync() => await rig.Loop.YieldAsync();
    }
#endif

    [Theory, MemberData(nameof(Engines))]
    public void Many_methods_may_be_suspended_at_once(string engine)
    {
        using var rig = new LoopRig(engine);
        var ended = 0;
        rig.Run(async () =>
        {
            for (var i = 0; i < 1000; i++) RunAsync(i).Detach();
            await rig.UntilAsync(() => ended == 1000);
        });

        async LoopTask RunAsync(int turns)
        {
            var mine = turns;
            for (var i = 0; i < turns % 7; i++) await rig.Loop.YieldAsync();
            Assert.Equal(mine, turns);
            ended++;
        }
    }
}
