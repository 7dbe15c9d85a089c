using System.Net;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Simulation.Scenarios.Tcp;
using Tailrace.Telemetry;

namespace Tailrace.Simulation.Scenarios;

/// <summary>
/// Clients, workers with a TCP listener, and origins: two streams in each connection, with ends, resets and pauses at
/// any byte.
/// </summary>
/// <param name="name">What it is called on the command line.</param>
/// <param name="faulty">Whether the network may also fail.</param>
/// <param name="resets">Whether clients and origins may end by a reset.</param>
/// <param name="stops">Whether the server is stopped at any moment.</param>
internal sealed class TcpScenario(string name, bool faulty, bool resets = false, bool stops = false)
    : Scenario(name, faulty)
{
    private const string Host = "10.0.0.1";
    private const int LimitMs = 10_000_000;

    /// <summary>More than there will be; so each connection is counted, and has to be given back.</summary>
    private static readonly ConnectionLimitOptions s_limits = new()
    {
        PerSource = new SourceLimitOptions { Connections = 1000, Rate = 1_000_000, Sources = 64 },
    };

    /// <summary>One log for all runs: it has a thread.</summary>
    private static readonly Log s_log = new(LogLevel.Error, output: TextWriter.Null);

    /// <inheritdoc/>
    internal override void Run(SimWorld world)
    {
        var accept = world.Random.Chance(300) ? ProxyProtocolMode.Required : ProxyProtocolMode.Off;
        var send = (ProxyProtocolVersion)world.Random.Below(3);
        var crowd = new TcpCrowd(world, resets, announces: accept != ProxyProtocolMode.Off, expects: send);
        var origins = new List<(Reactor Reactor, IoHandle Listener)>();
        for (var i = world.Random.Between(1, 2); i > 0; i--)
        {
            var reactor = world.CreateReactor($"10.0.1.{i}", limitBytes: 64 << 20, 4096, 32768);
            origins.Add((reactor, StreamServer.Listen(world, reactor, crowd.ServeAsync)));
        }
        var outside = world.CreateReactor();
        // On a mixed port most clients say nothing that it knows, or are silent; some speak HTTP.
        var protocol = world.Random.Chance(300) ? ListenerProtocol.Mixed : ListenerProtocol.Tcp;
        var snapshot = Snapshot.Build(Configure(protocol, origins.Count + 1, accept, send));
        var plan = snapshot.Listeners[0];
        var workers = new List<Worker>();
        for (var count = world.Random.Between(1, 2); count > 0; count--) workers.Add(Build(world, snapshot, origins));
        world.Starved = workers[0].Reactor;
        foreach (var worker in workers)
        {
            worker.Listen(plan, plan.Address, shared: workers.Count > 1, [], accessLog: null);
            worker.Serve();
        }

        for (var count = world.Random.Between(1, 6); count > 0; count--)
            world.Start(outside, () => crowd.ConnectAsync(outside, plan.Address));
        for (var count = protocol == ListenerProtocol.Mixed ? world.Random.Below(4) : 0; count > 0; count--)
            world.Start(outside, () => crowd.AskAsync(outside, plan.Address));
        if (stops) Stop(world, workers, crowd);
        RunUntil(world, workers, crowd, () => crowd.AreDone);

        foreach (var worker in workers) world.Call(worker.Reactor, worker.Drain);
        foreach (var (reactor, listener) in origins) reactor.Loop.Close(listener);
        world.CheckClean();
        CheckCounters(world, workers, crowd);
        if (plan.Budget.Taken > 0) throw new SimFailure($"{plan.Budget.Taken} connections are not given back");
        if (plan.Limits!.Counted > 0) throw new SimFailure($"{plan.Limits.Counted} connections are counted for a source");
    }

    private static Worker Build(SimWorld world, Snapshot snapshot, List<(Reactor Reactor, IoHandle Listener)> origins)
    {
        var block = world.Random.Below(2) == 0 ? 4096 : 512;
        var bulk = block * world.Random.Between(1, 4);
        var reactor = world.CreateReactor(Host, limitBytes: 64 << 20, block, bulk);
        var worker = new Worker(reactor, snapshot, s_log);
        reactor.Loop.Unhandled = world.Unhandled.Add;
        for (var i = 0; i < origins.Count; i++)
            worker.SetAddresses("origins", i, [origins[i].Reactor.Loop.LocalAddress(origins[i].Listener).Serialize()]);
        // Nobody is at the last one: it is passed over.
        worker.SetAddresses("origins", origins.Count, [new IPEndPoint(IPAddress.Parse("10.0.1.99"), 1).Serialize()]);
        return worker;
    }

    private static void Stop(SimWorld world, List<Worker> workers, TcpCrowd crowd)
    {
        RunForAWhile();
        world.IsStopping = true;
        foreach (var worker in workers) world.Call(worker.Reactor, worker.Drain);
        RunForAWhile();
        world.IsAborting = true;
        foreach (var worker in workers) world.Call(worker.Reactor, worker.Abort);

        void RunForAWhile()
        {
            var end = world.Clock.Now + world.Random.Below(2000);
            RunUntil(world, workers, crowd, () => crowd.AreDone || world.Clock.Now >= end);
        }
    }

    private static void RunUntil(SimWorld world, List<Worker> workers, TcpCrowd crowd, Func<bool> done)
    {
        world.RunUntil(IsDone, LimitMs, crowd.ToString);

        bool IsDone()
        {
            foreach (var worker in workers)
            {
                var counters = worker.Reactor.Counters;
                var rented = worker.Reactor.Buffers.Rented;
                // One for each direction, also of HTTP, one for a header that comes in pieces, and nothing for those that
                // only wait.
                if (rented > counters.Tcp.Active * 2 + counters.Active + crowd.Askers)
                    throw new SimFailure($"{rented} blocks for {counters.Tcp.Active} tunnels");
            }
            return done();
        }
    }

    private static void CheckCounters(SimWorld world, List<Worker> workers, TcpCrowd crowd)
    {
        var sum = new Counters();
        foreach (var worker in workers) sum.Add(worker.Reactor.Counters);
        var ended = sum.Tcp;
        Require(sum.Active + ended.Active + ended.Connecting == 0, "connections are counted as open");
        var all = ended.ClientClosed + ended.OriginClosed + ended.ClientReset + ended.OriginReset + ended.IdleTimeouts
            + ended.Aborted + ended.NoBuffers + ended.Unreachable + sum.ProxyHeaderErrors
            + sum.ProxyHeadersUnfinished;
        // Those of HTTP end by their own rules.
        var others = sum.Accepted - all;
        Require(others >= 0 && others <= crowd.Askers, $"{all} of {sum.Accepted} connections are counted as ended");
        if (world.MayFail || crowd.MayReset || world.IsStopping || crowd.Askers > 0) return;
        Require(sum.BytesReceived == crowd.WrittenByClients, "not all bytes of clients are counted");
        Require(sum.BytesSent == crowd.WrittenByOrigins, "not all bytes of origins are counted");
    }

    private static void Require(bool condition, string what)
    {
        if (!condition) throw new SimFailure(what);
    }

    private static TailraceOptions Configure(
        ListenerProtocol protocol, int destinations, ProxyProtocolMode accept, ProxyProtocolVersion send) => new()
        {
            Listeners =
        [
            new ListenerOptions
            {
                Address = $"{Host}:8080",
                Protocol = protocol,
                ConnectionLimits = s_limits,
                Cluster = "origins",
                Timeouts = new ListenerTimeouts { Idle = TimeSpan.FromSeconds(30), Hello = TimeSpan.FromSeconds(20) },
                ProxyProtocol = new ProxyProtocolOptions { Accept = accept, Timeout = TimeSpan.FromSeconds(20) },
            },
        ],
            Clusters = new Dictionary<string, ClusterOptions>
            {
                ["origins"] = new()
                {
                    Destinations =
                [
                    .. Enumerable.Range(1, destinations)
                        .Select(i => new DestinationOptions { Address = $"tcp://10.0.1.{i}:1" }),
                ],
                    Timeouts = new ClusterTimeouts { Connect = TimeSpan.FromSeconds(3) },
                    ProxyProtocol = send,
                },
            },
        };
}
