using System.Runtime.CompilerServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <content>Short messages that go from one stream to another: from the socket to the outbox, and out.</content>
internal sealed unsafe partial class EpollLoop
{
    /// <inheritdoc/>
    internal override IoTask ReceiveForAsync(IoHandle stream, IoOperation operation, IoHandle recipient)
    {
        stream.Pair(recipient);
        return ReceiveAsync(stream, operation);
    }

    /// <summary>
    /// Receives what an event has told of, and passes it on where the recipient takes it; else as ever.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryPassOn(EpollHandle handle, IoOperation operation, out IoResult result)
    {
        var next = Unsafe.As<EpollHandle>(handle.Recipient);
        var place = next is { Sending: null } ? BeginShort(next, DeferredMax) : default;
        if (place.IsEmpty) return TryReceive(handle, operation.Buffer, out result);
        nint received;
        fixed (byte* bytes = place) received = Libc.recv(handle.Descriptor, bytes, DeferredMax, 0);
        if (received <= 0) return TryEnd(handle, received, out result);
        handle.Received += received;
        if (received < DeferredMax && !handle.IsEnding) handle.IsReadable = false;
        Defer(next!, (int)received);
        operation.PassedOn = (int)received;
        result = IoResult.Success((int)received);
        return true;
    }
}
