using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tailrace.Chaos.Http;

/// <summary>An origin that does what origins do on their worst days, and is killed and started again.</summary>
/// <remarks>It also judges what the proxy sends: requests are well-formed, and a body that is whole is its own.</remarks>
internal sealed class ChaosOrigin(int seed, Tally tally)
{
    private const int HangMs = 3_000;

    private readonly Random _random = new(seed);
    private readonly Lock _dice = new();
    private ConcurrentBag<Wire> _connections = [];
    private Socket? _listener;

    /// <summary>Where it listens.</summary>
    internal IPEndPoint Address { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>Listens, on the same port as before.</summary>
    internal void Start()
    {
        var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(Address);
        listener.Listen(512);
        Address = (IPEndPoint)listener.LocalEndPoint!;
        _listener = listener;
        _ = AcceptAsync(listener);
    }

    /// <summary>Goes, and every connection with it.</summary>
    internal void Kill()
    {
        _listener?.Dispose();
        foreach (var connection in Interlocked.Exchange(ref _connections, [])) connection.Reset();
    }

    /// <summary>Is killed and started again until the time has come.</summary>
    internal async Task LiveAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await Task.Delay(Below(8_000) + 500, CancellationToken.None);
            Kill();
            tally.Count("origins killed");
            await Task.Delay(Below(1_500), CancellationToken.None);
            Start();
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
            socket.NoDelay = true;
            var wire = new Wire(socket);
            _connections.Add(wire);
            _ = ServeAsync(wire);
        }
    }

    private async Task ServeAsync(Wire wire)
    {
        try
        {
            while (await wire.BeginsAsync() && await AnswerAsync(wire)) { }
            wire.Dispose();
        }
        catch (IOException)
        {
            // The proxy gave the connection up, or this origin was killed.
            wire.Dispose();
        }
        catch (TimeoutException)
        {
            // A connection in the pool, or a client that stopped sending.
            wire.Dispose();
        }
        catch (Exception e)
        {
            tally.Violation($"an origin got what is no request: {e.Message}");
            wire.Reset();
        }
    }

    /// <summary>Answers one request, in one way or another. False when the connection is to end.</summary>
    private async Task<bool> AnswerAsync(Wire wire)
    {
        var head = await wire.ReadHeadAsync();
        var id = uint.Parse(head.Field("X-Id")!, CultureInfo.InvariantCulture);
        var fault = Below(100);
        if (fault is 0 or 1 && head.Field("Content-Length") is not null)
        {
            // An answer before the body has come.
            await wire.SendAsync($"HTTP/1.1 413 Too Much\r\nX-Id: {id}\r\nX-Length: 0\r\nContent-Length: 0\r\n\r\n");
            return false;
        }
        await TakeBodyAsync(wire, head, id);
        var isHead = head.Start.StartsWith("HEAD ", StringComparison.Ordinal);
        switch (fault)
        {
            case 2 or 3 or 4:
                wire.Reset();
                tally.Count("origin: reset before an answer");
                return false;
            case 5 or 6:
                tally.Count("origin: closed before an answer");
                return false;
            case 7:
                tally.Count("origin: hung");
                await Task.Delay(HangMs);
                return false;
            case 8 or 9:
                await wire.SendAsync(Garbage());
                tally.Count("origin: garbage");
                return false;
            case 10 or 11 when !isHead:
                // In one piece: what comes later could not be told from the answer to another request by anybody.
                var answer = $"HTTP/1.1 200 OK\r\nX-Id: {id}\r\nX-Length: 0\r\nContent-Length: 0\r\n\r\n";
                await wire.SendAsync(answer + answer);
                tally.Count("origin: answered twice");
                return true;
            case 12 or 13 or 14 when !isHead:
                await CutAsync(wire, id);
                return false;
            case 15 or 16:
                await WholeAsync(wire, id, isHead);
                tally.Count("origin: closed behind an answer");
                await Task.Delay(Below(3));
                return false;
            default:
                if (fault < 22) await wire.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
                return await WholeAsync(wire, id, isHead);
        }
    }

    private async Task TakeBodyAsync(Wire wire, Head head, uint id)
    {
        var length = await wire.ReadBodyAsync(head, isRequest: true, (offset, piece) =>
        {
            if (!Pattern.Fits(id, offset, piece.Span)) tally.Violation($"request {id} has another's body at {offset}");
        });
        var announced = long.Parse(head.Field("X-Length") ?? "0", CultureInfo.InvariantCulture);
        if (length != announced) tally.Violation($"request {id} came whole with {length} bytes of {announced}");
    }

    /// <summary>Answers as it should be. False when only the end of the connection ends the body.</summary>
    private async Task<bool> WholeAsync(Wire wire, uint id, bool isHead)
    {
        var length = Length();
        var framing = Below(3);
        await wire.SendAsync(HeadOf(id, length, framing));
        if (isHead) return framing != 2;
        await BodyAsync(wire, id, length, framing);
        if (framing == 1) await wire.SendAsync("0\r\nX-End: 1\r\n\r\n");
        return framing != 2;
    }

    /// <summary>Begins an answer, and breaks it off.</summary>
    private async Task CutAsync(Wire wire, uint id)
    {
        var length = 2 + Length();
        // An end by closing would be no cut: only a reset tells one.
        var framing = Below(2);
        var isReset = Below(2) == 0;
        await wire.SendAsync(HeadOf(id, length, framing));
        await BodyAsync(wire, id, 1 + Below((int)length - 1), framing);
        tally.Count(isReset ? "origin: reset in a body" : "origin: closed in a body");
        if (isReset) wire.Reset();
    }

    private static string HeadOf(uint id, long length, int framing) =>
        $"HTTP/1.1 200 OK\r\nX-Id: {id}\r\nX-Length: {length}\r\n" + framing switch
        {
            0 => $"Content-Length: {length}\r\n\r\n",
            1 => "Transfer-Encoding: chunked\r\n\r\n",
            _ => "Connection: close\r\n\r\n",
        };

    private async Task BodyAsync(Wire wire, uint id, long length, int framing)
    {
        var piece = new byte[Math.Min(length, 8192)];
        for (var offset = 0L; offset < length;)
        {
            var count = (int)Math.Min(length - offset, framing == 1 ? 1 + Below(piece.Length) : piece.Length);
            Pattern.Fill(id, offset, piece.AsSpan(0, count));
            if (framing == 1) await wire.SendAsync($"{count:x}\r\n");
            await wire.SendAsync(piece.AsMemory(0, count));
            if (framing == 1) await wire.SendAsync("\r\n");
            offset += count;
            if (Below(200) == 0) await Task.Delay(5);
        }
    }

    private byte[] Garbage()
    {
        var bytes = new byte[1 + Below(200)];
        lock (_dice) _random.NextBytes(bytes);
        if (Below(2) == 0) return bytes;
        // What begins with CR LF would end the head, and be an answer like any other.
        if (bytes[0] == '\r') bytes[0] = 0;
        return [.. Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), .. bytes];
    }

    private long Length() => Below(10) switch { < 6 => Below(300), < 9 => Below(20_000), _ => Below(400_000) };

    private int Below(int limit)
    {
        lock (_dice) return _random.Next(limit);
    }
}
