using System.Net;
using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios;

/// <summary>Clients and a server that sends everything back: the smallest use of a loop.</summary>
internal sealed class EchoScenario(string name, bool faulty) : Scenario(name, faulty)
{
    private const int IdleMs = 30_000;

    /// <inheritdoc/>
    internal override void Run(SimWorld world)
    {
        var server = world.CreateReactor();
        var clients = world.CreateReactor();
        world.Starved = server;
        var listener = StreamServer.Listen(world, server, connection => EchoAsync(connection));
        var all = new StreamClients(world, clients, server.Loop.LocalAddress(listener), world.Random.Between(1, 6));
        all.Start();
        world.RunUntil(() => all.AreDone, limitMs: 10_000_000, all.ToString);
        StreamServer.Close(server, listener);
        world.CheckClean();
    }

    private static async LoopTask EchoAsync(SocketConnection connection)
    {
        while (true)
        {
            connection.SetTimeout(IdleMs);
            var received = await connection.FillAsync();
            if (received.IsError || received.Bytes == 0) break;
            var sent = await connection.FlushAsync(connection.Input, connection.Input.Length);
            if (sent.IsError) break;
            connection.Input.Release();
        }
        connection.ShutdownSend();
        connection.Close();
    }
}
