using System.Net;
using Tailrace.Io;

namespace Tailrace.Simulation;

/// <content>Datagrams: completed where they are received, as the real back ends do it.</content>
internal sealed partial class SimLoop
{
    /// <summary>Datagrams that were received here, each of those that were put together.</summary>
    internal long DatagramsTaken { get; set; }

    /// <summary>Datagrams that the system has taken from here.</summary>
    internal long DatagramsSent { get; set; }

    /// <summary>Bytes of them.</summary>
    internal long DatagramBytesSent { get; set; }

    /// <inheritdoc/>
    internal override IoHandle BindDatagrams(EndPoint address, bool shared, int receiveBuffer)
    {
        var socket = _world.Datagrams.Bind(this, (IPEndPoint)address, shared);
        _handles.Add(socket);
        return socket;
    }

    /// <inheritdoc/>
    internal override int ReceiveBufferOf(IoHandle socket) => int.MaxValue;

    /// <inheritdoc/>
    internal override IoResult ConnectDatagrams(SocketAddress address, out IoHandle? socket)
    {
        socket = null;
        if (_world.Faults.Strikes() || _world.Random.Chance(_world.Datagrams.Conditions.Unopened))
            return IoResult.Failure(_world.Network.ConnectError());
        var handle = _world.Datagrams.Connect(this, address);
        _handles.Add(handle);
        socket = handle;
        return IoResult.Success(0);
    }

    /// <inheritdoc/>
    internal override IoTask ReceiveDatagramsAsync(IoHandle socket, IoOperation operation)
    {
        var handle = Open(socket);
        Require(handle.Receiving is null, "one receive at a time");
        Require(Datagrams.Free > 0, "there is no place to receive into");
        if (_world.Faults.Strikes()) return new IoTask(IoResult.Failure(IoError.Unreachable));
        if (_world.Datagrams.IsBroken)
        {
            _world.Datagrams.BrokenReceives++;
            return new IoTask(IoResult.Failure(IoError.OutOfMemory));
        }
        if (!_world.IsLate && TryReceiveDatagrams(handle) is { } done) return new IoTask(done);
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    internal override void SendDatagrams(IoHandle socket, Span<DatagramRun> runs)
    {
        var handle = Open(socket);
        var isConnected = handle.Peer.Length > 0;
        foreach (ref var run in runs)
        {
            var to = isConnected ? handle.Peer : run.To;
            foreach (var slot in Datagrams.Order.AsSpan(run.First, run.Count))
            {
                Require(slot < Datagrams.Used, "a datagram is sent from a place that is free");
                ref readonly var datagram = ref Datagrams[slot];
                var rest = Datagrams.Slots.Of(slot)[..datagram.Length];
                var segment = datagram.SegmentBytes == 0 ? datagram.Length : datagram.SegmentBytes;
                do
                {
                    var piece = rest[..Math.Min(segment, rest.Length)];
                    rest = rest[piece.Length..];
                    Send(handle, ref run, to, piece, isConnected);
                }
                while (rest.Length > 0);
            }
        }
    }

    private void Send(
        SimHandle handle, ref DatagramRun run, in DatagramAddress to, ReadOnlySpan<byte> bytes, bool isConnected)
    {
        if (_world.Faults.Strikes() || _world.Datagrams.TakeRefusal(handle))
        {
            run.Failed++;
            if (isConnected) run.Error = IoError.Refused;
            return;
        }
        switch (_world.Datagrams.Send(handle, to, bytes))
        {
            case SimDatagramFate.Full:
                run.Full++;
                break;
            case SimDatagramFate.TooLong:
                run.TooLong++;
                break;
            default:
                run.Sent++;
                run.Bytes += bytes.Length;
                break;
        }
    }

    private IoResult? TryReceiveDatagrams(SimHandle handle)
    {
        if (_world.Datagrams.TakeRefusal(handle)) return IoResult.Failure(IoError.Refused);
        var count = _world.Datagrams.Receive(handle, Datagrams);
        return count > 0 ? IoResult.Success(count) : null;
    }
}
