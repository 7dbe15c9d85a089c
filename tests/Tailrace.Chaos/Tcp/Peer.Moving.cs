using System.Net.Sockets;
using Tailrace.Io.Backends;

namespace Tailrace.Chaos.Tcp;

/// <content>How it sends and receives.</content>
internal sealed partial class Peer
{
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const int StateCloseWait = 8;

    private async Task SendAsync()
    {
        await Task.Delay(_conduct.StartMs);
        if (_conduct.Length > 0)
        {
            var split = _random.Next(_hello.Length + 1);
            await SendAllAsync(_hello.AsMemory(0, split));
            if (split > 0) await Task.Delay(_conduct.PauseMs);
            await SendAllAsync(_hello.AsMemory(split));
            await SendPatternAsync();
        }
        if (_isGone) return;
        if (_conduct.LastWordMs != 0) await Task.WhenAny(_otherEnded.Task, Task.Delay(_conduct.LastWordMs));
        lock (_sends)
        {
            if (_isGone) return;
            _socket.Shutdown(SocketShutdown.Send);
            HasEnded = true;
        }
        if (_conduct.Fault != Fault.ResetEnded) return;
        await Task.Delay(_conduct.FaultAt % 50);
        Reset();
    }

    private async Task SendPatternAsync()
    {
        var slowness = 0;
        var piece = new byte[Math.Min(_conduct.PieceMax, _conduct.Length)];
        for (var offset = 0; offset < _conduct.Length && !_isGone;)
        {
            if (_conduct.FaultAt <= offset && await HasFaultAsync()) return;
            if (_conduct.Nap.Ms > 0 && _conduct.Nap.At <= offset && _napsLeft-- > 0) await Task.Delay(_conduct.Nap.Ms);
            var count = Math.Min(_conduct.Length - offset, 1 + _random.Next(piece.Length));
            if (offset == 0)
            {
                count = Beginning.IdBytes;
                Beginning.Of(Id).CopyTo(piece, 0);
            }
            else Pattern.Fill(Id, offset, piece.AsSpan(0, count));
            await SendAllAsync(piece.AsMemory(0, count));
            offset += count;
            if (_conduct.PauseMs == 0 || slowness >= SlownessMs || _random.Next(4) > 0) continue;
            slowness += _conduct.PauseMs;
            await Task.Delay(_random.Next(_conduct.PauseMs));
        }
    }

    private async Task<bool> HasFaultAsync()
    {
        switch (_conduct.Fault)
        {
            case Fault.ResetSending:
                Reset();
                return true;
            case Fault.ResetSettled:
                while (!_isGone && LinuxSockets.OwedTo((int)_socket.Handle) > 0) await Task.Delay(2);
                lock (_sends) HasSettled = !_isGone && LinuxSockets.OwedTo((int)_socket.Handle) == 0;
                Reset();
                return true;
            case Fault.Leave:
                Leave();
                return true;
            default:
                return false;
        }
    }

    private async Task SendAllAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        lock (_sends) _sends.Add((Sent, Environment.TickCount64));
        Offered += bytes.Length;
        while (bytes.Length > 0)
        {
            var count = await _socket.SendAsync(bytes);
            Sent += count;
            bytes = bytes[count..];
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[1 << 16];
        var slowness = 0;
        await Task.Delay(_conduct.ReadStartMs);
        for (var reads = 0; ; reads++)
        {
            var room = reads < SmallReads ? _conduct.ReadMax : buffer.Length;
            var count = await _socket.ReceiveAsync(buffer.AsMemory(0, room));
            if (count == 0) break;
            Take(buffer.AsSpan(0, count));
            if (_conduct.Fault == Fault.ResetReading && Received > _conduct.FaultAt) Reset();
            if (_conduct.ReadPauseMs == 0 || slowness >= SlownessMs) continue;
            slowness += _conduct.ReadPauseMs;
            await Task.Delay(_conduct.ReadPauseMs);
        }
        var isOrderly = IsOrderly();
        if (isOrderly && !Beginning.MayEnd(_beginning, _place.HasHeader))
            throw new FormatException($"an end after {_beginning.Length} bytes of a beginning");
        See(isOrderly ? Ending.Orderly : Ending.Broken);
    }

    /// <summary>
    /// Whether the end that was read is one: the system tells of a reset once, and that may have been while sending.
    /// </summary>
    private bool IsOrderly()
    {
        lock (_sends)
        {
            if (_isGone || HasEnded) return true;
            Span<byte> info = stackalloc byte[8];
            _socket.GetRawSocketOption(TcpLevel, TcpInfo, info);
            return info[0] == StateCloseWait;
        }
    }

    private void Take(ReadOnlySpan<byte> piece)
    {
        if (Read is null)
        {
            _beginning = [.. _beginning, .. piece];
            Read = Beginning.TryRead(_beginning, _place.HasHeader);
            if (Read is null) return;
            piece = _beginning.AsSpan(Read.Bytes);
            _meetings.Meet(this, Read.Id);
            Received = Read.Bytes - Read.HeaderBytes;
            _beginning = [];
        }
        var offset = Received - (Read.Bytes - Read.HeaderBytes - Beginning.IdBytes);
        if (!Pattern.Fits(Read.Id, offset, piece))
            _meetings.Tally.Violation($"{this} read bytes that do not belong at {offset}");
        Received += piece.Length;
    }
}
