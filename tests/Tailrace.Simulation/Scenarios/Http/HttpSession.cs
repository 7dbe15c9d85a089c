using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios.Http;

/// <summary>
/// One connection of a client: requests go out, some of them pipelined, and answers have to come in order.
/// </summary>
/// <remarks>
/// Checks what the proxy owes a client: one final answer for each request, in order, the origin's or one of its own
/// that fits the failure; a whole body where the framing says so; nothing behind the last answer.
/// </remarks>
internal sealed class HttpSession
{
    /// <summary>
    /// Longer than all the proxy's deadlines together: when nothing comes for so long, it has missed one.
    /// </summary>
    private const int TimeoutMs = 60_000;

    private const int ContinueMs = 500;

    private readonly SimWorld _world;
    private readonly HttpWire _wire;
    private readonly SocketConnection _connection;
    private readonly Queue<HttpPlan> _todo;
    private readonly SimPause _progress;
    private readonly SimPause _reading;
    private readonly int _depth;
    private readonly Queue<HttpPlan> _sent = new();
    private HttpPlan? _sending;
    private bool _mayContinue;
    private bool _isOver;
    private bool _isAnnounced;
    private bool _hasBrokenOff;

    internal HttpSession(SimWorld world, SocketConnection connection, Queue<HttpPlan> todo)
    {
        _world = world;
        _connection = connection;
        _wire = new HttpWire(world, connection, TimeoutMs);
        _todo = todo;
        _progress = new SimPause(connection.Reactor.Loop);
        _reading = new SimPause(connection.Reactor.Loop);
        _depth = world.Random.Chance(700) ? 1 : world.Random.Between(2, 4);
    }

    /// <summary>
    /// Makes exchanges until all are made or the connection is over; those not answered stay to be made.
    /// </summary>
    internal async LoopTask RunAsync()
    {
        var writing = WriteAsync();
        await ReadAsync();
        _isOver = true;
        _progress.End();
        if (!_wire.IsClosed) _connection.CancelFlush();
        await writing;
        _wire.Close(reset: _world.Random.Chance(100));
        // What was not answered is asked again. Only after an announced end is it certain that nothing of it was begun.
        foreach (var plan in _sent)
        {
            if (!_isAnnounced) plan.Resends++;
            _todo.Enqueue(plan);
        }
    }

    private async LoopTask WriteAsync()
    {
        while (!_isOver && _todo.Count > 0)
        {
            if (_sent.Count >= _depth)
            {
                await _progress.For(TimeoutMs);
                continue;
            }
            var plan = _todo.Dequeue();
            _sent.Enqueue(plan);
            _sending = plan;
            _mayContinue = false;
            _reading.End();
            var goesOn = await SendAsync(plan);
            _sending = null;
            _hasBrokenOff = !goesOn;
            if (!goesOn || plan.ClosesAfterwards || plan.IsHttp10) return;
        }
        _reading.End();
    }

