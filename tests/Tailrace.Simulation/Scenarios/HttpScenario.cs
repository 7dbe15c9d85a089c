using System.Net;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Simulation.Scenarios.Http;
using Tailrace.Telemetry;

namespace Tailrace.Simulation.Scenarios;

/// <summary>
/// Clients and one or two workers of the real server on a simulated network; what answers is the rest.
/// </summary>
/// <param name="name">What it is called on the command line.</param>
/// <param name="faulty">Whether the network may also fail.</param>
/// <param name="flawed">Whether clients and origins may also do wrong.</param>
/// <param name="stops">Whether the server is stopped at any moment.</param>
internal abstract class HttpScenario(string name, bool faulty, bool flawed, bool stops) : Scenario(name, faulty)
{
    private const string Host = "10.0.0.1";
    private const int BlocksOfConnection = 2;
    private const int LimitMs = 3_600_000;

    /// <summary>One log for all runs: it has a thread.</summary>
    private static readonly Log s_log = new(LogLevel.Error, output: TextWriter.Null);

    /// <summary>Whether clients and origins may also do wrong.</summary>
    protected bool IsFlawed => flawed;

    /// <summary>Whether the server is stopped at any moment.</summary>
    protected bool Stops => stops;

    /// <inheritdoc/>
    internal override void Run(SimWorld world)
    {
        var plans = DrawPlans(world);
        var origins = OpenOrigins(world, plans);
        var outside = world.CreateReactor();
        var options = Adapt(world, Configure(world, origins.Count));
        var snapshot = Snapshot.Build(options);
        var plan = snapshot.Listeners[0];
        var code = Code(world, plans);
        var workers = new List<Worker>();
        var count = world.Random.Between(1, 2);
        while (workers.Count < count) workers.Add(Build(world, snapshot, origins));
        world.Starved = workers[0].Reactor;
        foreach (var worker in workers)
        {
            worker.Listen(plan, plan.Address, shared: count > 1, code, accessLog: null);
            worker.Serve();
        }

        var clients = StartClients(world, outside, plan.Address, plans);
        if (Stops) Stop(world, workers, clients);
        RunUntil(world, workers, clients, () => clients.AreDone);

        foreach (var worker in workers) world.Call(worker.Reactor, worker.Drain);
        foreach (var origin in origins) origin.Reactor.Loop.Close(origin.Listener);
        world.CheckClean();
        foreach (var worker in workers) CheckCounters(worker.Reactor.Counters, options);
        Require(plan.Budget.Taken == 0, $"{plan.Budget.Taken} connections are not given back");
    }

    /// <summary>Draws one exchange.</summary>
    protected abstract HttpPlan DrawPlan(SimWorld world, int id);

    /// <summary>Opens the origins behind the server, if it has some.</summary>
    protected abstract List<OpenOrigin> OpenOrigins(SimWorld world, List<HttpPlan> plans);

    /// <summary>What the server answers in code.</summary>
    protected abstract IReadOnlyList<CodeRoute> Code(SimWorld world, List<HttpPlan> plans);

    /// <summary>Changes the options, where the usual ones are not enough.</summary>
    protected virtual TailraceOptions Adapt(SimWorld world, TailraceOptions options) => options;

    /// <summary>Whether connections are being aborted: they give their blocks back when their owners get to it.</summary>
    protected virtual bool IsAborting(SimWorld world) => world.IsAborting;

    /// <summary>Checks what a worker has counted in the end.</summary>
    protected virtual void CheckCounters(Counters counters, TailraceOptions options)
    {
        Require(counters.Active == 0, $"{counters.Active} connections are counted as open");
        Require(counters.UpstreamIdle == 0, $"{counters.UpstreamIdle} upstream connections are counted as idle");
    }

    /// <summary>Opens an origin.</summary>
    protected static OpenOrigin Open(
        SimWorld world, int number, string cluster, Func<Reactor, Func<SocketConnection, LoopTask>> serve, int index = 0)
    {
        var reactor = world.CreateReactor($"10.0.1.{number}", limitBytes: 64 << 20, 4096, 32768);
        var listener = StreamServer.Listen(world, reactor, serve(reactor));
        return new OpenOrigin(reactor, listener, reactor.Loop.LocalAddress(listener), cluster, index);
    }

