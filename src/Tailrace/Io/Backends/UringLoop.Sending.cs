using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>How bytes go: small messages through the ring, bulk by direct calls.</summary>
/// <remarks>
/// A send of the ring never waits in the kernel (MSG_DONTWAIT), and less than all of it is a failure (MSG_WAITALL). So
/// it has come to its end when io_uring_enter(2) returns, and only a failure is told (IOSQE_CQE_SKIP_SUCCESS): no
/// completion to look at for each message, and no entry that ends early because of one. What a socket had no room for
/// is copied to memory of its own, and goes by direct calls as the other side takes it.
/// </remarks>
internal sealed unsafe partial class UringLoop
{
    private int _leavingCount;

    /// <summary>The room that <see cref="BeginShort"/> has given last.</summary>
    private byte* _shortPlace;
    private int _shortRoom;

    /// <summary>How the ring's sends are made.</summary>
    internal const uint SendFlags = SocketAbi.MsgNoSignal | SocketAbi.MsgDontWait | SocketAbi.MsgWaitAll;

    /// <inheritdoc/>
    public override IoTask SendAsync(IoHandle stream, SendOperation operation)
    {
        var handle = Of(stream);
        Debug.Assert(handle.Sending is null, "one send at a time");
        if (IsSending(handle))
        {
            AwaitSend(handle);
        }
        else if (!handle.Has(UringWork.WritePoll))
        {
            if (TrySend(handle, operation) is { } done) return new IoTask(done);
            Poll(handle, Kind.WritePoll, UringWork.WritePoll, Uring.PollOut);
        }
        handle.Sending = operation;
        return operation.Begin(handle);
    }

    /// <summary>Whether bytes that were taken may not have come to the socket yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsSending(UringHandle handle) => handle.SendEnd > _sends.Settled || handle.HasRest;

    /// <summary>Has <see cref="OnSettled"/> look at a stream; one with a rest is told of by its poll.</summary>
    private void AwaitSend(UringHandle handle)
    {
        if (handle.IsAfterSend || handle.SendEnd <= _sends.Settled) return;
        handle.IsAfterSend = true;
        _afterSends.Add(handle);
    }

    /// <summary>
    /// The stream's end is to travel in one segment with its last send (MSG_MORE), where the kernel has not got that
    /// yet: it spares both sides the work of another.
    /// </summary>
    private void JoinEnd(UringHandle handle) =>
        _ring.Amend(handle.SendPosition, DataOf(handle, Kind.Send), SocketAbi.MsgMore, isSet: true);

    /// <summary>Takes that back.</summary>
    private void PartEnd(UringHandle handle) =>
        _ring.Amend(handle.SendPosition, DataOf(handle, Kind.Send), SocketAbi.MsgMore, isSet: false);

    /// <summary>Sends what can go now; null when it has to wait.</summary>
    private IoResult? TrySend(UringHandle handle, SendOperation operation)
    {
        if (handle.SendError != IoError.None) return IoResult.Failure(handle.SendError);
        if (handle.ReceiveError != IoError.None) return IoResult.Failure(handle.ReceiveError);
        if (operation.Unseen is not null) return SendUnseen(handle, operation);
        var head = operation.Buffer;
        var length = head.Length + operation.BodyLength;
        if (length > _sends.Bytes) return SendDirectly(handle, operation);
        var place = _sends.TryTake(length, out var end);
        if (place == null) return SendDirectly(handle, operation);
        Unsafe.CopyBlockUnaligned(place, head.ReadPointer, (uint)head.Length);
        if (operation.BodyLength > 0)
            Unsafe.CopyBlockUnaligned(place + head.Length, operation.Body!.ReadPointer, (uint)operation.BodyLength);
        Add(handle, place, length, end);
        operation.Advance(length);
        return IoResult.Success(operation.Progress);
    }

