using System.Net;
using System.Text;
using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios;

/// <summary>Clients that send bytes of their own over a stream and expect the same back.</summary>
/// <remarks>
/// Where nothing fails they get all of it; where something may fail they get a part from the beginning. With a greeting
/// they ask for the stream in HTTP first, and not all of them wait for the answer.
/// </remarks>
internal sealed class StreamClients(SimWorld world, Reactor reactor, EndPoint target, int count, string greeting = "")
{
    private const int HeadBytesMax = 1024;

    private const int TimeoutMs = 60_000;

    private readonly SocketAddress _address = target.Serialize();
    private int _running;

    /// <summary>Whether all have ended.</summary>
    internal bool AreDone => _running == 0;

    /// <summary>For the message of a failure.</summary>
    public override string ToString() => $"{_running} of {count} clients are still there";

    /// <summary>Starts them.</summary>
    internal void Start()
    {
        for (var id = 0; id < count; id++)
        {
            _running++;
            var mine = id;
            world.Start(reactor, () => RunAsync(mine));
        }
    }

    private async LoopTask RunAsync(int id)
    {
        var connection = SocketConnection.Rent(reactor);
        connection.SetTimeout(TimeoutMs);
        var connected = await connection.ConnectAsync(_address);
        if (Succeeded(connected))
        {
            var length = world.Random.Length(world.Conditions.BodyBytesMax);
            var isPatient = greeting.Length > 0 && world.Random.Chance(500);
            if (!isPatient || (await GreetAsync(connection) && await ReadHeadAsync(connection)))
            {
                var writing = WriteAsync(connection, id, length, isPatient ? "" : greeting);
                if (isPatient || await ReadHeadAsync(connection)) await ReadAsync(connection, id, length);
                await writing;
            }
        }
        connection.Close(reset: world.Conditions.IsFaulty && world.Random.Chance(100));
        _running--;
    }

    private async LoopTask<bool> GreetAsync(SocketConnection connection)
    {
        var isWritten = connection.Output.TryAppend(Encoding.ASCII.GetBytes(greeting));
        if (!isWritten) return Succeeded(IoResult.Failure(IoError.NoBuffers));
        return Succeeded(await connection.FlushAsync());
    }

    /// <summary>Reads the head that answers the greeting. False when it is none that begins a stream.</summary>
    private async LoopTask<bool> ReadHeadAsync(SocketConnection connection)
    {
        var end = greeting.Length == 0 ? 0 : -1;
        while (end < 0)
        {
            var result = await connection.FillAsync();
            var isThere = Succeeded(result is { IsError: false, Bytes: 0 } ? IoResult.Failure(IoError.Reset) : result);
            if (!isThere)
            {
                connection.CancelFlush();
                return false;
            }
            end = connection.Input.Unread.IndexOf("\r\n\r\n"u8);
            if (end < 0 && connection.Input.Length > HeadBytesMax) throw new SimFailure("a head without an end");
        }
        if (end == 0) return true;
        var head = Encoding.ASCII.GetString(connection.Input.Unread[..end]);
        connection.Input.Consume(end + 4);
        if (head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal)) return true;
        if (head.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)) return true;
        if (!world.MayFail) throw new SimFailure($"a client got '{head}'");
        connection.CancelFlush();
        return false;
    }

    private async LoopTask WriteAsync(SocketConnection connection, int id, int length, string first)
    {
        if (first.Length > 0 && !await GreetAsync(connection))
        {
            connection.CancelFill();
            return;
        }
        for (var sent = 0; sent < length;)
        {
            if (!connection.Output.TryReserve(1))
            {
                // Without memory nothing can be sent; the other direction ends when this side is closed.
                Succeeded(IoResult.Failure(IoError.NoBuffers));
                connection.CancelFill();
                return;
            }
            var part = Math.Min(length - sent, Math.Min(connection.Output.Free, world.Random.Between(1, 10_000)));
            SimPayload.Fill(connection.Output.Writable[..part], id, sent);
            connection.Output.Commit(part);
            if (!Succeeded(await connection.FlushAsync()))
            {
                connection.CancelFill();
                return;
            }
            sent += part;
            connection.Output.Release();
            connection.SetTimeout(TimeoutMs);
            if (world.Random.Chance(100)) await reactor.Loop.YieldAsync();
        }
        connection.ShutdownSend();
    }

    private async LoopTask ReadAsync(SocketConnection connection, int id, int length)
    {
        for (var received = 0; ;)
        {
            var result = connection.Input.IsEmpty
                ? await connection.FillAsync()
                : IoResult.Success(connection.Input.Length);
            if (!Succeeded(result))
            {
                connection.CancelFlush();
                return;
            }
            if (result.Bytes == 0)
            {
                if (received != length) Succeeded(IoResult.Failure(IoError.Reset));
                return;
            }
            SimPayload.Check(connection.Input.Unread, id, received);
            received += result.Bytes;
            if (received > length) throw new SimFailure($"client {id} got more than it sent");
            connection.Input.Consume(result.Bytes);
            connection.Input.Release();
            connection.SetTimeout(TimeoutMs);
        }
    }

    private bool Succeeded(IoResult result)
    {
        if (!result.IsError) return true;
        if (!world.MayFail) throw new SimFailure($"a client met {result.Error}");
        return false;
    }
}
