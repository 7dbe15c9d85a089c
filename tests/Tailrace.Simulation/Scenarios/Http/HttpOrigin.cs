using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios.Http;

/// <summary>
/// An origin that answers each exchange as its plan says, right or wrong, and checks what the proxy asks.
/// </summary>
/// <remarks>A sick one answers no request that may be asked of another.</remarks>
internal sealed class HttpOrigin(SimWorld world, Reactor reactor, IReadOnlyList<HttpPlan> plans, bool isSick = false)
{
    private const int TimeoutMs = 300_000;

    private static readonly OriginFlaw[] s_symptoms =
    [
        OriginFlaw.CloseBeforeRequest, OriginFlaw.CloseBeforeAnswer, OriginFlaw.CutHead, OriginFlaw.Silent,
        OriginFlaw.Garbage, OriginFlaw.Unavailable,
    ];

    /// <summary>Serves one connection of the proxy.</summary>
    internal async LoopTask ServeAsync(SocketConnection connection)
    {
        var wire = new HttpWire(world, connection, TimeoutMs);
        while (await wire.ReadHeadAsync() is { } head)
        {
            var plan = Find(head);
            if (!await AnswerAsync(wire, plan, head)) break;
        }
        wire.Close();
    }

    private HttpPlan Find(HttpHead head)
    {
        var parts = head.StartLine.Split(' ');
        if (parts is not [var method, var target, "HTTP/1.1"] || !target.StartsWith("/x/", StringComparison.Ordinal))
            throw new SimFailure($"the origin was asked '{head.StartLine}'");
        var plan = plans[int.Parse(target.AsSpan(3))];
        Require(method == plan.Method, plan, $"the method became {method}");
        Require(head.Find("X-Id") == $"{plan.Id}", plan, $"the request carries id {head.Find("X-Id")}");
        Require(head.Find("Host") == "sim.test", plan, $"the host became {head.Find("Host")}");
        Require(head.Find("X-Hop") is null, plan, "a field of the client's hop reached the origin");
        Require(head.Find("X-Forwarded-For") is { Length: > 0 }, plan, "the client's address is missing");
        Require(++plan.Arrivals <= plan.ArrivalsMax, plan, $"the origin got it {plan.Arrivals} times");
        return plan;
    }

    /// <summary>Reads the body and answers.</summary>
    /// <returns>Whether the connection may be used again.</returns>
    private async LoopTask<bool> AnswerAsync(HttpWire wire, HttpPlan plan, HttpHead head)
    {
        var flaw = plan is { RecoversOnRetry: true, Arrivals: > 1 } ? OriginFlaw.None : plan.OriginFlaw;
        if (isSick && plan.IsReplayable) flaw = s_symptoms[world.Random.Below(s_symptoms.Length)];
        if (flaw == OriginFlaw.CloseBeforeRequest) return false;
        if (flaw == OriginFlaw.EarlyAnswer)
        {
            if (!await SendAnswerAsync(wire, plan, flaw)) return false;
            return await ReadRequestAsync(wire, plan, head);
        }
        if (head.Find("Expect") is not null && !await wire.SendAsync("HTTP/1.1 100 Continue\r\n\r\n")) return false;
        if (!await ReadRequestAsync(wire, plan, head)) return false;
        var pause = new SimPause(reactor.Loop);
        if (plan.DelayMs > 0) await pause.For(plan.DelayMs);
        if (flaw == OriginFlaw.CloseBeforeAnswer) return false;
        if (flaw == OriginFlaw.Unavailable)
            return await wire.SendAsync("HTTP/1.1 502 Not Now\r\nContent-Length: 3\r\n\r\nno\n");
        if (flaw == OriginFlaw.Silent)
        {
            // The proxy gives up first.
            Require(await wire.ReadHeadAsync() is null, plan, "a request came behind one that was not answered");
            return false;
        }
        if (plan.HasInterim && !await wire.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")) return false;
        return await SendAnswerAsync(wire, plan, flaw);
    }

    private static async LoopTask<bool> ReadRequestAsync(HttpWire wire, HttpPlan plan, HttpHead head)
    {
        var framing = head.Framing(isRequest: true, out var length);
        if (framing == PlanFraming.Length) Require(length == plan.RequestBytes, plan, $"the length became {length}");
        var body = await wire.ReadBodyAsync(framing, length, plan.RequestPayload);
        if (body.End != BodyEnd.Complete) return false;
        Require(body.Length == plan.RequestBytes, plan, $"the origin got {body.Length} bytes");
        Require(plan.IsSent, plan, "the origin got a whole request of which the client sent a part");
        return true;
    }

    private async LoopTask<bool> SendAnswerAsync(HttpWire wire, HttpPlan plan, OriginFlaw flaw)
    {
        var closes = plan.OriginCloses || plan.IsOriginHttp10 || flaw is OriginFlaw.EarlyAnswer;
        var head = $"HTTP/1.{(plan.IsOriginHttp10 ? 0 : 1)} {plan.Status} As Planned\r\n"
            + $"X-Id: {plan.Id}\r\n{plan.Filler}X-Drop: of this hop\r\n"
            + (closes ? "Connection: X-Drop, close\r\n" : "Connection: X-Drop\r\n");
        if (plan.AnswerFraming == PlanFraming.Length) head += $"Content-Length: {plan.AnswerBytes}\r\n";
        if (plan.AnswerFraming == PlanFraming.Chunked) head += "Transfer-Encoding: chunked\r\n";
        head += "\r\n";
        if (flaw == OriginFlaw.Garbage) head = "HTP/1.1 2OO\r\n" + head;
        if (flaw == OriginFlaw.CutHead) head = head[..(plan.FlawAt % head.Length)];
        if (!await wire.SendAsync(head) || flaw is OriginFlaw.CutHead or OriginFlaw.Garbage) return false;
        if (!plan.IsBodyless)
        {
            var cuts = flaw is OriginFlaw.CutBody or OriginFlaw.ResetBody;
            var limit = cuts ? Math.Min(plan.FlawAt, plan.AnswerBytes - 1) : int.MaxValue;
            var trailers = plan.HasTrailers ? $"X-Trailer: {plan.Id}\r\n" : "";
            if (!await wire.SendBodyAsync(plan.AnswerFraming, plan.AnswerBytes, plan.AnswerPayload, limit, trailers))
                return false;
            if (cuts)
            {
                // What ends by the connection's end cannot be told from a whole body, unless it is reset.
                wire.Close(reset: flaw == OriginFlaw.ResetBody || plan.AnswerFraming == PlanFraming.UntilClose);
                return false;
            }
        }
        if (!closes) return true;
        await LingerAsync(wire);
        return false;
    }

    /// <summary>Ends the connection so that the proxy gets to read everything.</summary>
    private static async LoopTask LingerAsync(HttpWire wire)
    {
        wire.Connection.ShutdownSend();
        while ((await wire.Connection.FillAsync()).Bytes > 0) wire.Connection.Input.Clear();
    }

    private static void Require(bool condition, HttpPlan plan, string what)
    {
        if (!condition) throw new SimFailure($"{plan}: {what}");
    }
}
