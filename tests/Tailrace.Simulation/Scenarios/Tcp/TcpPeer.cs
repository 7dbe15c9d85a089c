using System.Buffers.Binary;
using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios.Tcp;

/// <summary>
/// One end of a forwarded connection, client or origin: it writes a stream that says whose it is and how long, reads the
/// other's, and ends as it planned.
/// </summary>
/// <remarks>
/// A stream is an id, a length and that many bytes of the id. Whoever reads it can tell a byte that is not its own, and
/// an orderly end that comes too early.
/// </remarks>
internal sealed class TcpPeer
{
    private const int HeadBytes = 8;
    private const int TimeoutMs = 60_000;
    private const int PieceMax = 10_000;

    private readonly SimWorld _world;
    private readonly SocketConnection _connection;
    private readonly SimPause _writePause;
    private readonly SimPause _readPause;
    private readonly int _id;
    private readonly int _length;
    private readonly bool _mayMeetResets;
    private readonly bool _listensFirst;
    private readonly int _resetAt;
    private readonly int _pauseMs;
    private bool _hasReset;

    /// <summary>A reset is told once: whoever has met it while writing reads an end.</summary>
    private bool _isBroken;

    /// <summary>Draws what it will do.</summary>
    /// <param name="world">The world.</param>
    /// <param name="connection">Its connection, which it closes.</param>
    /// <param name="id">Whose bytes it writes; no other peer has the same.</param>
    /// <param name="mayReset">Whether it and its other side may end by a reset at any byte.</param>
    /// <param name="listensFirst">Whether it writes nothing before the other stream has ended.</param>
    internal TcpPeer(SimWorld world, SocketConnection connection, int id, bool mayReset, bool listensFirst)
    {
        _world = world;
        _connection = connection;
        _writePause = new SimPause(connection.Reactor.Loop);
        _readPause = new SimPause(connection.Reactor.Loop);
        _id = id;
        _mayMeetResets = mayReset;
        _listensFirst = listensFirst;
        _length = HeadBytes + world.Random.Length(world.Conditions.BodyBytesMax);
        _resetAt = mayReset && world.Random.Chance(300) ? world.Random.Below(_length + 1) : -1;
        _pauseMs = world.Random.Below(3) * 200;
    }

    /// <summary>Bytes that it wrote and that were taken from it.</summary>
    internal int Written { get; private set; }

    /// <summary>Does all of it and closes.</summary>
    internal async LoopTask RunAsync()
    {
        if (_listensFirst)
        {
            await ReadAsync();
            if (!_isBroken) await WriteAsync();
        }
        else
        {
            var writing = WriteAsync();
            await ReadAsync();
            await writing;
        }
        _connection.Close();
    }

    private async LoopTask WriteAsync()
    {
        while (Written < _length && !_hasReset)
        {
            if (Written == _resetAt)
            {
                Reset();
                return;
            }
            if (_pauseMs > 0 && _world.Random.Chance(100)) await _writePause.For(_world.Random.Below(_pauseMs) + 1);
            if (!Succeeded(_connection.Output.TryReserve(HeadBytes) ? default : IoResult.Failure(IoError.NoBuffers)))
            {
                Reset();
                return;
            }
            var part = Fill(_connection.Output);
            _connection.SetTimeout(TimeoutMs);
            if (!Succeeded(await _connection.FlushAsync()))
            {
                _connection.CancelFill();
                return;
            }
            Written += part;
            _connection.Output.Release();
        }
        if (_hasReset) return;
        if (_resetAt == _length) Reset();
        else _connection.ShutdownSend();
    }

    private int Fill(Memory.ByteBuffer output)
    {
        if (Written == 0)
        {
            BinaryPrimitives.WriteInt32LittleEndian(output.Writable, _id);
            BinaryPrimitives.WriteInt32LittleEndian(output.Writable[4..], _length);
            output.Commit(HeadBytes);
            return HeadBytes;
        }
        var end = _resetAt > Written ? _resetAt : _length;
        var part = Math.Min(end - Written, Math.Min(output.Free, _world.Random.Between(1, PieceMax)));
        SimPayload.Fill(output.Writable[..part], _id, Written);
        output.Commit(part);
        return part;
    }

    private async LoopTask ReadAsync()
    {
        var (id, length, read) = (0, 0, 0);
        while (true)
        {
            if (_pauseMs > 0 && _world.Random.Chance(200)) await _readPause.For(_world.Random.Below(_pauseMs) + 1);
            _connection.SetTimeout(TimeoutMs);
            // What came behind a header is there already.
            var result = length == 0 && _connection.Input.Length >= HeadBytes
                ? IoResult.Success(_connection.Input.Length)
                : await _connection.FillAsync();
            if (!Succeeded(result))
            {
                _connection.CancelFlush();
                return;
            }
            if (result.Bytes == 0)
            {
                // What was cut must not look like what has ended, except that a process in its end cannot wait, and that
                // nothing at all comes where no destination could be connected to.
                var isUnserved = length == 0 && _connection.Input.IsEmpty && _world.MayFail;
                if ((read != length || length == 0) && !isUnserved && !_world.IsAborting && !_isBroken)
                    throw new SimFailure($"the end came after {read} of {length} bytes");
                return;
            }
            if (length == 0)
            {
                var head = _connection.Input.Unread;
                if (head.Length < HeadBytes) continue;
                id = BinaryPrimitives.ReadInt32LittleEndian(head);
                length = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
                read = HeadBytes;
                _connection.Input.Consume(HeadBytes);
            }
            var bytes = _connection.Input.Unread;
            SimPayload.Check(bytes, id, read);
            read += bytes.Length;
            if (read > length) throw new SimFailure($"{read} bytes came of {length}");
            _connection.Input.Consume(bytes.Length);
            _connection.Input.Release();
        }
    }

    private void Reset()
    {
        _hasReset = true;
        _connection.Abort();
    }

    private bool Succeeded(IoResult result)
    {
        if (!result.IsError) return true;
        _isBroken = true;
        if (!_world.MayFail && !_mayMeetResets && !_world.IsStopping) throw new SimFailure($"peer {_id} met {result.Error}");
        return false;
    }
}
