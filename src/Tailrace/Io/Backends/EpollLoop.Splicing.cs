using System.Runtime.CompilerServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <content>Bulk that stays in the kernel: from socket to pipe to socket.</content>
internal sealed partial class EpollLoop
{
    /// <inheritdoc/>
    internal override int UnseenPiece => PipePool.WorthBytes;

    /// <inheritdoc/>
    internal override IoTask ReceiveUnseenAsync(IoHandle stream, IoOperation operation)
    {
        var handle = Of(stream);
        if (handle.IsReadable && TryReceiveUnseen(handle, operation, out var result)) return new IoTask(result);
        return AwaitReceive(handle, operation);
    }

    /// <inheritdoc/>
    internal override IoTask SendUnseenAsync(IoHandle stream, SendOperation operation)
    {
        var handle = Of(stream);
        if (handle.HasUnsent) SendUnsent(handle);
        if (handle.SendError != IoError.None) return new IoTask(IoResult.Failure(handle.SendError));
        if (handle.IsWritable && TrySend(handle, operation) is { } done) return new IoTask(done);
        return AwaitSend(handle, operation);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryReceiveAgain(EpollHandle handle, IoOperation operation, out IoResult result) =>
        operation.UnseenMax switch
        {
            0 => TryReceive(handle, operation.Buffer, out result),
            < 0 => TryPassOn(handle, operation, out result),
            _ => TryReceiveUnseen(handle, operation, out result),
        };

    private static IoResult? RetrySend(EpollHandle handle, SendOperation operation)
    {
        // What went before it has failed, and the kernel tells of that once.
        if (handle.SendError != IoError.None) return IoResult.Failure(handle.SendError);
        return TrySend(handle, operation);
    }

    private bool TryReceiveUnseen(EpollHandle handle, IoOperation operation, out IoResult result)
    {
        if (Pipes?.TryRent() is not { } pipe)
        {
            var isDone = TryReceive(handle, operation.Buffer, out result);
            if (isDone && result.Bytes > 0) Counters.PipesMissed++;
            return isDone;
        }
        var moved = pipe.Fill(handle.Descriptor, operation.UnseenMax);
        if (moved > 0)
        {
            // What is left in the socket cannot be told from what the pipe had no room for: the next receive asks.
            handle.Received += moved;
            Counters.BytesSpliced += moved;
            operation.Unseen = pipe;
            result = IoResult.Success(moved);
            return true;
        }
        pipe.Discard();
        switch (-moved)
        {
            case 0:
                result = Ended(handle);
                return true;
            case Errno.Again:
                handle.IsReadable = false;
                result = default;
                return false;
            case Errno.Invalid:
                // Not every kind of stream can be spliced.
                return TryReceive(handle, operation.Buffer, out result);
            default:
                handle.SendError = LinuxSockets.ErrorOf(-moved);
                result = IoResult.Failure(handle.SendError);
                return true;
        }
    }
}
