using System.Net;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Simulation.Scenarios.Http;
using Tailrace.Telemetry;

namespace Tailrace.Simulation.Scenarios;

/// <summary>Clients, one worker of the real proxy, and origins: the whole product on a simulated network.</summary>
internal sealed class ProxyScenario(string name, bool faulty, bool flawed, bool stops = false) : Scenario(name, faulty)
{
    private const int BlocksOfConnection = 2;
    private const int LimitMs = 3_600_000;

    /// <summary>One log for all runs: it has a thread.</summary>
    private static readonly Log s_log = new(LogLevel.Error, output: TextWriter.Null);

    /// <inheritdoc/>
    internal override void Run(SimWorld world)
    {
        var blockBytes = world.Random.Below(2) == 0 ? 4096 : 8192;
        var proxy = world.CreateReactor(blockBytes: blockBytes, bulkBytes: blockBytes * world.Random.Between(1, 4));
        var plans = DrawPlans(world);
        var origins = OpenOrigins(world, plans);
        var outside = world.CreateReactor();
        world.Starved = proxy;

        var snapshot = Snapshot.Build(Configure(world, origins.Count));
        using var worker = new Worker(proxy, snapshot, s_log);
        proxy.Loop.Unhandled = world.Unhandled.Add;
        var plan = snapshot.Listeners[0];
        var entry = worker.Listen(plan, plan.Address, shared: false, [], accessLog: null);
        for (var i = 0; i < origins.Count; i++) worker.SetAddresses("origins", i, [origins[i].Address.Serialize()]);
        worker.Serve();

        var clients = new HttpClients(world, outside, entry);
        var count = Math.Min(plans.Count, world.Random.Between(1, 4));
        for (var i = 0; i < count; i++) clients.Start(plans.Where(plan => plan.Id % count == i));
        if (stops) Stop(world, worker, clients, Watch);
        world.RunUntil(() => Watch() && clients.AreDone, LimitMs, clients.ToString);

        Call(world, proxy, worker.Drain);
        foreach (var origin in origins) origin.Reactor.Loop.Close(origin.Listener);
        world.CheckClean();
        var counters = proxy.Counters;
        Require(counters.Active == 0, $"{counters.Active} connections are counted as open");
        Require(counters.UpstreamIdle == 0, $"{counters.UpstreamIdle} upstream connections are counted as idle");
        Require(plan.Budget.Taken == 0, $"{plan.Budget.Taken} connections are not given back");

        bool Watch()
        {
            var open = ((SimLoop)proxy.Loop).OpenHandles;
            var rented = proxy.Buffers.Rented;
            // What was aborted gives its blocks back when its owner gets to it.
            Require(world.IsAborting || rented <= open * BlocksOfConnection, $"{rented} blocks for {open} descriptors");
            Require(proxy.Counters.UnhandledErrors == 0, "a handler failed");
            return true;
        }
    }

    /// <summary>Stops the worker at any moment, in one way or another, as the server does.</summary>
    private static void Stop(SimWorld world, Worker worker, HttpClients clients, Func<bool> watch)
    {
        RunForAWhile();
        world.IsStopping = true;
        Call(world, worker.Reactor, worker.Drain);
        if (world.Random.Chance(500)) return;
        RunForAWhile();
        world.IsAborting = true;
        Call(world, worker.Reactor, worker.Abort);

        void RunForAWhile()
        {
            var end = world.Clock.Now + world.Random.Below(2000);
            world.RunUntil(() => watch() && (clients.AreDone || world.Clock.Now >= end), LimitMs, clients.ToString);
        }
    }

    private static void Call(SimWorld world, Reactor reactor, Action call) => world.Start(reactor, () =>
    {
        call();
        return LoopTask.Completed;
    });

    private List<HttpPlan> DrawPlans(SimWorld world)
    {
        var plans = new List<HttpPlan>();
        for (var id = world.Random.Between(1, 12); id > 0; id--) plans.Add(HttpPlan.Draw(world, plans.Count, flawed));
        return plans;
    }

    private static List<OpenOrigin> OpenOrigins(SimWorld world, List<HttpPlan> plans)
    {
        var origins = new List<OpenOrigin>();
        for (var i = world.Random.Between(1, 2); i > 0; i--)
        {
            var reactor = world.CreateReactor();
            var origin = new HttpOrigin(world, reactor, plans);
            var listener = StreamServer.Listen(world, reactor, origin.ServeAsync);
            origins.Add(new OpenOrigin(reactor, listener, reactor.Loop.LocalAddress(listener)));
        }
        return origins;
    }

    private static TailraceOptions Configure(SimWorld world, int origins) => new()
    {
        Listeners =
        [
            new ListenerOptions
            {
                Address = "10.0.0.1:8080",
                Limits = new ListenerLimits { Head = 3072, Target = 2048 },
                Timeouts = new ListenerTimeouts
                {
                    Head = TimeSpan.FromSeconds(5),
                    Body = TimeSpan.FromSeconds(5),
                    KeepAlive = TimeSpan.FromSeconds(world.Random.Between(1, 10)),
                    Write = TimeSpan.FromSeconds(5),
                },
            },
        ],
        Routes = [new RouteOptions { Cluster = "origins" }],
        Clusters = new Dictionary<string, ClusterOptions>
        {
            ["origins"] = new()
            {
                Destinations =
                [
                    .. Enumerable.Range(1, origins)
                        .Select(i => new DestinationOptions { Address = $"http://10.0.1.{i}" }),
                ],
                Limits = new ClusterLimits { Head = 3072 },
                Timeouts = new ClusterTimeouts
                {
                    Connect = TimeSpan.FromSeconds(3),
                    FirstByte = TimeSpan.FromSeconds(5),
                    Idle = TimeSpan.FromSeconds(5),
                },
                Pool = new PoolOptions
                {
                    IdlePerDestination = world.Random.Below(4),
                    IdleTimeout = TimeSpan.FromSeconds(3),
                },
            },
        },
    };

    private static void Require(bool condition, string what)
    {
        if (!condition) throw new SimFailure(what);
    }

    private sealed record OpenOrigin(Reactor Reactor, IoHandle Listener, EndPoint Address);
}
