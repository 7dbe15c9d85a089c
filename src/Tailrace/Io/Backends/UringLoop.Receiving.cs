using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tailrace.Memory;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>How bytes come: small messages through the ring, bulk by direct calls.</summary>
internal sealed unsafe partial class UringLoop
{
    /// <summary>Buffers of received bytes that may wait before a stream is received from no more.</summary>
    private const int WaitingMax = 4;

    /// <inheritdoc/>
    public override IoTask ReceiveAsync(IoHandle stream, IoOperation operation)
    {
        var handle = Of(stream);
        Debug.Assert(handle.Receiving is null, "one receive at a time");
        if (!handle.Has(UringWork.Receive) || handle.FirstWaiting != UringReceives.None)
        {
            var result = TryReceive(handle, operation);
            if (result is { } done) return new IoTask(done);
            ArmReceive(handle);
        }
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <summary>Keeps for later what an accepted stream has received. Everything else is for now.</summary>
    private bool PutOff(in Uring.Cqe completion)
    {
        if (KindOf(completion) != Kind.Receive) return false;
        if (completion.Outcome > 0) _receives.Take(BufferOf(completion.Flags));
        var handle = HandleOf(completion);
        if (!handle.IsAccepted) return false;
        _backlog.Add(completion);
        _receives.Replenish();
        // Nobody reads it for now: let the sender feel it.
        if (completion.Outcome > 0 && ++handle.PutOffCount > WaitingMax) StopMultishot(handle, Kind.Receive);
        return true;
    }

    private void TakeUp(in Uring.Cqe completion)
    {
        if (completion.Outcome > 0) HandleOf(completion).PutOffCount--;
        Dispatch(completion);
    }

    private static int BufferOf(uint flags) => (int)(flags >> Uring.CqeBufferShift);

    private void OnReceived(UringHandle handle, int result, uint flags)
    {
        var isLast = (flags & Uring.CqeMore) == 0;
        if (isLast)
        {
            handle.Work &= ~UringWork.Receive;
            handle.IsStopping = false;
        }
        if (result > 0)
        {
            OnBytes(handle, BufferOf(flags), result);
            return;
        }
        if (handle.IsClosed) return;
        switch (-result)
        {
            case 0:
                Ended(handle);
                break;
            case Errno.NoBuffers:
                // All buffers hold bytes that others have not asked for: this one goes by direct calls.
                Starved++;
                _receives.Grow();
                handle.IsBulk = handle.IsReadable = true;
                break;
            case Errno.Cancelled or Errno.Again or Errno.Interrupted:
                handle.IsReadable = true;
                break;
            default:
                handle.ReceiveError = LinuxSockets.ErrorOf(-result);
                handle.IsBroken = true;
                break;
        }
        // Whoever relies on it hears of a reset by it as well, which direct receives that follow do not.
        if (isLast && handle.IsHeeded && handle.ReceiveError == IoError.None) Watch(handle);
        if (handle.Receiving is { } operation) Retry(handle, operation);
        else if (handle.ReceiveError != IoError.None) handle.FailDependent(this);
    }

    private void OnBytes(UringHandle handle, int buffer, int count)
    {
        var bytes = _receives.At(buffer);
        if (handle.IsClosed)
        {
            _receives.Return(buffer);
            return;
        }
        handle.Received += count;
        _pace.Count(ref handle.Window);
        if (count == _receives.Bytes)
        {
            handle.IsBulk = handle.IsReadable = true;
            StopMultishot(handle, Kind.Receive);
        }
        else if (handle.IsFresh)
        {
            HearEnd(handle);
        }
        if (handle.Receiving is not { } operation)
        {
            _receives.Append(ref handle.FirstWaiting, ref handle.LastWaiting, buffer, 0, count);
            // Nobody reads: let the sender feel it.
            if (++handle.WaitingCount > WaitingMax) StopMultishot(handle, Kind.Receive);
            if (!handle.Has(UringWork.Receive) && handle.IsHeeded) Watch(handle);
            return;
        }
        handle.Receiving = null;
        if (operation.UnseenMax < 0 && TryPassOn(handle, bytes, count))
        {
            _receives.Return(buffer);
            operation.PassedOn = count;
            operation.Complete(IoResult.Success(count));
            return;
        }
        var target = operation.Buffer;
        if (!target.TryReserve(1))
        {
            _receives.Append(ref handle.FirstWaiting, ref handle.LastWaiting, buffer, 0, count);
            operation.Complete(IoResult.Failure(IoError.NoBuffers));
            return;
        }
        var fits = Math.Min(count, target.Free);
        Unsafe.CopyBlockUnaligned(target.WritePointer, bytes, (uint)fits);
        target.Commit(fits);
        if (fits == count) _receives.Return(buffer);
        else _receives.Append(ref handle.FirstWaiting, ref handle.LastWaiting, buffer, fits, count - fits);
        operation.Complete(IoResult.Success(fits));
    }

    /// <summary>
    /// Makes sure that a stream whose first bytes have come is heard to end. When bytes and the end come while the
    /// receive is being armed, the kernel (as of 6.18) takes the bytes, and has nothing left to wake it: over Unix
    /// sockets for every end, over TCP for a reset. Begun anew the receive finds the end.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HearEnd(UringHandle handle)
    {
        handle.IsFresh = false;
        if (handle.Has(UringWork.Receive) && LinuxSockets.HasEnded(handle.Descriptor))
            StopMultishot(handle, Kind.Receive);
    }

    private void OnReadable(UringHandle handle, int result)
    {
        if (handle.IsClosed) return;
        handle.IsReadable = true;
        const uint ending = Uring.PollError | Uring.PollHangUp | Uring.PollReadHangUp;
        if (result < 0 || ((uint)result & ending) != 0) handle.IsEnding = true;
        NoteLoss(handle, result);
        if (handle.Receiving is { } operation) Retry(handle, operation);
        else if (handle.IsBroken) handle.FailDependent(this);
    }

    private void OnWatched(UringHandle handle, int result, uint flags)
    {
        var isLast = (flags & Uring.CqeMore) == 0;
        if (isLast) handle.Work &= ~UringWork.Watch;
        if (handle.IsClosed) return;
        NoteLoss(handle, result);
        if (handle is { Receiving: null, IsBroken: true }) handle.FailDependent(this);
        else if (isLast && handle.IsHeeded) Watch(handle);
    }

    /// <summary>Keeps what a poll has said of the end of a stream.</summary>
    private static void NoteLoss(UringHandle handle, int result)
    {
        handle.IsLost |= HasFailed(result);
        handle.IsBroken |= result > 0 && ((uint)result & Uring.PollError) != 0;
    }

    /// <summary>Whether a poll has found a stream reset, or ended in both directions.</summary>
    private static bool HasFailed(int result) =>
        result > 0 && ((uint)result & (Uring.PollError | Uring.PollHangUp)) != 0;

    /// <summary>What has become of the stream lets the pending receive end, or has it armed again.</summary>
    private void Retry(UringHandle handle, IoOperation operation)
    {
        if (TryReceive(handle, operation) is not { } done)
        {
            ArmReceive(handle);
            return;
        }
        handle.Receiving = null;
        operation.Complete(done);
    }

    /// <summary>Receives what is there already; null when that is nothing.</summary>
    private IoResult? TryReceive(UringHandle handle, IoOperation operation)
    {
        if (handle.FirstWaiting != UringReceives.None) return TakeWaiting(handle, operation.Buffer);
        if (handle.Has(UringWork.Receive)) return null;
        if (handle.IsEnded) return IoResult.Success(0);
        if (handle.ReceiveError != IoError.None) return IoResult.Failure(handle.ReceiveError);
        if (!handle.IsBulk || !handle.IsReadable) return null;
        return operation.UnseenMax <= 0
            ? ReceiveDirectly(handle, operation.Buffer)
            : ReceiveUnseen(handle, operation);
    }

    private IoResult TakeWaiting(UringHandle handle, ByteBuffer buffer)
    {
        if (!buffer.TryReserve(1)) return IoResult.Failure(IoError.NoBuffers);
        var total = 0;
        do
        {
            var bytes = _receives.Peek(handle.FirstWaiting);
            if (bytes.Length > buffer.Free) bytes = bytes[..buffer.Free];
            bytes.CopyTo(buffer.Writable);
            buffer.Commit(bytes.Length);
            total += bytes.Length;
            _receives.Consume(ref handle.FirstWaiting, bytes.Length);
        }
        while (handle.FirstWaiting != UringReceives.None && buffer.Free > 0);
        if (handle.FirstWaiting == UringReceives.None) handle.WaitingCount = 0;
        return IoResult.Success(total);
    }

    private IoResult? ReceiveDirectly(UringHandle handle, ByteBuffer buffer)
    {
        if (!buffer.TryReserve(1)) return IoResult.Failure(IoError.NoBuffers);
        var wanted = buffer.Free;
        var received = Libc.recv(handle.Descriptor, buffer.WritePointer, (nuint)wanted, 0);
        if (received > 0)
        {
            buffer.Commit((int)received);
            handle.Received += received;
            if (received < wanted && !handle.IsEnding) handle.IsReadable = false;
            // What a provided buffer could have held is a message again.
            handle.IsBulk = received >= _receives.Bytes;
            return IoResult.Success((int)received);
        }
        var errno = received < 0 ? Libc.Errno : 0;
        buffer.Release();
        if (errno == 0) return EndedDirectly(handle);
        if (errno is Errno.Again or Errno.Interrupted)
        {
            handle.IsReadable = false;
            return null;
        }
        handle.ReceiveError = LinuxSockets.ErrorOf(errno);
        return LinuxSockets.FailureOf(errno);
    }

    /// <summary>
    /// A direct receive of nothing. A send that the kernel has made since it was last heard may have been told of a
    /// reset in its stead. What all sends so far have come to is waited for; then the stream is asked again.
    /// </summary>
    private IoResult? EndedDirectly(UringHandle handle)
    {
        if (handle.SendEnd <= _sends.Settled) return Ended(handle);
        if (handle.EndsBehind != 0) return _sends.IsSettled(handle.EndsBehind) ? Ended(handle) : null;
        handle.EndsBehind = UringSends.LineOf(handle.SendEnd);
        return null;
    }

    /// <summary>
    /// A receive of nothing: the end of the stream, unless it is broken. The kernel tells of that once, and a send may
    /// have heard it.
    /// </summary>
    private static IoResult Ended(UringHandle handle)
    {
        if (handle.SendError is IoError.None or IoError.BrokenPipe)
        {
            handle.IsEnded = true;
            return IoResult.Success(0);
        }
        handle.ReceiveError = handle.SendError;
        handle.IsBroken = true;
        return IoResult.Failure(handle.SendError);
    }

    /// <summary>Lets the ring tell of bytes: by a poll in bulk, else by receiving them.</summary>
    private void ArmReceive(UringHandle handle)
    {
        if (handle.Has(UringWork.Receive)) return;
        // Without a buffer the kernel would answer at once, again and again.
        if (handle.IsBulk || _receives.Published == 0)
        {
            handle.IsBulk = true;
            if (!handle.Has(UringWork.ReadPoll))
                Poll(handle, Kind.ReadPoll, UringWork.ReadPoll, Uring.PollIn | Uring.PollReadHangUp);
            return;
        }
        var sqe = _ring.Add(
            Uring.OpReceive, Uring.SqeBufferSelect, _receivePriority, handle.Descriptor, null, 0, 0,
            DataOf(handle, Kind.Receive));
        sqe->BufferGroup = UringReceives.Group;
        handle.Work |= UringWork.Receive;
        handle.IsFresh = true;
    }

    private Uring.Sqe* Poll(UringHandle handle, Kind kind, UringWork work, uint events)
    {
        handle.Work |= work;
        return _ring.Add(Uring.OpPollAdd, 0, 0, handle.Descriptor, null, 0, events, DataOf(handle, kind));
    }

    private static ulong DataOf(UringHandle handle, Kind kind) =>
        (ulong)handle.Generation << 32 | (uint)handle.Slot << 4 | (uint)kind;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static UringHandle Of(IoHandle handle)
    {
        Debug.Assert(handle is UringHandle);
        return Unsafe.As<UringHandle>(handle);
    }
}
