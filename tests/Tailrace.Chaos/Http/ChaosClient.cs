using System.Globalization;
using System.Net;
using System.Text;

namespace Tailrace.Chaos.Http;

/// <summary>A client that asks again and again, in many ways, and believes nothing.</summary>
/// <remarks>
/// Each request comes to exactly one end, which is counted: an answer that is whole, a refusal by the proxy, an answer
/// that was visibly cut, a connection that was closed before it; or this client's own leaving.
/// </remarks>
internal sealed class ChaosClient(int seed, IPEndPoint proxy, Tally tally)
{
    private static int s_lastId;

    private readonly Random _random = new(seed);

    /// <summary>Asks until the time has come.</summary>
    internal async Task RunAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                using var wire = await Wire.ConnectAsync(proxy);
                while (!end.IsCancellationRequested && await AskAsync(wire)) { }
            }
            catch (IOException e)
            {
                tally.Violation($"cannot connect: {e.Message}");
                return;
            }
        }
    }

    /// <summary>One request, or several at once, and what comes of them. False when the connection is over.</summary>
    private async Task<bool> AskAsync(Wire wire)
    {
        var left = _random.Next(10) == 0 ? 2 + _random.Next(4) : 1;
        var asked = new List<(uint Id, string Method)>();
        try
        {
            for (; left > 0; left--) asked.Add(await SendAsync(wire));
        }
        catch (IOException)
        {
            // What was answered before may still be there.
        }
        catch (TimeoutException)
        {
            if (!await WasPausedAsync()) tally.Violation("the proxy stopped reading");
        }
        if (_random.Next(40) == 0)
        {
            wire.Reset();
            foreach (var _ in asked) tally.Count("client left");
            return false;
        }
        for (var i = 0; i < asked.Count; i++)
        {
            if (await TakeAsync(wire, asked[i].Id, asked[i].Method == "HEAD")) continue;
            for (i++; i < asked.Count; i++) tally.Count("closed before an answer");
            return false;
        }
        if (_random.Next(20) == 0) await Task.Delay(_random.Next(30));
        if (wire.HasMore)
        {
            // An end is readable too.
            var isMore = await Quietly(wire.BeginsAsync);
            if (isMore) tally.Violation("there is more than was asked for");
            return false;
        }
        return true;
    }

    /// <summary>Sends a request, whole unless the proxy answers first.</summary>
    private async Task<(uint Id, string Method)> SendAsync(Wire wire)
    {
        var id = (uint)Interlocked.Increment(ref s_lastId);
        var method = _random.Next(10) switch { < 6 => "GET", < 7 => "HEAD", < 8 => "PUT", _ => "POST" };
        tally.Count("asked");
        var head = $"{method} /{id} HTTP/1.1\r\nHost: a\r\nX-Id: {id}\r\n";
        if (method is "GET" or "HEAD")
        {
            await SendOrGoAsync(wire, Encoding.ASCII.GetBytes($"{head}\r\n"));
            return (id, method);
        }
        var body = new byte[_random.Next(10) < 8 ? _random.Next(500) : _random.Next(100_000)];
        Pattern.Fill(id, 0, body);
        var isChunked = _random.Next(2) == 0;
        var framing = isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {body.Length}";
        await SendOrGoAsync(wire, Encoding.ASCII.GetBytes($"{head}X-Length: {body.Length}\r\n{framing}\r\n\r\n"));
        for (var offset = 0; offset < body.Length;)
        {
            var count = Math.Min(body.Length - offset, 1 + _random.Next(20_000));
            if (isChunked) await SendOrGoAsync(wire, Encoding.ASCII.GetBytes($"{count:x}\r\n"));
            await SendOrGoAsync(wire, body.AsMemory(offset, count));
            if (isChunked) await SendOrGoAsync(wire, "\r\n"u8.ToArray());
            offset += count;
            if (_random.Next(300) == 0) wire.Reset();
        }
        if (isChunked) await SendOrGoAsync(wire, "0\r\n\r\n"u8.ToArray());
        return (id, method);
    }

    // Who cannot send any more has not been refused yet: the answer may be there already.
    private static async Task SendOrGoAsync(Wire wire, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await wire.SendAsync(bytes);
        }
        catch (IOException)
        {
        }
    }

    /// <summary>Takes one answer. False when the connection is over.</summary>
    private async Task<bool> TakeAsync(Wire wire, uint id, bool isToHead)
    {
        var hasBegun = false;
        try
        {
            if (!await wire.BeginsAsync())
            {
                tally.Count("closed before an answer");
                return false;
            }
            var head = await wire.ReadHeadAsync();
            while (head.Status is >= 100 and < 200) head = await wire.ReadHeadAsync();
            hasBegun = true;
            var isOurs = head.Field("X-Id") is not null;
            if (isOurs && head.Field("X-Id") != $"{id}") tally.Violation($"request {id} got the answer to {head.Field("X-Id")}");
            var isExpected = head.Status is 502 or 503 or 504 || (head.Status == 408 && await WasPausedAsync());
            var isMixed = false;
            var reason = new StringBuilder();
            var length = isToHead ? 0 : await wire.ReadBodyAsync(head, isRequest: false, (offset, piece) =>
            {
                isMixed |= isOurs && !Pattern.Fits(id, offset, piece.Span);
                if (!isOurs) reason.Append(Encoding.ASCII.GetString(piece.Span));
            });
            if (!isOurs && !isExpected)
            {
                tally.Violation($"request {id} got {head.Start} from nobody, {reason.Replace('\n', ' ')}, "
                    + $"{Environment.TickCount64 - wire.SentAt} ms after its last byte; silent for {wire.LongestSilence} ms at most");
            }
            if (isMixed) tally.Violation($"request {id} got another's body");
            if (isOurs && !isToHead && length != long.Parse(head.Field("X-Length")!, CultureInfo.InvariantCulture))
                tally.Violation($"request {id} got {length} bytes of {head.Field("X-Length")} and was told that this was all");
            tally.Count(isOurs ? "answered" : $"refused with {head.Status}");
            return head.Field("Connection") != "close";
        }
        catch (TimeoutException)
        {
            if (await WasPausedAsync()) tally.Count("lost in a pause");
            else tally.Violation($"request {id} was left waiting");
        }
        catch (IOException)
        {
            tally.Count(hasBegun ? "visibly cut" : "closed before an answer");
        }
        catch (Exception e) when (e is MalformedException or FormatException or IndexOutOfRangeException)
        {
            tally.Violation($"request {id} got what is no answer: {e.Message}");
        }
        return false;
    }

    // Deadlines pass at once when a pause ends; that it was one is noticed a little later.
    private static async Task<bool> WasPausedAsync()
    {
        await Task.Delay(500);
        return Pauses.IsRecent;
    }

    private static async Task<bool> Quietly(Func<Task<bool>> question)
    {
        try
        {
            return await question();
        }
        catch (IOException)
        {
            return false;
        }
    }
}
