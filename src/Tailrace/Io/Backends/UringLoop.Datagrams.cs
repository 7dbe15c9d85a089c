using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>Datagrams: a poll that stays armed says that some are there, and one direct call takes what there is. One
/// that goes alone to a connected socket's other side goes by the ring, others by direct calls.</summary>
internal sealed unsafe partial class UringLoop
{
    /// <summary>What the kernel has dropped of what was counted as sent, until somebody is told.</summary>
    private readonly Dictionary<IoHandle, DatagramRun> _dropped = [];

    /// <inheritdoc/>
    internal override IoTask ReceiveDatagramsAsync(IoHandle socket, IoOperation operation) =>
        Of(socket).ReceiveError is not IoError.None and var error
            ? new IoTask(IoResult.Failure(error))
            : base.ReceiveDatagramsAsync(socket, operation);

    /// <inheritdoc/>
    internal override void SendDatagrams(IoHandle socket, Span<DatagramRun> runs)
    {
        var handle = Of(socket);
        if ((handle.Traits & DatagramTraits.Connected) != 0)
        {
            if (_dropped.Count > 0) runs[0].Add(TakeDropped(socket));
            if (TrySendShort(handle, ref runs[0])) return;
            // A direct call is not to overtake what the ring has not been given yet.
            if (IsSending(handle) && _ring.Holds(handle.SendPosition) && !_ring.IsBroken) _ring.Enter(0);
        }
        base.SendDatagrams(socket, runs);
    }

    /// <inheritdoc/>
    internal override DatagramRun TakeDropped(IoHandle socket) =>
        _dropped.Remove(socket, out var dropped) ? dropped : default;

    /// <summary>Has the ring send one short datagram. It is counted as sent; what fails is told later.</summary>
    private bool TrySendShort(UringHandle handle, ref DatagramRun run)
    {
        var slot = Datagrams.Order[run.First];
        ref readonly var datagram = ref Datagrams[slot];
        var length = datagram.Length;
        if (run.Count != 1 || datagram.SegmentBytes > 0 || length == 0 || length > _sends.Bytes) return false;
        var place = _sends.TryTake(length, out var end);
        if (place == null) return false;
        Unsafe.CopyBlockUnaligned(place, Datagrams.Slots.At(slot), (uint)length);
        handle.SendEnd = end;
        handle.SendPosition = _ring.Position;
        _ring.Add(
            Uring.OpSend, Uring.SqeSkipSuccess, 0, handle.Descriptor, place, (uint)length, SendFlags,
            DataOf(handle, Kind.Send));
        run.Sent++;
        run.Bytes += length;
        return true;
    }

    /// <summary>The kernel has dropped a datagram that was counted as sent.</summary>
    private void OnDatagramDropped(UringHandle handle, int errno)
    {
        if (handle.IsClosed) return;
        ref var dropped = ref CollectionsMarshal.GetValueRefOrAddDefault(_dropped, handle, out _);
        DatagramSender.CountFailure(ref dropped, errno, datagrams: 1, isConnected: true);
        if (dropped.Error == IoError.None) return;
        handle.ReceiveError = dropped.Error;
        handle.Receiving?.Fail(dropped.Error, this);
    }

    /// <inheritdoc/>
    private protected override bool TryAwaitDatagrams(LinuxHandle socket)
    {
        var handle = Of(socket);
        if (!handle.Has(UringWork.Datagrams))
            Poll(handle, Kind.Datagrams, UringWork.Datagrams, Uring.PollIn)->Length = Uring.PollMultishot;
        return true;
    }

    private void OnDatagrams(UringHandle handle, uint flags)
    {
        if ((flags & Uring.CqeMore) == 0) handle.Work &= ~UringWork.Datagrams;
        if (!handle.IsClosed) OnDatagrams(handle);
    }
}