    /// <inheritdoc/>
    internal override Span<byte> BeginShort(IoHandle stream, int room)
    {
        var handle = Of(stream);
        if (room > _sends.Bytes || IsSending(handle) || handle.Has(UringWork.WritePoll)
            || handle.SendError != IoError.None || handle.ReceiveError != IoError.None)
            return default;
        _shortPlace = _sends.TryTake(room, out _);
        _shortRoom = room;
        return _shortPlace == null ? default : new Span<byte>(_shortPlace, room);
    }

    /// <inheritdoc/>
    internal override void EndShort(IoHandle stream, int length) =>
        Add(Of(stream), _shortPlace, length, _sends.Shrink(_shortRoom, length));

    /// <summary>Gives the ring a message that lies in the memory of sends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(UringHandle handle, byte* place, int length, ulong end)
    {
        handle.SendPlace = (nint)place;
        handle.SendLength = (ushort)length;
        handle.SendEnd = end;
        handle.SendPosition = _ring.Position;
        handle.Sent += length;
        _ring.Add(
            Uring.OpSend, Uring.SqeSkipSuccess, 0, handle.Descriptor, place, (uint)length, SendFlags,
            DataOf(handle, Kind.Send));
    }

    private void ContinueSend(UringHandle handle, SendOperation operation)
    {
        if (TrySend(handle, operation) is not { } done)
        {
            Poll(handle, Kind.WritePoll, UringWork.WritePoll, Uring.PollOut);
            return;
        }
        handle.Sending = null;
        operation.Complete(done);
    }

    /// <summary>The socket did not take all of a small send: <paramref name="result"/> bytes, or an error.</summary>
    private void OnSendFailed(UringHandle handle, int result)
    {
        // After a reset nobody wants it any more.
        if (handle.Descriptor < 0) return;
        if (handle.Traits != DatagramTraits.None)
        {
            OnDatagramDropped(handle, -result);
            return;
        }
        if (result < 0 && -result is not (Errno.Again or Errno.Interrupted))
        {
            NotSent(handle, -result);
            return;
        }
        var sent = Math.Max(result, 0);
        var rest = handle.Rest ??= new UringRest(this, handle);
        rest.Length = handle.SendLength - sent;
        rest.Sent = 0;
        rest.Memory = (nint)NativeMemory.Alloc((nuint)rest.Length);
        Unsafe.CopyBlockUnaligned((byte*)rest.Memory, (byte*)handle.SendPlace + sent, (uint)rest.Length);
        handle.HasRest = true;
        if (handle.IsClosed) LimitRest(handle);
        Poll(handle, Kind.WritePoll, UringWork.WritePoll, Uring.PollOut);
    }

    /// <summary>What was taken for sent is lost: the next operation fails with it, in either direction.</summary>
    private void NotSent(UringHandle handle, int errno)
    {
        var error = LinuxSockets.ErrorOf(errno);
        handle.FailSending(error);
        // After a reset the receive hears of it behind what the other side said before: see Ended.
        if (handle.IsClosed || error is IoError.BrokenPipe or IoError.Reset) return;
        handle.ReceiveError = error;
        handle.Receiving?.Fail(error, this);
        StopMultishot(handle, Kind.Receive);
    }

    /// <summary>Small sends have come to their end: what waited for them goes on.</summary>
    private void OnSettled()
    {
        var kept = 0;
        for (int i = 0, count = _afterSends.Count; i < _afterSends.Count; i++)
        {
            var handle = _afterSends[i];
            // What was added meanwhile, or has sent again, waits for the next time.
            if (i >= count || handle.SendEnd > _sends.Settled)
            {
                _afterSends[kept++] = handle;
                continue;
            }
            handle.IsAfterSend = false;
            if (!handle.HasRest) AfterSend(handle);
        }
        _afterSends.RemoveRange(kept, _afterSends.Count - kept);
    }

