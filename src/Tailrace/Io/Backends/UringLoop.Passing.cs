using System.Runtime.CompilerServices;

namespace Tailrace.Io.Backends;

/// <content>Short messages that go from one stream to another: from the kernel's buffer to that of the send.</content>
internal sealed unsafe partial class UringLoop
{
    /// <inheritdoc/>
    internal override IoTask ReceiveForAsync(IoHandle stream, IoOperation operation, IoHandle recipient)
    {
        stream.Pair(recipient);
        return ReceiveAsync(stream, operation);
    }

    /// <summary>Passes on what has come, if the recipient takes it at once.</summary>
    private bool TryPassOn(UringHandle handle, byte* bytes, int count)
    {
        if (handle.Recipient is not { Sending: null } next) return false;
        var place = BeginShort(next, count);
        if (place.IsEmpty) return false;
        Unsafe.CopyBlockUnaligned(ref place[0], ref *bytes, (uint)count);
        EndShort(next, count);
        return true;
    }
}
