using System.Net;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Simulation.Scenarios.Udp;
using Tailrace.Telemetry;

namespace Tailrace.Simulation.Scenarios;

/// <summary>Clients, workers with a UDP listener, and origins: datagrams both ways, and sessions that end.</summary>
/// <param name="name">What it is called on the command line.</param>
/// <param name="faulty">
/// Whether datagrams may be lost, doubled, late, too long, in another order or refused, and sessions be too many.
/// </param>
/// <param name="stops">Whether the server is stopped at any moment.</param>
internal sealed class UdpScenario(string name, bool faulty, bool stops = false) : Scenario(name, faulty)
{
    private const string Host = "10.0.0.1";
    private const int OriginPort = 53;
    private const int LimitMs = 10_000_000;

    /// <summary>Those without dice of their own.</summary>
    private static readonly BalancePolicy[] s_policies =
        [BalancePolicy.RoundRobin, BalancePolicy.LeastRequests, BalancePolicy.Hash];

    /// <summary>One log for all runs: it has a thread.</summary>
    private static readonly Log s_log = new(LogLevel.Error, output: TextWriter.Null);

    /// <inheritdoc/>
    internal override void Run(SimWorld world)
    {
        if (IsFaulty) world.Datagrams.Conditions = SimDatagramConditions.Faulty(world.Random);
        var crowd = new UdpCrowd(world, isKind: !IsFaulty && !stops);
        var options = Configure(world.Random, destinations: world.Random.Between(1, 3));
        var snapshot = Snapshot.Build(options);
        var plan = snapshot.Listeners[0];
        var sessionsMax = options.Listeners[0].MaxConnections;
        for (var i = IsFaulty ? 1 : 0; i < options.Clusters["origins"].Destinations.Count; i++)
        {
            // At the first one nobody is, where datagrams may be lost.
            var reactor = world.CreateReactor($"10.0.1.{i + 1}", limitBytes: 64 << 20, 4096, 32768);
            var leaves = IsFaulty && world.Random.Chance(500);
            world.Start(reactor, () => crowd.ServeAsync(reactor, OriginOf(reactor), leaves));
        }
        var workers = new List<Worker>();
        for (var count = world.Random.Between(1, 2); count > 0; count--) workers.Add(Build(world, snapshot));
        world.Starved = workers[0].Reactor;
        foreach (var worker in workers)
        {
            worker.Bind(plan, plan.Address, shared: workers.Count > 1, accessLog: null);
            worker.Serve();
        }
        var outside = world.CreateReactor();
        var pauseMsMax = IsFaulty ? 3_000 : 300;
        for (var count = world.Random.Between(1, 8); count > 0; count--)
            crowd.StartClient(outside, plan.Address, pauseMsMax);
        if (stops) Stop(world, workers, plan, sessionsMax, crowd);
        world.RunUntil(() => IsWithin(plan, sessionsMax, workers) && crowd.AreDone, LimitMs, crowd.ToString);

        foreach (var worker in workers) world.Call(worker.Reactor, worker.Drain);
        world.CheckClean();
        foreach (var worker in workers) Check(world, worker);
        Require(plan.Budget.Taken == 0, $"{plan.Budget.Taken} sessions are not given back");
        Require(plan.Limits!.Counted == 0, $"{plan.Limits.Counted} sessions are counted for a source");
        if (!IsFaulty && !stops && !world.MayFail) crowd.CheckAll();
    }

    /// <summary>Tells whether no more sessions are open than may be, as it is at any moment.</summary>
    private static bool IsWithin(ListenerPlan plan, int sessionsMax, List<Worker> workers)
    {
        var active = workers.Sum(worker => worker.Reactor.Counters.Udp.Active);
        Require(active <= sessionsMax, $"{active} sessions are open, of at most {sessionsMax}");
        Require(active == plan.Budget.Taken, $"{active} sessions are open, and {plan.Budget.Taken} counted");
        return true;
    }

    private static void Check(SimWorld world, Worker worker)
    {
        var loop = (SimLoop)worker.Reactor.Loop;
        var counters = worker.Reactor.Counters;
        var udp = counters.Udp;
        var dropped = udp.DroppedFull + udp.DroppedTooLong + udp.DroppedFailed;
        var carried = udp.Traffic.Up + udp.Traffic.Down;
        Require(udp.Active + counters.Active == 0, "sessions are counted as open");
        Require(udp.Opened == udp.Expired + udp.Unreachable + udp.Stopped, "sessions have ended for no reason");
        Require(loop.DatagramsTaken == carried + dropped + udp.Refused,
            $"{loop.DatagramsTaken} datagrams came, {carried} went, {dropped + udp.Refused} were dropped");
        Require(loop.DatagramsSent == carried, $"{loop.DatagramsSent} datagrams were sent, and {carried} counted");
        Require(loop.DatagramBytesSent == udp.Traffic.BytesUp + udp.Traffic.BytesDown, "other bytes are counted than sent");
        Require(loop.Datagrams.Used == 0, $"{loop.Datagrams.Used} places of the batch are not given back");
        foreach (var destination in worker.Clusters["origins"].Destinations)
            Require(destination.Active == 0, $"{destination.Active} sessions are counted for {destination.Name}");
        if (world.MayFail) return;
        Require(udp.Stopped == 0, "sessions were cut");
    }

    private static IPEndPoint OriginOf(Reactor reactor) => new(((SimLoop)reactor.Loop).Host, OriginPort);

    private static Worker Build(SimWorld world, Snapshot snapshot)
    {
        var reactor = world.CreateReactor(Host, limitBytes: 64 << 20, 4096, 32768);
        var worker = new Worker(reactor, snapshot, s_log);
        reactor.Loop.Unhandled = world.Unhandled.Add;
        foreach (var (i, destination) in worker.Clusters["origins"].Destinations.Index())
            worker.SetAddresses("origins", i, [IPEndPoint.Parse(destination.Name).Serialize()]);
        return worker;
    }

    private static void Stop(SimWorld world, List<Worker> workers, ListenerPlan plan, int sessionsMax, UdpCrowd crowd)
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
            world.RunUntil(
                () => IsWithin(plan, sessionsMax, workers) && (crowd.AreDone || world.Clock.Now >= end), LimitMs, crowd.ToString);
        }
    }

    private TailraceOptions Configure(SimRandom random, int destinations) => new()
    {
        Listeners =
        [
            new ListenerOptions
            {
                Address = $"{Host}:53",
                Protocol = ListenerProtocol.Udp,
                Cluster = "origins",
                MaxConnections = IsFaulty ? random.Between(1, 8) : 1000,
                ConnectionLimits = new ConnectionLimitOptions
                {
                    // All clients have one address.
                    PerSource = new SourceLimitOptions { Connections = IsFaulty ? random.Between(1, 8) : 1000, Sources = 64 },
                },
                // Shorter than some pauses, where what comes late may be lost.
                Timeouts = new ListenerTimeouts { Idle = TimeSpan.FromSeconds(IsFaulty ? 1 : random.Between(1, 20)) },
            },
        ],
        Clusters = new Dictionary<string, ClusterOptions>
        {
            ["origins"] = new()
            {
                Destinations =
                [
                    .. Enumerable.Range(1, destinations + (IsFaulty ? 1 : 0))
                        .Select(i => new DestinationOptions { Address = $"udp://10.0.1.{i}:{OriginPort}" }),
                ],
                Balance = s_policies[random.Below(s_policies.Length)],
            },
        },
    };

    private static void Require(bool condition, string what)
    {
        if (!condition) throw new SimFailure(what);
    }
}
