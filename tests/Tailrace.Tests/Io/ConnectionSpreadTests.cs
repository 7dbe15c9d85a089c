using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Io;

/// <summary>Who serves an accepted connection, on every back end and over real sockets.</summary>
public sealed class ConnectionSpreadTests
{
    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void In_turn_each_gets_as_many(string engine) => Accept(engine, isInTurn: true, clients: 9, (rig, spread, own, given) =>
    {
        Assert.Equal(5, own.Count);
        Assert.Equal(4, given.Count);
        Assert.Equal(4, spread.Given);
    });

    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void By_load_only_a_clear_difference_is_evened_out(string engine) =>
        Accept(engine, isInTurn: false, clients: 40, (rig, spread, own, given) =>
        {
            Assert.Equal(40, own.Count + given.Count);
            Assert.InRange(own.Count - given.Count, 1, 3);
        });

    [Theory]
    [InlineData(2, 3)]
    [InlineData(4, 6)]
    [InlineData(8, 25)]
    public void However_the_kernel_spreads_64_connections_no_worker_has_far_more_than_its_share(int workers, int percent)
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var all = new Workers(workers);
            var kernel = new Random(seed);
            for (var i = 0; i < 64; i++) all.Accept(kernel.Next(workers));
            Assert.InRange(all.Counts.Max() * workers * 100 / 64 - 100, 0, percent);
        }
    }

    [Fact]
    public void While_connections_come_and_go_most_stay_where_they_came()
    {
        var all = new Workers(2);
        var kernel = new Random(1);
        var open = new Queue<int>();
        for (var i = 0; i < 100_000; i++)
        {
            if (open.Count == 64) all.Close(open.Dequeue());
            open.Enqueue(all.Accept(kernel.Next(2)));
        }
        Assert.InRange(all.Moved, 0, 35_000);
    }

    [Fact]
    public void One_with_much_work_gives_new_connections_to_one_with_little_and_gets_none_back()
    {
        var all = new Workers(2);
        for (var i = 0; i < 8; i++) all.Accept(i % 2);
        all.Pass(shares: [0.9, 0.1]);
        for (var i = 0; i < 8; i++) Assert.Equal(1, all.Accept(i % 2));
        Assert.Equal([4L, 12L], all.Counts);
    }

    [Fact]
    public void One_with_little_work_gets_twice_as_many_connections_and_some()
    {
        var all = new Workers(2);
        for (var i = 0; i < 8; i++) all.Accept(i % 2);
        all.Pass(shares: [0.9, 0.1]);
        for (var i = 0; i < 100; i++) all.Accept(0);
        Assert.InRange(all.Counts[1], 2 * all.Counts[0], 2 * all.Counts[0] + 8);
    }

    [Fact]
    public void What_was_not_worth_the_way_before_is_not_so_when_the_work_has_become_even()
    {
        var all = new Workers(2);
        all.Accept(0);
        all.Pass(shares: [0.9, 0.1]);
        Assert.Equal(1, all.Accept(0));
        all.Pass(shares: [0.9, 0.5]);
        Assert.Equal(0, all.Accept(0));
    }

    [Fact]
    public void One_that_seems_idle_and_takes_nothing_gets_no_more()
    {
        var all = new Workers(2);
        all.Accept(0);
        all.Pass(shares: [0.9, 0]);
        Assert.Equal(1, all.Give(0));
        Assert.Equal(1, all.Give(0));
        all.Pass(shares: [0.9, 0]);
        Assert.Equal(0, all.Give(0));
        all.Take();
        Assert.Equal(1, all.Give(0));
    }

    [Fact]
    public void A_way_is_made_when_something_goes_it()
    {
        var all = new Workers(8);
        for (var i = 0; i < 8; i++) all.Give(i);
        Assert.Equal(0, all.Rings);
        for (var i = 0; i < 100; i++) all.Give(0);
        Assert.Equal(7, all.Rings);
        all.Take();
        Assert.All(all.Counts, count => Assert.InRange(count, 13, 17));
    }

    [Fact]
    public void A_ring_that_is_full_takes_no_more_and_goes_round()
    {
        using var rig = new LoopRig("sim");
        var taken = new List<long>();
        var ring = new HandoverRing(rig.Loop, stream => taken.Add(stream.Descriptor));
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < HandoverRing.Capacity; i++) Assert.True(ring.TryAdd(new DetachedStream(i, null, default), now: 0));
            Assert.False(ring.TryAdd(default, now: 0));
            Assert.Equal(HandoverRing.Capacity, ring.Count);
            ring.Resume();
            Assert.Equal(0, ring.Count);
        }
        Assert.Equal(3 * HandoverRing.Capacity, taken.Count);
        for (var i = 0; i < taken.Count; i++) Assert.Equal(i % HandoverRing.Capacity, taken[i]);
    }

    [Fact]
    public void A_ring_loses_nothing_between_two_threads()
    {
        const int total = 200_000;
        using var rig = new LoopRig("epoll");
        var (next, disorder) = (0L, 0);
        var ring = new HandoverRing(rig.Loop, stream =>
        {
            if (stream.Descriptor != next++) disorder++;
        });
        var producer = new Thread(() =>
        {
            for (var i = 0; i < total; i++)
            {
                while (!ring.TryAdd(new DetachedStream(i, null, default), now: 0)) Thread.Yield();
            }
        });
        producer.Start();
        rig.Run(() => rig.UntilAsync(() => next == total));
        producer.Join();
        Assert.Equal(0, disorder);
    }

    [Fact]
    public void What_a_worker_has_left_that_is_over_is_taken_back()
    {
        using var rig = new LoopRig("sim");
        var other = Loops.Create(Engine.Portable, eventsMax: 16);
        var ring = new HandoverRing(other, _ => Assert.Fail("nobody takes it"));
        var spread = new ConnectionSpread(0, isInTurn: true, [new(), new()], _ => ring, new WorkGauge(2, _ => 0));
        for (var i = 0; i < 3; i++) Assert.True(spread.RingTo(1).TryAdd(new DetachedStream(i, null, default), now: 0));
        Assert.False(spread.TryTakeBack(out _));
        other.Fail();
        for (var i = 0; i < 3; i++)
        {
            Assert.True(spread.TryTakeBack(out var stream));
            Assert.Equal(i, stream.Descriptor);
        }
        Assert.False(spread.TryTakeBack(out _));
        Assert.Equal(0, ring.Count);
        // What would be its turn is this one's.
        for (var i = 0; i < 4; i++) Assert.False(spread.TryGive(rig.Loop, null!));
    }

    private static void Accept(
        string engine, bool isInTurn, int clients,
        Action<LoopRig, ConnectionSpread, List<Connection>, List<Connection>> check)
    {
        using var acceptor = new LoopRig(engine);
        using var other = new LoopRig(engine);
        var (own, given) = (new List<Connection>(), new List<Connection>());
        var loads = new[] { new Counters(), new Counters() };
        HandoverRing? ring = null;
        var spread = new ConnectionSpread(0, isInTurn, loads, MakeRing, new WorkGauge(2, _ => 0));
        var made = new List<SocketConnection>();
        var handle = acceptor.Listen();
        var listener = new Listener(acceptor.Reactor, handle, new ConnectionBudget(0), Serve) { Spread = spread };
        acceptor.Run(() =>
        {
            listener.Start();
            return acceptor.TurnsAsync(1);
        });
        while (made.Count < clients)
        {
            acceptor.Run(async () =>
            {
                var client = SocketConnection.Rent(acceptor.Reactor);
                Assert.False((await client.ConnectAsync(acceptor.AddressOf(handle))).IsError);
                made.Add(client);
                await acceptor.UntilAsync(() => own.Count + given.Count + (ring?.Count ?? 0) == made.Count);
            });
            other.Run(() => other.UntilAsync(() => own.Count + given.Count == made.Count));
        }
        acceptor.Run(() =>
        {
            listener.Close();
            return acceptor.TurnsAsync(1);
        });
        other.Run(async () =>
        {
            Assert.All(given, connection => Assert.StartsWith("127.0.0.1:", connection.Remote.ToString()));
            foreach (var connection in given) await LoopRig.SendAsync(connection, "from the other");
            await other.TurnsAsync(5);
            foreach (var connection in given) connection.Close();
        });
        check(acceptor, spread, own, given);
        acceptor.Run(() =>
        {
            foreach (var connection in own) connection.Close();
            return ExpectGreetingsAsync(made, given.Count);
        });

        HandoverRing MakeRing(int target)
        {
            Assert.Equal(1, target);
            Assert.Null(ring);
            return ring = new HandoverRing(other.Loop, Take);
        }

        void Serve(Connection connection)
        {
            loads[0].Active++;
            own.Add(connection);
        }

        void Take(DetachedStream stream)
        {
            loads[1].Active++;
            given.Add(SocketConnection.Adopt(other.Reactor, other.Loop.Attach(stream)));
        }
    }

    private static async LoopTask ExpectGreetingsAsync(List<SocketConnection> clients, int count)
    {
        var greeted = 0;
        foreach (var client in clients)
        {
            var filled = await client.FillAsync();
            if (filled.Bytes > 0) greeted++;
            client.Close();
        }
        Assert.Equal(count, greeted);
    }

    /// <summary>Workers of which only counts and clocks matter.</summary>
    private sealed class Workers
    {
        private readonly Counters[] _loads;
        private readonly List<HandoverRing> _rings = [];
        private readonly ConnectionSpread[] _spreads;
        private readonly long[] _clocks;
        private long _now;

        internal Workers(int count)
        {
            _loads = [.. Enumerable.Range(0, count).Select(_ => new Counters())];
            _clocks = new long[count];
            using var rig = new LoopRig("sim");
            var loop = rig.Loop;
            _spreads = [.. Enumerable.Range(0, count).Select(self =>
                new ConnectionSpread(self, isInTurn: false, _loads, MakeRing, new WorkGauge(count, worker => _clocks[worker])))];
            Pass(new double[count]);

            HandoverRing MakeRing(int target)
            {
                _rings.Add(new HandoverRing(loop, _ => _loads[target].Active++));
                return _rings[^1];
            }
        }

        internal long[] Counts => [.. _loads.Select(load => load.Active)];

        internal int Moved { get; private set; }

        /// <summary>A connection comes to a worker. Returns who serves it.</summary>
        internal int Accept(int worker)
        {
            var server = _spreads[worker].Choose(_now);
            if (server != worker) Moved++;
            _loads[server].Active++;
            return server;
        }

        /// <summary>The same, but it has to travel if another is to serve it.</summary>
        internal int Give(int worker)
        {
            var server = _spreads[worker].Choose(_now);
            if (server == worker) _loads[server].Active++;
            else Assert.True(_spreads[worker].RingTo(server).TryAdd(default, _now));
            return server;
        }

        /// <summary>All take what they were given.</summary>
        internal void Take() => _rings.ForEach(ring => ring.Resume());

        /// <summary>Ways between workers that there are.</summary>
        internal int Rings => _rings.Count;

        internal void Close(int worker) => _loads[worker].Active--;

        /// <summary>A second passes, of which each worker was on a processor for a share.</summary>
        internal void Pass(double[] shares)
        {
            // Each has looked at its begin.
            foreach (var spread in _spreads) spread.Choose(_now);
            _now += 1000;
            for (var i = 0; i < shares.Length; i++) _clocks[i] += (long)(shares[i] * 1e9);
        }
    }
}
