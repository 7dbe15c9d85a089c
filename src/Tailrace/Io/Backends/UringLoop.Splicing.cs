using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <content>
/// Bulk that stays in the kernel, by direct calls: IORING_OP_SPLICE would give each to a thread of its own.
/// </content>
internal sealed partial class UringLoop
{
    /// <inheritdoc/>
    internal override int UnseenPiece => _receives.Bytes;

    /// <inheritdoc/>
    internal override IoTask SendUnseenAsync(IoHandle stream, SendOperation operation) => SendAsync(stream, operation);

    /// <summary>A direct receive of bulk that may stay in the kernel.</summary>
    private IoResult? ReceiveUnseen(UringHandle handle, IoOperation operation)
    {
        if (Pipes?.TryRent() is not { } pipe)
        {
            var copied = ReceiveDirectly(handle, operation.Buffer);
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
                return EndedDirectly(handle);
            case Errno.Again or Errno.Interrupted:
                handle.IsReadable = false;
                return null;
            case Errno.Invalid:
                // Not every kind of stream can be spliced.
                return ReceiveDirectly(handle, operation.Buffer);
            default:
                handle.ReceiveError = LinuxSockets.ErrorOf(-moved);
                return IoResult.Failure(handle.ReceiveError);
        }
    }
}
