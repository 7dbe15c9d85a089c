using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios.Http;

/// <summary>
/// An origin that gets copies of requests: it checks that they are whole, and answers them rightly, wrongly or never.
/// </summary>
internal sealed class ShadowOrigin(SimWorld world, Reactor reactor, IReadOnlyList<HttpPlan> plans)
{
    private const int TimeoutMs = 300_000;

    /// <summary>Serves one connection of the proxy.</summary>
    internal async LoopTask ServeAsync(SocketConnection connection)
    {
        var wire = new HttpWire(world, connection, TimeoutMs);
        while (await wire.ReadHeadAsync() is { } head && await ReadAsync(wire, head) && await AnswerAsync(wire))
        {
        }
        wire.Close(reset: world.Random.Chance(200));
    }

    private async LoopTask<bool> ReadAsync(HttpWire wire, HttpHead head)
    {
        var parts = head.StartLine.Split(' ');
        if (parts is not [var method, ['/', 'x', '/', .. var id], "HTTP/1.1"])
            throw new SimFailure($"the mirror was asked '{head.StartLine}'");
        var plan = plans[int.Parse(id)];
        Require(method == plan.Method && head.Find("X-Id") == $"{plan.Id}", plan, "the copy is another request");
        var framing = head.Framing(isRequest: true, out var length);
        Require(framing is PlanFraming.None or PlanFraming.Length, plan, $"a body in {framing} was copied");
        Require(length <= 0 || length == plan.RequestBytes, plan, $"the copy's length became {length}");
        var body = await wire.ReadBodyAsync(framing, length, plan.RequestPayload);
        return body.End == BodyEnd.Complete;
    }

    private async LoopTask<bool> AnswerAsync(HttpWire wire)
    {
        if (world.Random.Chance(300)) await new SimPause(reactor.Loop).For(world.Random.Below(8000));
        switch (world.Random.Below(8))
        {
            case 0:
                return false;
            case 1:
                // It never answers, until the proxy has enough of it.
                await wire.ReadHeadAsync();
                return false;
            case 2:
                await wire.SendAsync("HTP/1.1 2OO\r\n\r\n");
                return false;
            case 3:
                await wire.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut");
                return false;
            case 4:
                return await wire.SendAsync("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
            case 5:
                await wire.SendAsync("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
                return false;
            default:
                return await wire.SendAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        }
    }

    private static void Require(bool condition, HttpPlan plan, string what)
    {
        if (!condition) throw new SimFailure($"{plan}: {what}");
    }
}
