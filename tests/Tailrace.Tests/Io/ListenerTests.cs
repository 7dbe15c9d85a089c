using Tailrace.Io;
using Tailrace.Simulation;

namespace Tailrace.Tests.Io;

/// <summary>Accepting pauses at the limit and goes on by itself.</summary>
public sealed class ListenerTests
{
    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void It_pauses_at_the_limit_and_goes_on_when_there_is_room(string engine)
    {
        using var rig = new LoopRig(engine);
        var (budget, served, pauses) = (new ConnectionBudget(2), new List<Connection>(), 0);
        rig.Run(async () =>
        {
            var handle = rig.Listen();
            var listener = new Listener(rig.Reactor, handle, budget, served.Add)
            {
                Paused = error =>
                {
                    Assert.Equal(IoError.None, error);
                    pauses++;
                },
            };
            listener.Start();
            var clients = new List<SocketConnection>();
            for (var i = 0; i < 4; i++)
            {
                var client = SocketConnection.Rent(rig.Reactor);
                Assert.False((await client.ConnectAsync(rig.AddressOf(handle))).IsError);
                clients.Add(client);
            }
            await rig.UntilAsync(() => pauses == 1 && served.Count == 2);
            Assert.Equal((2, 2), (served.Count, budget.Taken));
            Assert.True(budget.IsExhausted);

            foreach (var connection in served.ToArray())
            {
                connection.Close();
                budget.Return();
            }
            await rig.UntilAsync(() => served.Count == 4);
            Assert.Equal(2, budget.Taken);

            listener.Close();
            listener.Close();
            foreach (var connection in served.Skip(2).Concat(clients)) connection.Close();
            await rig.TurnsAsync(5);
        });
    }

    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void A_place_that_becomes_free_is_taken_at_once_and_waiting_is_no_error(string engine)
    {
        using var rig = new LoopRig(engine);
        var (budget, served, hasPaused) = (new ConnectionBudget(1), new List<Connection>(), false);
        rig.Run(async () =>
        {
            budget.Take();
            var handle = rig.Listen();
            var listener = new Listener(rig.Reactor, handle, budget, served.Add) { Paused = _ => hasPaused = true };
            listener.Start();
            var client = SocketConnection.Rent(rig.Reactor);
            Assert.False((await client.ConnectAsync(rig.AddressOf(handle))).IsError);
            await rig.UntilAsync(() => hasPaused);
            // No timer runs, and no turn waits.
            Assert.Equal(long.MaxValue, listener.Deadline);
            await Task.Run(budget.Return);
            await rig.UntilAsync(() => served.Count == 1);
            Assert.Equal((1, 0), (budget.Taken, rig.Reactor.Counters.AcceptErrors));
            listener.Close();
            served[0].Close();
            client.Close();
            await rig.TurnsAsync(5);
        });
    }

    [Fact]
    public void Who_waits_for_a_place_is_called_once_and_not_when_it_is_gone()
    {
        using var world = new SimWorld(seed: 1, _ => new SimConditions());
        var reactor = world.CreateReactor();
        var budget = new ConnectionBudget(1);
        var (first, second, gone) = (new Called(reactor.Loop), new Called(reactor.Loop), new Called(reactor.Loop));
        Assert.False(budget.TryWait(first));
        budget.Take();
        Assert.True(budget.TryWait(first) && budget.TryWait(second) && budget.TryWait(gone));
        gone.IsGone = true;
        for (var i = 0; i < 3; i++)
        {
            budget.Return();
            budget.Take();
        }
        world.RunUntil(() => first.Times > 0 && second.Times > 0, 1000, () => "nobody is called");
        Assert.Equal((1, 1, 0), (first.Times, second.Times, gone.Times));
    }

    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void It_can_be_closed_while_it_pauses(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (budget, hasPaused) = (new ConnectionBudget(1), false);
            budget.Take();
            var listener = new Listener(rig.Reactor, rig.Listen(), budget, _ => Assert.Fail("nothing may be accepted"))
            {
                Paused = _ => hasPaused = true,
            };
            listener.Start();
            await rig.UntilAsync(() => hasPaused);
            listener.Close();
            await rig.TurnsAsync(5);
        });
    }

    [Fact]
    public void A_budget_without_a_limit_is_never_exhausted()
    {
        var budget = new ConnectionBudget(0);
        for (var i = 0; i < 100; i++) budget.Take();
        Assert.False(budget.IsExhausted);
        Assert.Equal(100, budget.Taken);
        budget.Return();
        Assert.Equal(99, budget.Taken);
    }

    [Fact]
    public void A_budget_is_exhausted_at_its_limit_and_counts_what_goes_beyond()
    {
        var budget = new ConnectionBudget(2);
        budget.Take();
        Assert.False(budget.IsExhausted);
        budget.Take();
        Assert.True(budget.IsExhausted);
        budget.Take();
        budget.Return();
        Assert.True(budget.IsExhausted);
        budget.Return();
        Assert.False(budget.IsExhausted);
    }

    private sealed class Called(EventLoop loop) : ConnectionBudget.Waiter(loop)
    {
        internal int Times { get; private set; }

        internal override void Resume() => Times++;
    }
}
