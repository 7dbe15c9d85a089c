using System.Net;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Simulation;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Proxy.Udp;

/// <summary>A UDP listener on a simulated reactor, whose socket may be broken for a while.</summary>
public sealed class UdpServerTests
{
    private const string Host = "10.0.0.1";
    private const int LastsMs = 5_000;

    [Fact]
    public void A_socket_that_goes_on_failing_is_tried_now_and_then_until_it_works_again()
    {
        using var world = new SimWorld(seed: 1, _ => new SimConditions());
        using var log = new Log(LogLevel.Error, output: TextWriter.Null);
        var plan = Snapshot.Build(Options()).Listeners[0];
        var reactor = world.CreateReactor(Host, limitBytes: 1 << 20, 4096, 32768);
        var worker = new Worker(reactor, Snapshot.Build(Options()), log);
        worker.SetAddresses("origins", 0, [new IPEndPoint(IPAddress.Parse("10.0.1.1"), 53).Serialize()]);
        worker.Bind(plan, plan.Address, shared: false, accessLog: null);
        worker.Serve();

        world.Datagrams.IsBroken = true;
        var outside = world.CreateReactor();
        IoHandle? client = null;
        world.Call(outside, () => client = Connect(outside.Loop, plan.Address));
        world.Call(outside, () => SendOne(outside.Loop, client!));
        var end = world.Clock.Now + LastsMs;
        world.RunUntil(() => world.Clock.Now >= end, 2 * LastsMs, () => "time stands still");
        Assert.InRange(world.Datagrams.BrokenReceives, 1, 200);
        Assert.Equal(0, reactor.Counters.Udp.Opened);

        world.Datagrams.IsBroken = false;
        world.RunUntil(() => reactor.Counters.Udp.Opened == 1, LastsMs, () => "what waited is not received");
        world.Call(outside, () => outside.Loop.Close(client!));
        world.Call(reactor, worker.Drain);
        world.CheckClean();
    }

    [Fact]
    public void A_socket_that_is_closed_while_it_fails_is_not_tried_again()
    {
        using var world = new SimWorld(seed: 1, _ => new SimConditions());
        using var log = new Log(LogLevel.Error, output: TextWriter.Null);
        var plan = Snapshot.Build(Options()).Listeners[0];
        var reactor = world.CreateReactor(Host, limitBytes: 1 << 20, 4096, 32768);
        var worker = new Worker(reactor, Snapshot.Build(Options()), log);
        worker.Bind(plan, plan.Address, shared: false, accessLog: null);
        worker.Serve();
        world.Datagrams.IsBroken = true;
        var end = world.Clock.Now + LastsMs;
        world.RunUntil(() => world.Clock.Now >= end, 2 * LastsMs, () => "time stands still");
        world.Call(reactor, worker.Drain);
        var tries = world.Datagrams.BrokenReceives;
        world.CheckClean();
        Assert.Equal(tries, world.Datagrams.BrokenReceives);
    }

