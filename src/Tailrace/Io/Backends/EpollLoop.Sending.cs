using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tailrace.Memory;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <content>Sending, and what has to wait for it: the end of the stream.</content>
internal sealed unsafe partial class EpollLoop
{
    /// <summary>The longest send that is put off; longer ones are worth a change of code for themselves.</summary>
    private const int DeferredMax = 4096;

    private const int OutboxBytes = 64 * 1024;

    /// <summary>What has been put off, message behind message: few bytes each, close together.</summary>
    private readonly byte* _outbox;

    /// <summary>Descriptors that have something in the outbox; one that is closed meanwhile has nothing.</summary>
    private readonly int[] _unsent = new int[BatchMax];
    private int _outboxLength;
    private int _unsentCount;
    private int _leavingCount;

    /// <inheritdoc/>
    protected override bool IsOwing => _leavingCount > 0;

    /// <inheritdoc/>
    public override IoTask SendAsync(IoHandle stream, SendOperation operation)
    {
        var handle = Of(stream);
        if (handle.HasUnsent)
        {
            SendUnsent(handle);
        }
        else if (handle.IsWritable && handle.SendError == IoError.None
            && operation.Buffer.Length + operation.BodyLength <= DeferredMax)
        {
            return Defer(handle, operation);
        }
        if (handle.SendError != IoError.None) return new IoTask(IoResult.Failure(handle.SendError));
        if (handle.IsWritable)
        {
            var result = TrySend(handle, operation);
            if (result is { } done) return new IoTask(done);
        }
        return AwaitSend(handle, operation);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private IoTask AwaitSend(EpollHandle handle, SendOperation operation)
    {
        Debug.Assert(handle.Sending is null, "one send at a time");
        if (!TryRegister(handle)) return new IoTask(IoResult.Failure(IoError.OutOfMemory));
        handle.Sending = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    public override void ShutdownSend(IoHandle stream)
    {
        var handle = Of(stream);
        if (handle.HasUnsent)
        {
            handle.EndsAfterSend = true;
            SendUnsent(handle, isLast: true);
        }
        else
        {
            EndSending(handle);
        }
    }

    /// <inheritdoc/>
    internal override int OwedTo(IoHandle stream)
    {
        var handle = Of(stream);
        return LinuxSockets.OwedTo(handle.Descriptor) + handle.UnsentLength;
    }

    /// <inheritdoc/>
    public override void Close(IoHandle stream, bool reset = false)
    {
        var handle = Of(stream);
        if (handle.Descriptor < 0) return;
        // A tunnel delivers what a side has sent before it passes on that side's reset.
        // What a close finds unsent it throws away when there is something unread: so this goes by itself.
        if (handle.HasUnsent) SendUnsent(handle);
        // What was taken for sent, and is lost, must not end as if all were there.
        reset |= handle.HasLost;
        if (reset) LinuxSockets.ResetOnClose(handle.Descriptor);
        handle.Abandon(this);
        if (handle.HasUnsent && !reset) Leave(handle);
        else Free(handle);
    }

    /// <inheritdoc/>
    internal override Span<byte> BeginShort(IoHandle stream, int room)
    {
        var handle = Of(stream);
        if (room > DeferredMax || handle.HasUnsent || !handle.IsWritable || handle.SendError != IoError.None)
            return default;
        if (!HasPlaceFor(room)) return Vacate(room);
        return MemoryMarshal.CreateSpan(ref _outbox[_outboxLength], room);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Span<byte> Vacate(int room)
    {
        SendUnsent();
        return new Span<byte>(_outbox, room);
    }

    /// <inheritdoc/>
    internal override void EndShort(IoHandle stream, int length) => Defer(Of(stream), length);

    /// <summary>Takes a short send, to make it at the end of the batch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private IoTask Defer(EpollHandle handle, SendOperation operation)
    {
        var head = operation.Buffer;
        var (headLength, bodyLength) = (head.Length, operation.BodyLength);
        var length = headLength + bodyLength;
        var place = PlaceFor(length);
        head.Unread.CopyTo(new Span<byte>(place, headLength));
        Defer(handle, length);
        if (bodyLength > 0)
        {
            operation.Body!.Unread[..bodyLength].CopyTo(new Span<byte>(place + headLength, bodyLength));
            operation.Advance(length);
        }
        else
        {
            head.Consume(headLength);
        }
        return new IoTask(IoResult.Success(length));
    }

    /// <summary>Where the next message goes in the outbox.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* PlaceFor(int length)
    {
        if (!HasPlaceFor(length)) SendUnsent();
        return _outbox + _outboxLength;
    }

    private bool HasPlaceFor(int length) => _unsentCount < BatchMax && _outboxLength + length <= OutboxBytes;

    /// <summary>Notes whose the message there is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Defer(EpollHandle handle, int length)
    {
        handle.Unsent = _outbox + _outboxLength;
        handle.UnsentLength = length;
        handle.Sent += length;
        _outboxLength += length;
        _unsent[_unsentCount++] = handle.Descriptor;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SendUnsent()
    {
        for (var i = 0; i < _unsentCount; i++)
        {
            if (_handles[_unsent[i]] is { } handle) SendUnsent(handle);
        }
        _unsentCount = _outboxLength = 0;
    }

    /// <summary>Makes the sends that were taken from a stream.</summary>
    /// <param name="handle">The stream.</param>
    /// <param name="isLast">
    /// Whether its end follows at once: it then travels in one segment with them (MSG_MORE), which spares both sides
    /// the work of another.
    /// </param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SendUnsent(EpollHandle handle, bool isLast = false)
    {
        if (handle.Leftover == null && handle.HasUnsent && handle.IsWritable)
        {
            // Nearly always all of it goes at once.
            var length = handle.UnsentLength;
            var flags = isLast ? SocketAbi.MsgNoSignal | SocketAbi.MsgMore : SocketAbi.MsgNoSignal;
            var sent = Libc.send(handle.Descriptor, handle.Unsent, (nuint)length, flags);
            if (sent == length && !handle.IsLeaving && !handle.EndsAfterSend)
            {
                handle.UnsentLength = 0;
                return;
            }
            if (sent < 0) NotSent(handle, Libc.Errno);
            else Count(handle, sent);
        }
        SendRest(handle);
    }

    private static void Count(EpollHandle handle, nint sent)
    {
        handle.Unsent += sent;
        handle.UnsentLength -= (int)sent;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SendRest(EpollHandle handle)
    {
        while (handle.HasUnsent && handle.IsWritable)
        {
            var sent = Libc.send(handle.Descriptor, handle.Unsent, (nuint)handle.UnsentLength, SocketAbi.MsgNoSignal);
            if (sent < 0)
            {
                NotSent(handle, Libc.Errno);
                continue;
            }
            Count(handle, sent);
        }
        if (handle.HasUnsent)
        {
            if (handle.Leftover == null) MoveOut(handle);
            return;
        }
        if (handle.Leftover != null) DropUnsent(handle);
        if (handle.IsLeaving)
        {
            if (handle.HasLost) LinuxSockets.ResetOnClose(handle.Descriptor);
            Free(handle);
        }
        else if (handle.EndsAfterSend)
        {
            EndSending(handle);
        }
    }

    private void NotSent(EpollHandle handle, int errno)
    {
        if (errno == Errno.Interrupted) return;
        handle.IsWritable = false;
        if (errno == Errno.Again && TryRegister(handle)) return;
        DropUnsent(handle);
        handle.FailSending(errno == Errno.Again ? IoError.OutOfMemory : LinuxSockets.ErrorOf(errno));
        // After a reset the receive hears of it behind what the other side said before: see Ended.
        if (handle.SendError is IoError.BrokenPipe or IoError.Reset) return;
        if (handle.Receiving is { IsDecided: false } receive) receive.Fail(handle.SendError, this);
    }

    /// <summary>The outbox is needed for others: what this stream does not take yet waits elsewhere.</summary>
    private static void MoveOut(EpollHandle handle)
    {
        handle.Leftover = (byte*)NativeMemory.Alloc((nuint)handle.UnsentLength);
        new Span<byte>(handle.Unsent, handle.UnsentLength).CopyTo(new Span<byte>(handle.Leftover, handle.UnsentLength));
        handle.Unsent = handle.Leftover;
    }

    private static void DropUnsent(EpollHandle handle)
    {
        NativeMemory.Free(handle.Leftover);
        handle.Leftover = handle.Unsent = null;
        handle.UnsentLength = 0;
    }

    /// <summary>Nobody uses the handle any more, but its last bytes have not gone yet.</summary>
    private void Leave(EpollHandle handle)
    {
        handle.Departure = new Departure(this, handle);
        _leavingCount++;
        Timers.Set(handle.Departure, Now + LastBytes.PatienceMs);
    }

    /// <summary>Closes the descriptor.</summary>
    private void Free(EpollHandle handle)
    {
        if (handle.Departure is { } departure)
        {
            Timers.Remove(departure);
            handle.Departure = null;
            _leavingCount--;
        }
        DropUnsent(handle);
        Libc.close(handle.Descriptor);
        Retire(handle);
    }

    /// <summary>Closes a leaving descriptor at once: something is missing at the end, which must not look like one.
    /// </summary>
    private void Cut(EpollHandle handle)
    {
        LinuxSockets.ResetOnClose(handle.Descriptor);
        Free(handle);
    }

    /// <summary>Makes the handle free for another descriptor.</summary>
    private void Retire(EpollHandle handle)
    {
        _handles[handle.Descriptor] = null;
        handle.Descriptor = -1;
        handle.Generation = 0;
        handle.IsClosed = true;
        _freeHandles.Return(handle);
    }

    private static IoResult? TrySend(EpollHandle handle, SendOperation operation)
    {
        var result = operation.Unseen is null ? SendDirectly(handle, operation) : SendUnseen(handle, operation);
        if (result is null) handle.IsWritable = false;
        return result;
    }

    /// <summary>Ends the wait of a leaving handle for an other side that does not read.</summary>
    private sealed class Departure(EpollLoop loop, EpollHandle handle) : TimerEntry
    {
        private LastBytes _last = new(loop.OwedTo(handle), loop.Now);

        protected internal override void OnDeadline()
        {
            if (!loop.IsStopping && _last.GoesOn(loop.OwedTo(handle), loop.Now))
            {
                loop.Timers.Set(this, loop.Now + LastBytes.PatienceMs);
                return;
            }
            loop.Cut(handle);
        }
    }
}
