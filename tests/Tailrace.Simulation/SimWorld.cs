using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Simulation;

/// <summary>All that is simulated in one run: clock, dice, network, reactors. One thread steps it.</summary>
internal sealed class SimWorld : IDisposable
{
    private readonly List<Reactor> _reactors = [];
    private int[] _order = [];

    /// <summary>Creates an empty world.</summary>
    internal SimWorld(ulong seed, Func<SimRandom, SimConditions> conditions, SimFaults? faults = null)
    {
        Random = new SimRandom(seed);
        Conditions = conditions(Random);
        Faults = faults ?? new SimFaults();
        Network = new SimNetwork(this);
        Datagrams = new SimDatagrams(this);
    }

    /// <summary>The dice.</summary>
    internal SimRandom Random { get; }

    /// <summary>How unkind the network is.</summary>
    internal SimConditions Conditions { get; }

    /// <summary>The fault that is put in on purpose.</summary>
    internal SimFaults Faults { get; }

    /// <summary>Virtual time.</summary>
    internal SimClock Clock { get; } = new();

    /// <summary>Who listens where.</summary>
    internal SimNetwork Network { get; }

    /// <summary>What becomes of datagrams.</summary>
    internal SimDatagrams Datagrams { get; }

    /// <summary>The reactor whose turns <see cref="SimFaults.StarveTurn"/> counts.</summary>
    internal Reactor? Starved { get; set; }

    /// <summary>Exceptions that nobody caught.</summary>
    internal List<Exception> Unhandled { get; } = [];

    /// <summary>A fingerprint of the run so far: equal seeds have equal ones.</summary>
    internal ulong Fingerprint { get; private set; } = 14695981039346656037;

    /// <summary>The most blocks that any reactor has had out at a time.</summary>
    internal int RentedMax { get; private set; }

    /// <summary>
    /// Whether something may go wrong by itself: the network fails, or a fault was put in and has happened.
    /// </summary>
    internal bool MayFail => Conditions.IsFaulty || Faults.HasStruck || IsAborting;

    /// <summary>
    /// The server has begun to stop: new connections and idle ones are refused, and what has begun goes on.
    /// </summary>
    internal bool IsStopping { get; set; }

    /// <summary>The server has given up what was still going on.</summary>
    internal bool IsAborting { get; set; }

    /// <summary>Whether the dice put a possible completion off.</summary>
    internal bool IsLate => Random.Chance(Conditions.Late);

    /// <summary>Creates a reactor on a machine of its own; its thread is never started.</summary>
    internal Reactor CreateReactor(long limitBytes = 64 << 20, int blockBytes = 4096, int bulkBytes = 32768) =>
        CreateReactor($"10.0.0.{_reactors.Count + 1}", limitBytes, blockBytes, bulkBytes);

    /// <summary>Creates a reactor on the machine with an address.</summary>
    internal Reactor CreateReactor(string host, long limitBytes, int blockBytes, int bulkBytes)
    {
        var loop = new SimLoop(this, host) { Unhandled = Unhandled.Add };
        var reactor = new Reactor(_reactors.Count, loop, new BufferPools(blockBytes, bulkBytes, limitBytes));
        _reactors.Add(reactor);
        _order = Enumerable.Range(0, _reactors.Count).ToArray();
        return reactor;
    }

    /// <summary>Calls something on a reactor's loop.</summary>
    internal void Call(Reactor reactor, Action call) => Start(reactor, () =>
    {
        call();
        return LoopTask.Completed;
    });

    /// <summary>Starts a method on a reactor's loop.</summary>
    internal void Start(Reactor reactor, Func<LoopTask> method)
    {
        reactor.Loop.Enter();
        try
        {
            method().Detach();
        }
        finally
        {
            reactor.Loop.Leave();
        }
    }

    /// <summary>Gives every loop a turn, in any order, and moves the clock when none had anything to do.</summary>
    /// <returns>False when nothing can ever happen again.</returns>
    internal bool Step()
    {
        var idle = true;
        Random.Shuffle(_order.AsSpan());
        foreach (var index in _order)
        {
            if (Random.Chance(Conditions.Busy))
            {
                idle = false;
                continue;
            }
            idle &= Turn(_reactors[index]);
        }
        Mix((ulong)Clock.Now);
        if (!idle)
        {
            // Work takes time too.
            if (Random.Chance(250)) Clock.MoveTo(Clock.Now + 1);
            return true;
        }
        var next = Clock.Next;
        foreach (var reactor in _reactors) next = Math.Min(next, ((SimLoop)reactor.Loop).WakesAt);
        if (next == long.MaxValue) return false;
        Clock.MoveTo(next + Random.Below(3));
        return true;
    }

    /// <summary>
    /// Steps until <paramref name="done"/>; fails when nothing moves any more or virtual time runs out.
    /// </summary>
    internal void RunUntil(Func<bool> done, int limitMs, Func<string> describe)
    {
        var limit = Clock.Now + limitMs;
        while (!done())
        {
            if (!Step()) throw new SimFailure($"stuck: {describe()}");
            if (Clock.Now > limit) throw new SimFailure($"not done after {limitMs} virtual ms: {describe()}");
            CheckUnhandled();
        }
    }

    /// <summary>Checks that everything is back: descriptors, blocks, timers.</summary>
    internal void CheckClean()
    {
        // Deadlines that were withdrawn leave the wheel when its slots come round, and a side that was not told of the
        // other's end goes by its own idle time, of which there may be two in a row.
        var until = Clock.Now + 70_000;
        while (Clock.Now < until && Step())
        {
        }
        foreach (var reactor in _reactors)
        {
            var loop = (SimLoop)reactor.Loop;
            CheckZero(loop.OpenHandles, "descriptors are open");
            CheckZero(reactor.Buffers.Rented, "blocks are out");
            CheckZero(loop.Timers.Count, "deadlines are left");
            CheckZero(loop.UnseenHeld, "times unseen bytes were kept and not given back");

            void CheckZero(int count, string what)
            {
                if (count > 0) throw new SimFailure($"reactor {reactor.Index}: {count} {what}");
            }
        }
        CheckUnhandled();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var reactor in _reactors) reactor.Dispose();
    }

    /// <summary>
    /// What a checker found inside a method is raised; anything else that nobody caught is a failure itself.
    /// </summary>
    private void CheckUnhandled()
    {
        if (Unhandled.Count == 0) return;
        throw Unhandled[0] is SimFailure found ? found : new SimFailure($"nobody caught {Unhandled[0]}");
    }

    private bool Turn(Reactor reactor)
    {
        var loop = (SimLoop)reactor.Loop;
        var (small, bulk) = (reactor.Buffers.Small, reactor.Buffers.Bulk);
        var limits = (small.Limit, bulk.Limit);
        if (reactor == Starved && Faults.Starves())
        {
            small.Limit = Math.Min(small.Limit, small.Rented + Faults.StarveAfter);
            bulk.Limit = Math.Min(bulk.Limit, bulk.Rented + Faults.StarveAfter);
        }
        loop.Enter();
        try
        {
            loop.Turn(-1);
        }
        finally
        {
            loop.Leave();
            (small.Limit, bulk.Limit) = limits;
        }
        RentedMax = Math.Max(RentedMax, reactor.Buffers.Rented);
        Mix((ulong)(reactor.Index * 7919 + loop.OpenHandles * 31 + reactor.Buffers.Rented));
        return loop.IsIdle;
    }

    private void Mix(ulong value) => Fingerprint = (Fingerprint ^ value) * 1099511628211;
}