    /// <summary>Sends a request, or the part of it that this client gets round to.</summary>
    private async LoopTask<bool> SendAsync(HttpPlan plan)
    {
        var head = $"{plan.Method} /x/{plan.Id} HTTP/1.{(plan.IsHttp10 ? 0 : 1)}\r\n"
            + $"Host: sim.test\r\nX-Id: {plan.Id}\r\n{plan.Filler}X-Hop: of this hop\r\n"
            + (plan.ClosesAfterwards ? "Connection: close, x-hop\r\n" : "Connection: X-Hop\r\n");
        if (plan.RequestFraming == PlanFraming.Length) head += $"Content-Length: {plan.RequestBytes}\r\n";
        if (plan.RequestFraming == PlanFraming.Chunked) head += "Transfer-Encoding: chunked\r\n";
        if (plan.ExpectsContinue) head += "Expect: 100-continue\r\n";
        head += "\r\n";
        var flaw = plan.ClientFlaw;
        var breaksOff = flaw is ClientFlaw.CloseInRequest or ClientFlaw.ResetInRequest or ClientFlaw.StallInRequest;
        var limit = breaksOff ? plan.FlawAt : int.MaxValue;
        var headBytes = Math.Min(head.Length, limit);
        // Set before the last byte goes: the origin may have it before the send is known to be complete.
        plan.IsSent |= headBytes == head.Length && plan is { RequestBytes: 0, RequestFraming: not PlanFraming.Chunked };
        if (!await _wire.SendAsync(head[..headBytes])) return false;
        var isHeadSent = headBytes == head.Length;
        if (plan.ExpectsContinue && isHeadSent && !_mayContinue && !_isOver) await _progress.For(ContinueMs);
        if (_wire.IsClosed) return false;
        if (isHeadSent)
        {
            var trailers = plan.HasTrailers ? $"X-Trailer: {plan.Id}\r\n" : "";
            var bodyLimit = breaksOff ? Math.Min(limit - headBytes, plan.RequestBytes - 1) : int.MaxValue;
            plan.IsSent |= !breaksOff;
            var (framing, length) = (plan.RequestFraming, plan.RequestBytes);
            if (!await _wire.SendBodyAsync(framing, length, plan.RequestPayload, bodyLimit, trailers)) return false;
        }
        if (!breaksOff) return true;
        if (flaw != ClientFlaw.StallInRequest) Give(plan, reset: flaw == ClientFlaw.ResetInRequest);
        return false;
    }

    private async LoopTask ReadAsync()
    {
        while (true)
        {
            if (_sent.Count == 0)
            {
                // Nothing was asked that has not been answered.
                if (_todo.Count == 0 || _isOver) return;
                await _reading.For(TimeoutMs);
                if (_sent.Count == 0) return;
            }
            var plan = _sent.Peek();
            if (!await ReadAnswerAsync(plan)) return;
            _sent.TryDequeue(out var done);
            Require(done == plan || _wire.IsClosed, plan, "answers are out of order");
            _mayContinue = true;
            _progress.End();
        }
    }

    /// <summary>Reads the answer to one request.</summary>
    /// <returns>Whether the connection goes on.</returns>
    private async LoopTask<bool> ReadAnswerAsync(HttpPlan plan)
    {
        var head = await _wire.ReadHeadAsync();
        while (head is { Status: < 200 })
        {
            Require(!plan.IsHttp10, plan, "an HTTP/1.0 client got an interim answer");
            Require(head.Status is 100 or 103, plan, $"an interim answer {head.Status} that nobody sent");
            _mayContinue = true;
            if (_sending == plan) _progress.End();
            head = await _wire.ReadHeadAsync();
        }
        if (head is null)
        {
            if (_wire.IsClosed) return false;
            Require(_wire.Last.Error != IoError.TimedOut, plan, "no answer, and no end of the connection");
            if (!_world.IsStopping) RequireFailure(plan, $"no answer: {_wire.Last}");
            // A reset is told once: the writing side may have been told.
            var mayBeCut = _wire.Last.IsError || _hasBrokenOff || _world.MayFail || _world.IsStopping;
            Require(mayBeCut || _connection.Input.IsEmpty, plan, "a head was cut off without a reset");
            _sent.Dequeue();
            return false;
        }
        Require(head.StartLine.StartsWith("HTTP/1.1 ", StringComparison.Ordinal), plan, $"'{head.StartLine}'");
        var isOwn = head.Find("X-Id") is not { } id;
        if (isOwn) RequireFailure(plan, $"the proxy answered {head.StartLine}", head.Status);
        else CheckHead(plan, head);
        var closes = plan.IsHttp10 || head.Find("Connection") == "close";
        if (!await ReadBodyAsync(plan, head, isOwn)) return false;
        if (!closes) return true;
        _sent.Dequeue();
        _isOver = _isAnnounced = true;
        await ExpectEndAsync(plan);
        return false;
    }

