using Tailrace.Io;
using Tailrace.Simulation;

namespace Tailrace.Tests.Io;

/// <summary>Workers on many threads share the places: never more than there are, and none is left while somebody waits.</summary>
public sealed class ConnectionBudgetTests
{
    private const int StuckAfterMs = 30_000;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void No_more_are_taken_than_the_limit(int limit)
    {
        const int threads = 4, rounds = 2_000_000;
        var (budget, crowd) = (new ConnectionBudget(limit), new Crowd());
        using var start = new Barrier(threads);
        LoopRig.OnThreads(threads, _ =>
        {
            start.SignalAndWait();
            for (var round = 0; round < rounds; round++)
            {
                if (!budget.TryTake()) continue;
                crowd.Enter();
                crowd.Leave();
                budget.Return();
            }
        });
        Assert.InRange(crowd.Most, 1, limit);
        Assert.Equal(0, budget.Taken);
        for (var i = 0; i < limit; i++) Assert.True(budget.TryTake());
        Assert.False(budget.TryTake());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void Nobody_waits_in_vain(int limit)
    {
        const int threads = 8, rounds = 3000;
        var (budget, crowd) = (new ConnectionBudget(limit), new Crowd());
        LoopRig.OnThreads(threads, thread =>
        {
            using var loop = Loops.Create(Loops.Choose(Engine.Auto, out _), eventsMax: 16);
            var caller = new Called(loop);
            loop.Enter();
            for (var round = thread * 100; round < rounds; round++)
            {
                while (!budget.TryTake())
                {
                    if (budget.TryWait(caller)) caller.Await();
                }
                crowd.Enter();
                if (round % 8 == thread) Thread.Yield();
                crowd.Leave();
                budget.Return();
            }
            budget.Leave(caller);
            loop.Leave();
        });
        Assert.InRange(crowd.Most, 1, limit);
        Assert.Equal((0, threads * rounds - 2800), (budget.Taken, budget.Total));
    }

    [Fact]
    public void Who_waits_for_a_place_is_called_once_and_not_when_it_is_gone()
    {
        var (budget, loop, run) = World(limit: 1);
        var (first, second, gone) = (new Called(loop), new Called(loop), new Called(loop));
        Assert.False(budget.TryWait(first));
        Assert.True(budget.TryTake());
        Assert.True(budget.TryWait(first) && budget.TryWait(second) && budget.TryWait(gone));
        budget.Leave(gone);
        for (var i = 0; i < 3; i++)
        {
            budget.Return();
            Assert.True(budget.TryTake());
        }
        run();
        Assert.Equal((1, 1, 0), (first.Times, second.Times, gone.Times));
    }

    [Fact]
    public void A_place_that_is_given_back_calls_one_of_those_who_wait()
    {
        var (budget, loop, run) = World(limit: 1);
        var callers = new[] { new Called(loop), new Called(loop), new Called(loop) };
        Assert.True(budget.TryTake());
        foreach (var caller in callers) Assert.True(budget.TryWait(caller));
        budget.Return();
        run();
        Assert.Equal([1, 0, 0], callers.Select(caller => caller.Times));
        // Who has no use for it passes it on; when it is taken there is nothing to pass on.
        budget.PassOn();
        run();
        Assert.Equal([1, 1, 0], callers.Select(caller => caller.Times));
        Assert.True(budget.TryTake());
        budget.PassOn();
        run();
        Assert.Equal([1, 1, 0], callers.Select(caller => caller.Times));
    }

    [Fact]
    public void Who_is_called_and_leaves_passes_the_call_on()
    {
        var (budget, loop, run) = World(limit: 1);
        var (first, second) = (new Called(loop), new Called(loop));
        Assert.True(budget.TryTake());
        Assert.True(budget.TryWait(first) && budget.TryWait(second));
        budget.Return();
        budget.Leave(first);
        run();
        Assert.Equal(1, second.Times);
    }

    [Fact]
    public void Who_can_hear_no_call_any_more_is_passed_over()
    {
        var (budget, loop, run) = World(limit: 1);
        var failed = Loops.Create(Engine.Portable, eventsMax: 16);
        var (deaf, other) = (new Called(failed), new Called(loop));
        Assert.True(budget.TryTake());
        Assert.True(budget.TryWait(deaf) && budget.TryWait(other));
        failed.Fail();
        budget.Return();
        run();
        Assert.Equal((0, 1), (deaf.Times, other.Times));
    }

    [Fact]
    public void A_call_is_not_lost_with_a_loop_that_goes_down_meanwhile()
    {
        const int rounds = 5000;
        var loop = World(limit: 1).Loop;
        var budgets = new ConnectionBudget[rounds];
        var (deaf, others) = (new Called[rounds], new Called[rounds]);
        for (var i = 0; i < rounds; i++)
        {
            budgets[i] = new ConnectionBudget(1);
            (deaf[i], others[i]) = (new Called(Loops.Create(Engine.Portable, eventsMax: 16)), new Called(loop));
            Assert.True(budgets[i].TryTake());
            Assert.True(budgets[i].TryWait(deaf[i]) && budgets[i].TryWait(others[i]));
        }
        using var round = new Barrier(2);
        LoopRig.OnThreads(2, thread =>
        {
            for (var i = 0; i < rounds; i++)
            {
                round.SignalAndWait();
                if (thread == 0) budgets[i].Return();
                else End(deaf[i], budgets[i]);
            }
        });
        // Who waits behind it has been called.
        for (var i = 0; i < rounds; i++) Assert.Equal(0, others[i].IsWaiting);

        static void End(Called waiter, ConnectionBudget budget)
        {
            // As a worker ends: its listeners leave, and then the loop is down.
            waiter.Loop.RunOut(() => budget.Leave(waiter));
            waiter.Loop.Fail();
        }
    }

    [Fact]
    public void Without_a_limit_none_is_ever_the_last()
    {
        var budget = new ConnectionBudget(0);
        for (var i = 0; i < 100; i++) Assert.True(budget.TryTake());
        Assert.False(budget.IsExhausted);
        Assert.Equal(100, budget.Taken);
        budget.Return();
        Assert.Equal(99, budget.Taken);
    }

    [Fact]
    public void It_is_exhausted_at_its_limit()
    {
        var budget = new ConnectionBudget(2);
        Assert.True(budget.TryTake());
        Assert.False(budget.IsExhausted);
        Assert.True(budget.TryTake());
        Assert.True(budget.IsExhausted);
        Assert.False(budget.TryTake());
        Assert.Equal((2, 2L), (budget.Taken, budget.Total));
        budget.Return();
        Assert.False(budget.IsExhausted);
    }

    private static (ConnectionBudget Budget, EventLoop Loop, Action Run) World(int limit)
    {
        var world = new SimWorld(seed: 1, _ => new SimConditions());
        var loop = world.CreateReactor().Loop;
        return (new ConnectionBudget(limit), loop, () => { while (world.Step()) { } });
    }

    /// <summary>A worker that waits for its call.</summary>
    private sealed class Called(EventLoop loop) : ConnectionBudget.Waiter(loop)
    {
        private int _awaited;

        internal int Times { get; private set; }

        internal override void Resume() => Times++;

        /// <summary>On a thread that does nothing else meanwhile.</summary>
        internal void Await()
        {
            for (var end = Environment.TickCount64 + StuckAfterMs; Times == _awaited;)
            {
                Assert.True(Environment.TickCount64 < end, "a call was lost");
                Loop.Turn(StuckAfterMs);
            }
            _awaited = Times;
        }
    }
}
