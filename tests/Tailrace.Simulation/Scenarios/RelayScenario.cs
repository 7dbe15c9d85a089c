using System.Net;
using Tailrace.Io;

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
        var echo = StreamServer.Listen(world, origin, RelayBothAsync);
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
        if (!connected.IsError)
        {
            var there = CopyAsync(downstream, upstream);
            // What failed before the other way began has nothing to cancel.
            if (there.IsCompleted)
            {
                if (await there) await CopyAsync(upstream, downstream);
            }
            else
            {
                await CopyAsync(upstream, downstream);
                await there;
            }
        }
        upstream.Close(reset: connected.IsError);
        downstream.Close(reset: connected.IsError);
    }

    private static async LoopTask RelayBothAsync(SocketConnection connection)
    {
        await CopyAsync(connection, connection);
        connection.Close();
    }

    /// <summary>Carries bytes one way until they end; when that fails, the other way fails too.</summary>
    private static async LoopTask<bool> CopyAsync(SocketConnection source, SocketConnection target)
    {
        while (true)
        {
            source.SetTimeout(IdleMs);
            target.SetTimeout(IdleMs);
            var received = await source.FillAsync();
            if (!received.IsError && received.Bytes == 0)
            {
                target.ShutdownSend();
                return true;
            }
            var sent = received.IsError ? received : await target.FlushAsync(source.Input, source.Input.Length);
            source.Input.Release();
            if (!sent.IsError) continue;
            source.CancelFill();
            source.CancelFlush();
            target.CancelFill();
            target.CancelFlush();
            return false;
        }
    }
}