    private List<HttpPlan> DrawPlans(SimWorld world)
    {
        var plans = new List<HttpPlan>();
        for (var count = world.Random.Between(1, 12); count > 0; count--) plans.Add(DrawPlan(world, plans.Count));
        return plans;
    }

    /// <summary>The size of a bulk block.</summary>
    protected virtual int DrawBulkBytes(SimWorld world, int blockBytes) => blockBytes * world.Random.Between(1, 4);

    private Worker Build(SimWorld world, Snapshot snapshot, List<OpenOrigin> origins)
    {
        var block = world.Random.Below(2) == 0 ? 4096 : 8192;
        var reactor = world.CreateReactor(Host, limitBytes: 64 << 20, block, DrawBulkBytes(world, block));
        var worker = new Worker(reactor, snapshot, s_log);
        reactor.Loop.Unhandled = world.Unhandled.Add;
        foreach (var origin in origins)
            worker.SetAddresses(origin.Cluster, origin.Index, [origin.Address.Serialize()]);
        return worker;
    }

    private static HttpClients StartClients(SimWorld world, Reactor outside, EndPoint target, List<HttpPlan> plans)
    {
        var clients = new HttpClients(world, outside, target);
        var count = Math.Min(plans.Count, world.Random.Between(1, 4));
        for (var i = 0; i < count; i++) clients.Start(plans.Where(plan => plan.Id % count == i));
        return clients;
    }

    /// <summary>Stops the workers at any moment, in one way or another, as the server does.</summary>
    private void Stop(SimWorld world, List<Worker> workers, HttpClients clients)
    {
        RunForAWhile();
        world.IsStopping = true;
        foreach (var worker in workers) world.Call(worker.Reactor, worker.Drain);
        if (world.Random.Chance(500)) return;
        RunForAWhile();
        world.IsAborting = true;
        foreach (var worker in workers) world.Call(worker.Reactor, worker.Abort);

        void RunForAWhile()
        {
            var end = world.Clock.Now + world.Random.Below(2000);
            RunUntil(world, workers, clients, () => clients.AreDone || world.Clock.Now >= end);
        }
    }

    private void RunUntil(SimWorld world, List<Worker> workers, HttpClients clients, Func<bool> done)
    {
        world.RunUntil(IsDone, LimitMs, clients.ToString);

        bool IsDone()
        {
            foreach (var worker in workers) CheckBounds(world, worker.Reactor);
            return done();
        }
    }

    private void CheckBounds(SimWorld world, Reactor reactor)
    {
        var open = ((SimLoop)reactor.Loop).OpenHandles;
        var rented = reactor.Buffers.Rented;
        Require(IsAborting(world) || rented <= open * BlocksOfConnection, $"{rented} blocks for {open} descriptors");
        Require(reactor.Counters.UnhandledErrors == 0, "a handler failed");
    }

    private static TailraceOptions Configure(SimWorld world, int origins) => new()
    {
        Listeners =
        [
            new ListenerOptions
            {
                Address = $"{Host}:8080",
                RequestsPerConnection = world.Random.Below(3) == 0 ? world.Random.Between(1, 3) : 0,
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
        Routes = origins == 0 ? [] : [new RouteOptions { Cluster = "origins" }],
        Clusters = origins == 0
            ? new Dictionary<string, ClusterOptions>()
            : new Dictionary<string, ClusterOptions> { ["origins"] = ConfigureCluster(world, origins) },
    };

    private static ClusterOptions ConfigureCluster(SimWorld world, int origins) => new()
    {
        Destinations =
        [
            .. Enumerable.Range(1, origins).Select(i => new DestinationOptions { Address = $"http://10.0.1.{i}" }),
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
    };

    /// <summary>Fails the run unless it is so.</summary>
    protected static void Require(bool condition, string what)
    {
        if (!condition) throw new SimFailure(what);
    }

    /// <summary>An origin that accepts connections.</summary>
    protected sealed record OpenOrigin(
        Reactor Reactor, IoHandle Listener, EndPoint Address, string Cluster, int Index);
}
