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
            Assert.InRange(own.Count - given.Count, 1, 5);
        });

    [Fact]
    public void A_ring_that_is_full_takes_no_more_and_goes_round()
    {
        using var rig = new LoopRig("sim");
        var taken = new List<long>();
        var ring = new HandoverRing(rig.Loop, stream => taken.Add(stream.Descriptor));
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < HandoverRing.Capacity; i++) Assert.True(ring.TryAdd(new DetachedStream(i, null, default)));
            Assert.False(ring.TryAdd(default));
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
                while (!ring.TryAdd(new DetachedStream(i, null, default))) Thread.Yield();
            }
        });
        producer.Start();
        rig.Run(() => rig.UntilAsync(() => next == total));
        producer.Join();
        Assert.Equal(0, disorder);
    }

    private static void Accept(
        string engine, bool isInTurn, int clients,
        Action<LoopRig, ConnectionSpread, List<Connection>, List<Connection>> check)
    {
        using var acceptor = new LoopRig(engine);
        using var other = new LoopRig(engine);
        var (own, given) = (new List<Connection>(), new List<Connection>());
        var loads = new[] { new Counters(), new Counters() };
        HandoverRing[] rings = [new(acceptor.Loop, _ => Assert.Fail("it gave to itself")), new(other.Loop, Take)];
        var spread = new ConnectionSpread(0, isInTurn, loads, rings);
        var made = new List<SocketConnection>();
        acceptor.Run(async () =>
        {
            var handle = acceptor.Listen();
            var listener = new Listener(acceptor.Reactor, handle, new ConnectionBudget(0), Serve) { Spread = spread };
            listener.Start();
            for (var i = 0; i < clients; i++)
            {
                var client = SocketConnection.Rent(acceptor.Reactor);
                Assert.False((await client.ConnectAsync(acceptor.AddressOf(handle))).IsError);
                made.Add(client);
                await acceptor.UntilAsync(() => own.Count + rings[1].Count == made.Count);
            }
            listener.Close();
        });
        other.Run(async () =>
        {
            await other.UntilAsync(() => own.Count + given.Count == clients);
            Assert.All(given, connection => Assert.StartsWith("127.0.0.1:", connection.Remote.ToString()));
            foreach (var connection in given) await LoopRig.SendAsync(connection, "from the other");
            await other.TurnsAsync(5);
            foreach (var connection in given) connection.Close();
        });
        check(acceptor, spread, own, given);
        acceptor.Run(async () =>
        {
            foreach (var connection in own) connection.Close();
            var greeted = 0;
            foreach (var client in made)
            {
                var filled = await client.FillAsync();
                if (filled.Bytes > 0) greeted++;
                client.Close();
            }
            Assert.Equal(given.Count, greeted);
        });

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
}