    private void CheckHead(HttpPlan plan, HttpHead head)
    {
        Require(head.Find("X-Id") == $"{plan.Id}", plan, $"it got the answer of exchange {head.Find("X-Id")}");
        Require(head.Status == plan.Status, plan, $"the status became {head.Status}");
        Require(head.Find("X-Drop") is null, plan, "a field of the origin's hop reached the client");
        Require(plan.Arrivals > 0, plan, "it was answered before it was asked");
    }

    private async LoopTask<bool> ReadBodyAsync(HttpPlan plan, HttpHead head, bool isOwn)
    {
        // Who has not read the method cannot know that it is HEAD.
        if ((plan.Method == "HEAD" && head.Status != 408) || head.Status is 204 or 304) return true;
        var framing = head.Framing(isRequest: false, out var length);
        if (isOwn)
        {
            Require(framing == PlanFraming.Length, plan, $"the proxy's own answer is framed {framing}");
            while (_connection.Input.Length < length)
            {
                if ((await _connection.FillAsync()) is not { IsError: false, Bytes: > 0 }) return false;
            }
            _connection.Input.Consume((int)length);
            return true;
        }
        var keepsLength = plan.AnswerFraming == PlanFraming.Length;
        Require(!keepsLength || length == plan.AnswerBytes, plan, $"the length became {length}");
        var pauses = plan.ReadsSlowly ? new SimPause(_connection.Reactor.Loop) : null;
        if (pauses is not null) await pauses.For(_world.Random.Below(800));
        if (_wire.IsClosed) return false;
        var breaksOff = plan.ClientFlaw is ClientFlaw.CloseInAnswer or ClientFlaw.ResetInAnswer;
        var limit = breaksOff ? plan.FlawAt : long.MaxValue;
        var body = await _wire.ReadBodyAsync(framing, length, plan.AnswerPayload, taken => taken < limit);
        if (breaksOff && body.End != BodyEnd.Failed)
        {
            Give(plan, reset: plan.ClientFlaw == ClientFlaw.ResetInAnswer);
            return false;
        }
        if (body.End == BodyEnd.Complete)
        {
            Require(body.Length == plan.AnswerBytes, plan, $"a whole body of {body.Length} bytes");
            return true;
        }
        Require(_wire.Last.Error != IoError.TimedOut, plan, "the body never ends");
        // A server that stops closes what is idle; a further request that crosses the close on its way makes a reset,
        // which may overtake the answer before it.
        var isCrossed = _world.IsStopping && _sent.Count > 1;
        if (!_wire.IsClosed && !isCrossed)
        {
            RequireFailure(plan, $"the body was cut after {body.Length} bytes: {_wire.Last}");
            _sent.Dequeue();
        }
        return false;
    }

    /// <summary>After the last answer comes the end of the connection and nothing else.</summary>
    private async LoopTask ExpectEndAsync(HttpPlan plan)
    {
        Require(_connection.Input.IsEmpty, plan, "bytes behind the last answer");
        var last = await _connection.FillAsync();
        Require(last.IsError || last.Bytes == 0, plan, "bytes behind the last answer");
        Require(last.Error != IoError.TimedOut, plan, "the connection stays open although it was to close");
    }

    /// <summary>The client gives the connection up.</summary>
    private void Give(HttpPlan plan, bool reset)
    {
        while (_sent.TryDequeue(out var given) && given != plan)
        {
            // Answers to earlier requests are lost with it.
        }
        _isOver = true;
        _wire.Close(reset);
    }

    /// <summary>Fails unless something is allowed to go wrong with this exchange.</summary>
    private void RequireFailure(HttpPlan plan, string what, int status = 0)
    {
        // When an answer behind it is cut off, the reset destroys what has not been read of its own.
        var isBeforeFlaw = false;
        foreach (var sent in _sent) isBeforeFlaw |= sent.IsFlawed;
        Require(_world.MayFail || plan.IsFlawed || (isBeforeFlaw && status == 0), plan, what);
        Require(status is 0 or 408 or 502 or 503 or 504, plan, what);
    }

    private static void Require(bool condition, HttpPlan plan, string what)
    {
        if (!condition) throw new SimFailure($"{plan}: {what}");
    }
}
