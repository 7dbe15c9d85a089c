using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tailrace.Chaos.Http;

/// <summary>What is not HTTP as it has to be: whoever sent it is at fault.</summary>
internal sealed class MalformedException(string message) : Exception(message);

/// <summary>A message's head.</summary>
/// <param name="Start">Its first line.</param>
/// <param name="Fields">Its fields in order.</param>
internal sealed record Head(string Start, IReadOnlyList<(string Name, string Value)> Fields)
{
    /// <summary>The value of a field; null when there is none.</summary>
    internal string? Field(string name) =>
        Fields.FirstOrDefault(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The status of an answer.</summary>
    internal int Status => int.Parse(Start.Split(' ')[1], CultureInfo.InvariantCulture);
}

/// <summary>One connection, read strictly.</summary>
/// <remarks>
/// <see cref="MalformedException"/> for what is no HTTP, <see cref="IOException"/> where the stream ends or breaks off in
/// the middle, <see cref="TimeoutException"/> for silence.
/// </remarks>
internal sealed class Wire(Socket socket) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>Bytes that are there and belong to no message that was read.</summary>
    internal bool HasMore => _end > _start || (socket.Connected && socket.Available > 0);

    internal static async Task<Wire> ConnectAsync(IPEndPoint address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address);
            return new Wire(socket);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException(e.Message, e);
        }
    }

    public void Dispose() => socket.Dispose();

    /// <summary>Ends it so that the other side sees a reset.</summary>
    internal void Reset()
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has gone already.
        }
        socket.Dispose();
    }

    internal Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    internal Task SendAsync(ReadOnlyMemory<byte> bytes) => GuardAsync(async () =>
    {
        using var patience = new CancellationTokenSource(s_patience);
        LongestSilence = Math.Max(LongestSilence, Environment.TickCount64 - SentAt);
        while (bytes.Length > 0) bytes = bytes[await socket.SendAsync(bytes, patience.Token)..];
        SentAt = Environment.TickCount64;
        return 0;
    });

    /// <summary>When something was sent last, in milliseconds.</summary>
    internal long SentAt { get; private set; } = Environment.TickCount64;

    /// <summary>The longest time between two sends, in milliseconds.</summary>
    internal long LongestSilence { get; private set; }

    /// <summary>Whether another message begins; false at an orderly end.</summary>
    internal async Task<bool> BeginsAsync() => _end > _start || await FillAsync() > 0;

    /// <summary>Reads a head.</summary>
    internal async Task<Head> ReadHeadAsync()
    {
        var start = await ReadLineAsync();
        var fields = new List<(string, string)>();
        while (await ReadLineAsync() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line[colon - 1] == ' ') throw new MalformedException($"'{line}' is no field");
            fields.Add((line[..colon], line[(colon + 1)..].Trim(' ')));
        }
        return new Head(start, fields);
    }

    /// <summary>Reads a body as its head frames it, and hands it on in pieces.</summary>
    /// <returns>Its length.</returns>
    internal async Task<long> ReadBodyAsync(Head head, bool isRequest, Action<long, ReadOnlyMemory<byte>> take)
    {
        var (length, coding) = (head.Field("Content-Length"), head.Field("Transfer-Encoding"));
        if (length is not null && coding is not null) throw new MalformedException("a length and a coding");
        if (length is not null) return await ReadPieceAsync(0, long.Parse(length, CultureInfo.InvariantCulture), take);
        if (coding is null && isRequest) return 0;
        if (coding != "chunked") throw new MalformedException($"the coding '{coding}'");
        for (var offset = 0L; ;)
        {
            var line = await ReadLineAsync();
            if (!long.TryParse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size))
                throw new MalformedException($"'{line}' is no size");
            if (size == 0)
            {
                while (await ReadLineAsync() is { Length: > 0 }) { }
                return offset;
            }
            offset = await ReadPieceAsync(offset, size, take);
            if (await ReadLineAsync() is { Length: > 0 } rest) throw new MalformedException($"'{rest}' behind a chunk");
        }
    }

    private async Task<long> ReadPieceAsync(long offset, long length, Action<long, ReadOnlyMemory<byte>> take)
    {
        for (var left = length; left > 0;)
        {
            if (_start == _end && await FillAsync() == 0) throw new EndOfStreamException();
            var count = (int)Math.Min(left, _end - _start);
            take(offset, _buffer.AsMemory(_start, count));
            _start += count;
            offset += count;
            left -= count;
        }
        return offset;
    }

    private async Task<string> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_start == _end && await FillAsync() == 0) throw new EndOfStreamException();
            var next = (char)_buffer[_start++];
            if (next != '\n')
            {
                line.Append(next);
                continue;
            }
            if (line.Length == 0 || line[^1] != '\r') throw new MalformedException($"'{line}' ends in LF without CR");
            return line.ToString(0, line.Length - 1);
        }
    }

    private async Task<int> FillAsync()
    {
        _start = _end = 0;
        using var patience = new CancellationTokenSource(s_patience);
        return _end = await GuardAsync(async () => await socket.ReceiveAsync(_buffer.AsMemory(), patience.Token));
    }

    private static async Task<int> GuardAsync(Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"nothing happened for {s_patience.TotalSeconds} s");
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException(e.Message, e);
        }
    }
}
