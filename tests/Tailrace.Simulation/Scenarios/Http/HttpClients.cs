using System.Net;
using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios.Http;

/// <summary>Clients that each have some exchanges to make, over as many connections as that takes.</summary>
internal sealed class HttpClients(SimWorld world, Reactor reactor, EndPoint target)
{
    private readonly SocketAddress _address = target.Serialize();
    private int _running;

    /// <summary>Whether all have ended.</summary>
    internal bool AreDone => _running == 0;

    /// <summary>For the message of a failure.</summary>
    public override string ToString() => $"{_running} clients are still there";

    /// <summary>Starts one client.</summary>
    internal void Start(IEnumerable<HttpPlan> plans)
    {
        _running++;
        var todo = new Queue<HttpPlan>(plans);
        world.Start(reactor, () => RunAsync(todo));
    }

    private async LoopTask RunAsync(Queue<HttpPlan> todo)
    {
        var pause = new SimPause(reactor.Loop);
        while (todo.Count > 0)
        {
            var connection = SocketConnection.Rent(reactor);
            connection.SetTimeout(60_000);
            var connected = await connection.ConnectAsync(_address);
            if (!connected.IsError)
            {
                await new HttpSession(world, connection, todo).RunAsync();
                continue;
            }
            connection.Close();
            if (world.IsStopping) break;
            if (!world.MayFail) throw new SimFailure($"a client cannot connect: {connected.Error}");
            await pause.For(100);
        }
        _running--;
    }
}
