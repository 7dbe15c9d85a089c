using System.Text;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Simulation.Scenarios.Http;

/// <summary>
/// A handler that answers each exchange as its plan says, reading as much of the request as it likes.
/// </summary>
internal sealed class HttpHandler(SimWorld world, IReadOnlyList<HttpPlan> plans)
{
    private const int PieceBytesMax = 1500;

    /// <summary>Answers an exchange.</summary>
    internal async LoopTask HandleAsync(Exchange exchange)
    {
        var plan = plans[int.Parse(Encoding.ASCII.GetString(exchange.Path)["/x/".Length..])];
        var id = Encoding.ASCII.GetString(exchange.RequestHeader("X-Id"u8));
        if (id != $"{plan.Id}") throw new SimFailure($"{plan}: the request carries id {id}");
        if (++plan.Arrivals > plan.ArrivalsMax) throw new SimFailure($"{plan}: it came {plan.Arrivals} times");
        // Reading nothing of a body, a part of it, or all.
        var limit = world.Random.Below(4) switch
        {
            0 => 0,
            1 => world.Random.Length(plan.RequestBytes),
            _ => int.MaxValue,
        };
        if (!await ReadAsync(exchange, plan, limit)) return;
        if (plan.DelayMs > 0) await new SimPause(exchange.Reactor.Loop).For(plan.DelayMs);
        var length = plan.AnswerFraming is PlanFraming.Chunked or PlanFraming.UntilClose ? -1 : plan.AnswerBytes;
        exchange.Begin(plan.Status, length);
        exchange.Header("X-Id"u8, Encoding.ASCII.GetBytes($"{plan.Id}"));
        if (plan.OriginCloses) exchange.CloseAfterwards();
        for (var offset = 0; offset < plan.AnswerBytes;)
        {
            var piece = new byte[Math.Min(plan.AnswerBytes - offset, world.Random.Between(1, PieceBytesMax))];
            SimPayload.Fill(piece, plan.AnswerPayload, offset);
            if ((await exchange.WriteAsync(piece)).IsError) return;
            offset += piece.Length;
            if (world.Random.Chance(100) && (await exchange.FlushAsync()).IsError) return;
        }
        exchange.End(trailers: plan.HasTrailers ? Encoding.ASCII.GetBytes($"X-Trailer: {plan.Id}\r\n") : default);
    }

    private static async LoopTask<bool> ReadAsync(Exchange exchange, HttpPlan plan, int limit)
    {
        var buffer = new byte[700];
        for (var received = 0; received < limit;)
        {
            var result = await exchange.ReadAsync(buffer);
            if (result.IsError) return false;
            if (result.Bytes == 0)
            {
                if (received != plan.RequestBytes) throw new SimFailure($"{plan}: a body of {received} bytes");
                return true;
            }
            SimPayload.Check(buffer.AsSpan(0, result.Bytes), plan.RequestPayload, received);
            received += result.Bytes;
        }
        return true;
    }
}