    [Fact]
    public void An_address_that_was_refused_is_tried_by_one_session_at_a_time_and_ever_less_often()
    {
        using var rig = new TwoAddresses(TimeSpan.FromMinutes(10));
        rig.Knock(2);
        rig.Pass(50);
        Assert.Equal(1, rig.Refused);
        rig.Pass(AddressRing.LeftOutMs);
        rig.Knock(4);
        rig.Pass(50);
        Assert.Equal(2, rig.Refused);
        rig.Pass(AddressRing.LeftOutMs);
        rig.Knock(4);
        rig.Pass(AddressRing.LeftOutMs);
        Assert.Equal(2, rig.Refused);
        rig.Knock(4);
        rig.Pass(50);
        Assert.Equal(3, rig.Refused);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_is_back_when_it_has_answered_or_was_silent_to_the_end_of_a_session(bool answers)
    {
        using var rig = new TwoAddresses(answers ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(2));
        rig.Knock(2);
        rig.Pass(50);
        Assert.Equal(1, rig.Refused);
        rig.Revive(answers);
        rig.Pass(AddressRing.LeftOutMs);
        rig.Knock(4);
        rig.Pass(50);
        Assert.Equal(1, rig.Heard);
        rig.Pass(3_000);
        rig.Knock(4);
        rig.Pass(50);
        Assert.Equal((3, 1), (rig.Heard, rig.Refused));
    }

    private static IoHandle Connect(EventLoop loop, EndPoint address)
    {
        Assert.False(loop.ConnectDatagrams(address.Serialize(), out var socket).IsError);
        return socket!;
    }

    private static void SendOne(EventLoop loop, IoHandle socket, DatagramAddress to = default)
    {
        var batch = loop.Datagrams;
        batch[batch.Used] = new Datagram { Length = 3 };
        var run = new DatagramRun { First = batch.Used, Count = 1, To = to };
        batch.Add(1);
        loop.SendDatagrams(socket, new Span<DatagramRun>(ref run));
        batch.Used = 0;
    }

    private static TailraceOptions Options() => new()
    {
        Listeners =
        [
            new ListenerOptions { Address = $"{Host}:53", Protocol = ListenerProtocol.Udp, Cluster = "origins" },
        ],
        Clusters = new Dictionary<string, ClusterOptions>
        {
            ["origins"] = new() { Destinations = [new DestinationOptions { Address = "udp://10.0.1.1:53" }] },
        },
    };

    /// <summary>A listener whose destination has two addresses; nobody listens at the first.</summary>
    private sealed class TwoAddresses : IDisposable
    {
        private readonly SimWorld _world = new(seed: 1, _ => new SimConditions { LatencyMsMax = 0, Late = 0, ShortRead = 0 });
        private readonly Log _log = new(LogLevel.Error, output: TextWriter.Null);
        private readonly List<(Reactor Reactor, IoHandle Socket)> _origins = [];
        private readonly EndPoint _address;
        private readonly Reactor _reactor;
        private readonly Reactor _clients;
        private readonly Worker _worker;

        internal TwoAddresses(TimeSpan idle)
        {
            var options = Options();
            var listener = options.Listeners[0] with { Timeouts = new ListenerTimeouts { Idle = idle } };
            var snapshot = Snapshot.Build(options with { Listeners = [listener] });
            var plan = snapshot.Listeners[0];
            _address = plan.Address;
            _reactor = _world.CreateReactor(Host, limitBytes: 1 << 20, 4096, 32768);
            _clients = _world.CreateReactor();
            _worker = new Worker(_reactor, snapshot, _log);
            _worker.SetAddresses("origins", 0, [Place(1).Serialize(), Place(2).Serialize()]);
            _worker.Bind(plan, plan.Address, shared: false, accessLog: null);
            _worker.Serve();
            Listen(2);
        }

        /// <summary>Sessions that were refused.</summary>
        internal long Refused => _reactor.Counters.Udp.Unreachable;

        /// <summary>Datagrams that the first address has got.</summary>
        internal int Heard { get; private set; }

        /// <summary>Has so many new clients send at once.</summary>
        internal void Knock(int clients) => _world.Call(_clients, () =>
        {
            for (var i = 0; i < clients; i++)
            {
                var socket = Connect(_clients.Loop, _address);
                SendOne(_clients.Loop, socket);
                _clients.Loop.Close(socket);
            }
        });

        /// <summary>Somebody listens at the first address from now on.</summary>
        internal void Revive(bool answers)
        {
            var (reactor, socket) = Listen(1);
            _world.Start(reactor, () => ServeAsync(reactor.Loop, socket, answers));
        }

        internal void Pass(int milliseconds)
        {
            var isOver = false;
            _world.Start(_clients, async () =>
            {
                await new SimPause(_clients.Loop).For(milliseconds);
                isOver = true;
            });
            _world.RunUntil(() => isOver, 2 * milliseconds, () => "time stands still");
        }

        public void Dispose()
        {
            foreach (var (reactor, socket) in _origins) _world.Call(reactor, () => reactor.Loop.Close(socket));
            _world.Call(_reactor, _worker.Drain);
            _world.CheckClean();
            _world.Dispose();
            _log.Dispose();
        }

        private (Reactor Reactor, IoHandle Socket) Listen(int last)
        {
            var reactor = _world.CreateReactor($"10.0.1.{last}", limitBytes: 1 << 20, 4096, 32768);
            _world.Call(reactor, () => _origins.Add((reactor, reactor.Loop.BindDatagrams(Place(last), false, 0))));
            return _origins[^1];
        }

        private async LoopTask ServeAsync(EventLoop loop, IoHandle socket, bool answers)
        {
            var operation = new IoOperation();
            while (true)
            {
                var received = await loop.ReceiveDatagramsAsync(socket, operation);
                if (socket.IsClosed) return;
                var batch = loop.Datagrams;
                var first = batch.Used - received.Bytes;
                var from = new DatagramAddress[received.Bytes];
                for (var i = 0; i < from.Length; i++) from[i] = batch[first + i].From;
                batch.Used = first;
                Heard += from.Length;
                if (!answers) continue;
                foreach (var client in from) SendOne(loop, socket, client);
            }
        }

        private static IPEndPoint Place(int last) => new(new IPAddress([10, 0, 1, (byte)last]), 53);
    }
}
