using System.Diagnostics;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <content>
/// Bulk that stays in the kernel, by direct calls: IORING_OP_SPLICE would give each to a thread of its own.
/// </content>
internal sealed unsafe partial class UringLoop
{
    /// <inheritdoc/>
    internal override int UnseenFrom => _pipes is null ? int.MaxValue : PipePool.WorthBytes;

    /// <inheritdoc/>
    internal override int UnseenPiece => _receives.Bytes;

    /// <inheritdoc/>
    internal override int UnseenHeld => _pipes?.Rented ?? 0;

    /// <inheritdoc/>
    internal override IoTask SendUnseenAsync(IoHandle stream, IoOperation operation)
    {
        var handle = Of(stream);
        Debug.Assert(handle.Sending is null, "one send at a time");
        if (!handle.Has(UringWork.Send | UringWork.WritePoll))
        {
            if (TrySendUnseen(handle, operation) is { } done) return new IoTask(done);
            Poll(handle, Kind.WritePoll, UringWork.WritePoll, Uring.PollOut);
        }
        handle.Sending = operation;
        return operation.Begin(handle);
    }

    /// <summary>A direct receive of bulk that may stay in the kernel.</summary>
    private IoResult? ReceiveUnseen(UringHandle handle, IoOperation operation)
    {
        if (_pipes?.TryRent() is not { } pipe)
        {
            var copied = ReceiveDirectly(handle, operation.Buffer!);
            if (copied is { Bytes: > 0 }) Counters.PipesMissed++;
            return copied;
        }
        var moved = pipe.Fill(handle.Descriptor, operation.UnseenMax);
        if (moved > 0)
        {
            handle.Received += moved;
            Counters.BytesSpliced += moved;
            operation.Unseen = pipe;
            return IoResult.Success(moved);
        }
        pipe.Discard();
        switch (-moved)
        {
            case 0:
                handle.IsEnded = true;
                return IoResult.Success(0);
            case Errno.Again or Errno.Interrupted:
                handle.IsReadable = false;
                return null;
            case Errno.Invalid:
                // Not every kind of stream can be spliced.
                return ReceiveDirectly(handle, operation.Buffer!);
            default:
                handle.ReceiveFailure = LinuxSockets.ErrorOf(-moved);
                return IoResult.Failure(handle.ReceiveFailure);
        }
    }

    private static IoResult? TrySendUnseen(UringHandle handle, IoOperation operation)
    {
        if (handle.SendFailure != IoError.None) return IoResult.Failure(handle.SendFailure);
        if (handle.ReceiveFailure != IoError.None) return IoResult.Failure(handle.ReceiveFailure);
        var result = Pipe.Send(handle.Descriptor, operation, out var sent);
        handle.Sent += sent;
        return result;
    }
}
