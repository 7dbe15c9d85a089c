using System.Net;
using System.Net.Sockets;
using Tailrace.Io;
using Tailrace.Memory;

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
    public void A_client_that_leaves_before_it_is_accepted_is_counted(string engine)
    {
        using var rig = new LoopRig(engine);
        var (budget, served) = (new ConnectionBudget(0), new List<Connection>());
        rig.Run(async () =>
        {
            var handle = rig.Listen();
            var address = (IPEndPoint)rig.Loop.LocalAddress(handle);
            using (var hasty = new TcpClient())
            {
                hasty.Connect(address);
                hasty.LingerState = new LingerOption(true, 0);
            }
            using var patient = new TcpClient();
            patient.Connect(address);
            var listener = new Listener(rig.Reactor, handle, budget, served.Add);
            listener.Start();
            var port = ((IPEndPoint)patient.Client.LocalEndPoint!).Port;
            await rig.UntilAsync(() => served.Any(one => one.Remote.Port == port));
            Assert.Equal(2, budget.Total + rig.Reactor.Counters.AcceptErrors);
            foreach (var connection in served) connection.Close();
            listener.Close();
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
            Assert.True(budget.TryTake());
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

    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void It_can_be_closed_while_it_pauses(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (budget, hasPaused) = (new ConnectionBudget(1), false);
            Assert.True(budget.TryTake());
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

    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void Who_is_accepted_as_another_worker_takes_the_last_place_waits_for_the_next(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (budget, served) = (new ConnectionBudget(1), new List<Connection>());
            var (listener, client) = await AcceptBeyondAsync(rig, budget, served);
            await Task.Run(budget.Return);
            await rig.UntilAsync(() => served.Count == 1);
            Assert.Equal(1, budget.Taken);
            listener.Close();
            await LoopRig.SendAsync(served[0], "served");
            await LoopRig.ExpectAsync(client, "served");
            served[0].Close();
            client.Close();
            await rig.TurnsAsync(5);
        });
    }

    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void Who_waits_so_is_reset_when_the_listener_is_closed(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (budget, served) = (new ConnectionBudget(1), new List<Connection>());
            var (listener, client) = await AcceptBeyondAsync(rig, budget, served);
            listener.Close();
            Assert.Equal(IoError.Reset, (await client.FillAsync()).Error);
            Assert.Empty(served);
            client.Close();
            await rig.TurnsAsync(5);
        });
    }

    /// <summary>Has a client accepted after another worker has taken the only place.</summary>
    private static async LoopTask<(Listener Listener, SocketConnection Client)> AcceptBeyondAsync(
        LoopRig rig, ConnectionBudget budget, List<Connection> served)
    {
        var (handle, hasPaused) = (rig.Listen(), false);
        var listener = new Listener(rig.Reactor, handle, budget, served.Add) { Paused = _ => hasPaused = true };
        listener.Start();
        await rig.TurnsAsync(3);
        Assert.True(budget.TryTake());
        var client = SocketConnection.Rent(rig.Reactor);
        Assert.False((await client.ConnectAsync(rig.AddressOf(handle))).IsError);
        await rig.UntilAsync(() => hasPaused || served.Count > 0);
        await rig.TurnsAsync(5);
        Assert.Equal((0, 1), (served.Count, budget.Taken));
        return (listener, client);
    }

    public static TheoryData<string, int> SharingEngines
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var row in LoopRig.Engines)
            {
                if (row.Data == "portable") continue;
                foreach (var limit in (int[])[1, 3]) data.Add(row.Data, limit);
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(SharingEngines))]
    public void Workers_together_serve_no_more_than_the_limit_and_everybody_in_the_end(string engine, int limit)
    {
        const int workers = 4, clients = 8, rounds = 100;
        var (budget, crowd) = (new ConnectionBudget(limit), new Crowd());
        var kind = Enum.Parse<Engine>(engine.Replace("_", ""), ignoreCase: true);
        var reactors = Enumerable.Range(0, workers).Select(i =>
            new Reactor(i, Loops.Create(kind, eventsMax: 64), new BufferPools(4096, 16384, 64 << 20))).ToArray();
        EndPoint address = new IPEndPoint(IPAddress.Loopback, 0);
        var listeners = new List<Listener>();
        foreach (var reactor in reactors)
        {
            var handle = reactor.Loop.Listen(address, new ListenSettings(128, Shared: true));
            address = reactor.Loop.LocalAddress(handle);
            var listener = new Listener(reactor, handle, budget, connection => ServeAsync(connection).Detach());
            listeners.Add(listener);
            reactor.Start();
            reactor.Loop.Post(listener.Start);
        }
        LoopRig.OnThreads(clients, _ => Visit());
        foreach (var (listener, reactor) in listeners.Zip(reactors)) reactor.Loop.Post(listener.Close);
        foreach (var reactor in reactors) reactor.Stop();
        foreach (var reactor in reactors) reactor.Dispose();
        Assert.InRange(crowd.Most, 1, limit);
        Assert.Equal((0, clients * rounds), (budget.Taken, budget.Total));

        async LoopTask ServeAsync(Connection connection)
        {
            crowd.Enter();
            await connection.FillAsync();
            crowd.Leave();
            connection.Close();
            budget.Return();
        }

        void Visit()
        {
            for (var round = 0; round < rounds; round++)
            {
                using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
                {
                    ReceiveTimeout = 30_000,
                };
                client.Connect(address);
                client.Shutdown(SocketShutdown.Send);
                // An end in order: it was served.
                Assert.Equal(0, client.Receive(new byte[1]));
            }
        }
    }
}
