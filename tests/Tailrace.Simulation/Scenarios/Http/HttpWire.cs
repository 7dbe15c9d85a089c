using System.Globalization;
using System.Text;
using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios.Http;

/// <summary>How a body came to its end.</summary>
internal enum BodyEnd
{
    Complete,
    Cut,
    Failed,
}

/// <summary>Reads and writes messages on one connection, in pieces of any size; used by clients and origins.</summary>
internal sealed class HttpWire(SimWorld world, SocketConnection connection, int timeoutMs)
{
    /// <summary>The connection.</summary>
    internal SocketConnection Connection => connection;

    /// <summary>Whether the connection has been closed; it may be another's then.</summary>
    internal bool IsClosed { get; private set; }

    /// <summary>What the last receive came to.</summary>
    internal IoResult Last { get; private set; }

    /// <summary>Closes the connection, once.</summary>
    internal void Close(bool reset = false)
    {
        if (IsClosed) return;
        IsClosed = true;
        connection.Close(reset);
    }

    /// <summary>Reads a head; null when the stream ends or fails before it is whole.</summary>
    internal async LoopTask<HttpHead?> ReadHeadAsync()
    {
        while (true)
        {
            var end = connection.Input.Unread.IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                var head = HttpHead.Parse(connection.Input.Unread[..end]);
                connection.Input.Consume(end + 4);
                return head;
            }
            if (!await MoreAsync()) return null;
        }
    }

    /// <summary>Reads a body and checks every byte of it.</summary>
    /// <param name="framing">How it is framed.</param>
    /// <param name="length">Its length, if that is known.</param>
    /// <param name="payload">Whose bytes they have to be.</param>
    /// <param name="taken">Told how many bytes have been read so far; false stops.</param>
    internal async LoopTask<(BodyEnd End, long Length)> ReadBodyAsync(
        PlanFraming framing, long length, long payload, Func<long, bool>? taken = null)
    {
        var offset = 0L;
        if (framing == PlanFraming.None) return (BodyEnd.Complete, 0);
        while (true)
        {
            var wanted = framing == PlanFraming.Length ? length - offset : long.MaxValue;
            if (framing == PlanFraming.Chunked)
            {
                if (await ReadLineAsync() is not { } line) return (Cut(), offset);
                wanted = long.Parse(line.Split(';')[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                if (wanted == 0)
                {
                    while (await ReadLineAsync() is { } trailer)
                    {
                        if (trailer.Length == 0) return (BodyEnd.Complete, offset);
                    }
                    return (Cut(), offset);
                }
            }
            while (wanted > 0)
            {
                if (connection.Input.IsEmpty && !await MoreAsync())
                    return (framing == PlanFraming.UntilClose && !Last.IsError ? BodyEnd.Complete : Cut(), offset);
                var part = (int)Math.Min(wanted, connection.Input.Length);
                SimPayload.Check(connection.Input.Unread[..part], payload, offset);
                connection.Input.Consume(part);
                offset += part;
                wanted -= part;
                if (taken is not null && !taken(offset)) return (BodyEnd.Cut, offset);
            }
            if (framing == PlanFraming.Length) return (BodyEnd.Complete, offset);
            if (framing == PlanFraming.Chunked && await ReadLineAsync() is not "") return (Cut(), offset);
        }

        BodyEnd Cut() => Last.IsError ? BodyEnd.Failed : BodyEnd.Cut;
    }

    /// <summary>Sends text in any number of pieces.</summary>
    internal async LoopTask<bool> SendAsync(string text)
    {
        if (IsClosed) return false;
        var bytes = Encoding.Latin1.GetBytes(text);
        for (var sent = 0; sent < bytes.Length;)
        {
            var part = world.Random.Below(3) == 0 ? world.Random.Between(1, bytes.Length - sent) : bytes.Length - sent;
            if (!connection.Output.TryAppend(bytes.AsSpan(sent, part))) return false;
            sent += part;
            if (sent < bytes.Length && !await FlushAsync()) return false;
        }
        return await FlushAsync();
    }

    /// <summary>Sends a body in any number of pieces, or the first part of it.</summary>
    /// <param name="framing">How it is framed.</param>
    /// <param name="length">Its length.</param>
    /// <param name="payload">Whose bytes they are.</param>
    /// <param name="limit">After how many bytes to stop.</param>
    /// <param name="trailers">Trailer fields of a chunked body.</param>
    internal async LoopTask<bool> SendBodyAsync(
        PlanFraming framing, int length, long payload, int limit, string trailers)
    {
        if (framing == PlanFraming.None) return true;
        if (IsClosed) return false;
        for (var offset = 0; offset < length;)
        {
            if (offset >= limit) return true;
            var part = Math.Min(Math.Min(length - offset, limit - offset), world.Random.Between(1, 8192));
            var isChunked = framing == PlanFraming.Chunked;
            var extension = part % 7 == 0 ? ";a=b" : "";
            if (isChunked) connection.Output.TryAppend(Encoding.ASCII.GetBytes($"{part:x}{extension}\r\n"));
            if (!connection.Output.TryReserve(part + 2)) throw new SimFailure("the output holds more than one piece");
            SimPayload.Fill(connection.Output.Writable[..part], payload, offset);
            connection.Output.Commit(part);
            if (isChunked) connection.Output.TryAppend("\r\n"u8);
            offset += part;
            if (!await FlushAsync()) return false;
        }
        return limit < length || framing != PlanFraming.Chunked || await SendAsync($"0\r\n{trailers}\r\n");
    }

    private async LoopTask<bool> FlushAsync()
    {
        connection.SetTimeout(timeoutMs);
        var sent = await connection.FlushAsync();
        if (!IsClosed) connection.Output.Release();
        return !sent.IsError;
    }

    private async LoopTask<string?> ReadLineAsync()
    {
        while (true)
        {
            var end = connection.Input.Unread.IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var line = Encoding.Latin1.GetString(connection.Input.Unread[..end]);
                connection.Input.Consume(end + 2);
                return line;
            }
            if (!await MoreAsync()) return null;
        }
    }

    private async LoopTask<bool> MoreAsync()
    {
        if (IsClosed) return false;
        connection.Input.Release();
        connection.SetTimeout(timeoutMs);
        Last = await connection.FillAsync();
        return Last is { IsError: false, Bytes: > 0 };
    }
}
