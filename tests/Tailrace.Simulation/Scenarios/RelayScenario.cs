using System.Net;
using Tailrace.Io;
using Tailrace.Proxy;

namespace Tailrace.Simulation.Scenarios;

/// <summary>Clients, a relay of streams, and an echo behind it: backpressure, half-closes and bounded memory.</summary>
internal sealed class RelayScenario(string name, bool faulty) : Scenario(name, faulty)
{
    private const int IdleMs = 30_000;
    private const int BlocksOfConnection = 2;

    /// <inheritdoc/>
    internal override void Run(SimWorld world)
    {
        var origin = world.CreateReactor();
        var relay = world.CreateReactor();
        var clients = world.CreateReactor();
        world.Starved = relay;
        var count = world.Random.Between(1, 6);
        var echo = StreamServer.Listen(world, origin, EchoAsync);
        var target = origin.Loop.LocalAddress(echo).Serialize();
        var entry = StreamServer.Listen(world, relay, downstream => RelayAsync(relay, downstream, target));
        var all = new StreamClients(world, clients, relay.Loop.LocalAddress(entry), count);
        all.Start();
        var peak = 0;
        world.RunUntil(() => Watch() && all.AreDone, limitMs: 10_000_000, all.ToString);
        StreamServer.Close(relay, entry);
        StreamServer.Close(origin, echo);
        world.CheckClean();
        if (peak > count * 2 * BlocksOfConnection)
            throw new SimFailure($"the relay held {peak} blocks for {count} clients");

        bool Watch()
        {
            peak = Math.Max(peak, relay.Buffers.Rented);
            return true;
        }
    }

    private static async LoopTask RelayAsync(Reactor reactor, SocketConnection downstream, SocketAddress target)
    {
        var upstream = SocketConnection.Rent(reactor);
        upstream.SetTimeout(IdleMs);
        var connected = await upstream.ConnectAsync(target);
        var mustReset = connected.IsError;
        if (!mustReset)
        {
            var result = await TunnelRun.Begin(
                new Tunnel(), downstream, upstream, new TunnelLimits(IdleMs, LifetimeMs: 0));
            mustReset = result.MustReset;
        }
        upstream.Close(mustReset);
        downstream.Close(mustReset);
    }

    private static async LoopTask EchoAsync(SocketConnection connection)
    {
        var isOpen = true;
        while (isOpen)
        {
            connection.SetTimeout(IdleMs);
            var received = await connection.FillAsync();
            isOpen = received is { IsError: false, Bytes: > 0 }
                && !(await connection.FlushAsync(connection.Input, connection.Input.Length)).IsError;
            connection.Input.Release();
        }
        connection.ShutdownSend();
        connection.Close();
    }
}