    private void AfterSend(UringHandle handle)
    {
        if (handle.IsClosed)
        {
            if (handle.HasLost && handle.Descriptor >= 0) LinuxSockets.ResetOnClose(handle.Descriptor);
            if (handle.Descriptor >= 0) CloseDescriptor(handle);
            FreeIfDone(handle);
            return;
        }
        if (handle.EndsAfterSend) EndSending(handle);
        if (handle.Sending is { } operation) ContinueSend(handle, operation);
    }

    private void OnWritable(UringHandle handle, int result)
    {
        if (handle.HasRest)
        {
            SendRest(handle, handle.Rest!);
            return;
        }
        if (handle.IsClosed || handle.Sending is not { } operation) return;
        if (handle.IsConnecting)
        {
            handle.Sending = null;
            // A connect that failed is an error of the socket's, and polls tell of those, unless they fail themselves.
            var errno = result < 0 || HasFailed(result) ? LinuxSockets.TakeError(handle.Descriptor) : 0;
            if (errno == 0 && result < 0) errno = -result;
            operation.Complete(FinishConnect(handle, errno));
            return;
        }
        NoteFailure(handle, result);
        ContinueSend(handle, operation);
    }

    /// <summary>A poll has told of an error: the sends that wait fail with it, be there room for them or not.</summary>
    private static void NoteFailure(UringHandle handle, int result)
    {
        NoteLoss(handle, result);
        if (!HasFailed(result) || handle.SendError != IoError.None) return;
        var errno = LinuxSockets.TakeError(handle.Descriptor);
        if (errno != 0) handle.FailSending(LinuxSockets.ErrorOf(errno));
    }

    private void SendRest(UringHandle handle, UringRest rest)
    {
        while (rest.Sent < rest.Length)
        {
            var sent = Libc.send(
                handle.Descriptor, (byte*)rest.Memory + rest.Sent, (nuint)(rest.Length - rest.Sent),
                SocketAbi.MsgNoSignal);
            if (sent >= 0)
            {
                rest.Sent += (int)sent;
                continue;
            }
            var errno = Libc.Errno;
            if (errno == Errno.Interrupted) continue;
            if (errno == Errno.Again)
            {
                Poll(handle, Kind.WritePoll, UringWork.WritePoll, Uring.PollOut);
                return;
            }
            NotSent(handle, errno);
            break;
        }
        DropRest(handle);
        AfterSend(handle);
    }

    private void DropRest(UringHandle handle)
    {
        if (!handle.HasRest) return;
        handle.HasRest = false;
        var rest = handle.Rest!;
        NativeMemory.Free((void*)rest.Memory);
        rest.Memory = 0;
        if (!rest.IsLast) return;
        rest.IsLast = false;
        _leavingCount--;
        Timers.Remove(rest);
    }

    /// <summary>A closed stream has its limit of time for the last bytes.</summary>
    private void LimitRest(UringHandle handle)
    {
        var rest = handle.Rest!;
        rest.IsLast = true;
        rest.Last = new LastBytes(OwedTo(handle), Now);
        _leavingCount++;
        Timers.Set(rest, Now + LastBytes.PatienceMs);
    }

    /// <inheritdoc/>
    internal override int OwedTo(IoHandle stream)
    {
        var handle = Of(stream);
        var unsent = handle.HasRest ? handle.Rest!.Length - handle.Rest.Sent
            : IsSending(handle) ? handle.SendLength : 0;
        return LinuxSockets.OwedTo(handle.Descriptor) + unsent;
    }

    /// <summary>Gives up a closed stream whose last bytes nobody takes, or too slowly.</summary>
    internal void GiveUp(UringHandle handle)
    {
        var rest = handle.Rest!;
        if (!IsStopping && rest.Last.GoesOn(OwedTo(handle), Now))
        {
            Timers.Set(rest, Now + LastBytes.PatienceMs);
            return;
        }
        DropRest(handle);
        LinuxSockets.ResetOnClose(handle.Descriptor);
        CancelWork(handle);
        CloseDescriptor(handle);
    }
}
