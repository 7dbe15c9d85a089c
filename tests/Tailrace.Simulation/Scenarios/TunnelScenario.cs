using System.Net;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Simulation.Scenarios;

/// <summary>
/// Clients that come to a stream by HTTP, a worker of the real server, and an origin that echoes what the tunnel
/// carries.
/// </summary>
/// <param name="name">What it is called on the command line.</param>
/// <param name="faulty">Whether the network may also fail.</param>
/// <param name="isConnect">Whether they come by CONNECT to a forward proxy; else by an upgrade.</param>
internal sealed class TunnelScenario(string name, bool faulty, bool isConnect) : Scenario(name, faulty)
{
    private const string Host = "10.0.0.1";
    private const string Upgrade =
        "GET /ws HTTP/1.1\r\nHost: sim.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

    private const int IdleMs = 30_000;

    /// <summary>Each of the two connections of a tunnel has an input and an output.</summary>
    private const int BlocksOfTunnel = 4;

    /// <summary>One log for all runs: it has a thread.</summary>
    private static readonly Log s_log = new(LogLevel.Error, output: TextWriter.Null);

    /// <inheritdoc/>
    internal override void Run(SimWorld world)
    {
        var proxy = world.CreateReactor(Host, limitBytes: 64 << 20, blockBytes: 4096, bulkBytes: 16384);
        var origin = world.CreateReactor();
        var outside = world.CreateReactor();
        world.Starved = proxy;
        var listener = StreamServer.Listen(world, origin, isConnect ? EchoAsync : GrantAsync);
        var address = (IPEndPoint)origin.Loop.LocalAddress(listener);
        var snapshot = Snapshot.Build(Configure(address));
        var worker = new Worker(proxy, snapshot, s_log);
        proxy.Loop.Unhandled = world.Unhandled.Add;
        if (!isConnect) worker.SetAddresses("origins", 0, [address.Serialize()]);
        var plan = snapshot.Listeners[0];
        worker.Listen(plan, plan.Address, shared: false, [], accessLog: null);
        worker.Serve();

        var greeting = isConnect ? $"CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n" : Upgrade;
        var count = world.Random.Between(1, 6);
        var clients = new StreamClients(world, outside, plan.Address, count, greeting);
        clients.Start();
        var peak = 0;
        world.RunUntil(() => Watch() && clients.AreDone, limitMs: 10_000_000, clients.ToString);
        world.Start(proxy, () =>
        {
            worker.Drain();
            return LoopTask.Completed;
        });
        StreamServer.Close(origin, listener);
        world.CheckClean();
        if (peak > count * BlocksOfTunnel) throw new SimFailure($"{peak} blocks for {count} tunnels");
        var counters = proxy.Counters;
        if (counters.Active + counters.Tunnels + counters.UpstreamIdle + counters.UnhandledErrors > 0)
            throw new SimFailure("connections are counted as open, or a handler has failed");

        bool Watch()
        {
            peak = Math.Max(peak, proxy.Buffers.Rented);
            return true;
        }
    }

    private TailraceOptions Configure(IPEndPoint origin) => new()
    {
        Listeners =
        [
            new ListenerOptions
            {
                Address = $"{Host}:8080",
                Timeouts = new ListenerTimeouts { TunnelIdle = TimeSpan.FromMilliseconds(IdleMs) },
                Protocol = isConnect ? ListenerProtocol.Forward : ListenerProtocol.Http,
                ForwardProxy = isConnect
                    ? new ForwardProxyOptions { Ports = [origin.Port], Allow = ["10.0.0.0/8"] }
                    : null,
            },
        ],
        Routes = isConnect ? [] : [new RouteOptions { Cluster = "origins" }],
        Clusters = isConnect
            ? new Dictionary<string, ClusterOptions>()
            : new Dictionary<string, ClusterOptions>
            {
                ["origins"] = new() { Destinations = [$"http://{origin}"] },
            },
    };

    /// <summary>Grants the upgrade, then echoes.</summary>
    private static async LoopTask GrantAsync(SocketConnection connection)
    {
        connection.SetTimeout(IdleMs);
        var end = -1;
        while (end < 0)
        {
            var received = await connection.FillAsync();
            if (received.IsError || received.Bytes == 0)
            {
                connection.Close();
                return;
            }
            end = connection.Input.Unread.IndexOf("\r\n\r\n"u8);
        }
        connection.Input.Consume(end + 4);
        connection.Output.TryAppend(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"u8);
        await EchoAsync(connection);
    }

    private static async LoopTask EchoAsync(SocketConnection connection)
    {
        var isOpen = true;
        while (isOpen)
        {
            connection.SetTimeout(IdleMs);
            isOpen = !(await connection.FlushAsync(connection.Input, connection.Input.Length)).IsError;
            connection.Input.Release();
            connection.Output.Release();
            if (isOpen) isOpen = await connection.FillAsync() is { IsError: false, Bytes: > 0 };
        }
        connection.ShutdownSend();
        connection.Close();
    }
}
