using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>What the loops of Linux do alike, whichever way they hear of what has happened.</summary>
/// <remarks>
/// Opening, connecting and bulk go by the same direct calls, and so do datagrams, for which a loop only says how it
/// waits. How streams are accepted, received from and sent to is each loop's own.
/// </remarks>
internal abstract unsafe partial class LinuxLoop : EventLoop
{
    /// <summary>Takes what it needs.</summary>
    /// <param name="reserve">The descriptors that are not for connections.</param>
    /// <param name="pipes">Pipes for bulk; the loop disposes of them. Null: all bytes are copied.</param>
    private protected LinuxLoop(DescriptorReserve reserve, PipePool? pipes)
    {
        Reserve = reserve;
        Pipes = pipes;
    }

    /// <inheritdoc/>
    public sealed override bool CanShareListeners => true;

    /// <inheritdoc/>
    internal sealed override int UnseenFrom => Pipes is null ? int.MaxValue : PipePool.WorthBytes;

    /// <inheritdoc/>
    internal sealed override int UnseenHeld => Pipes?.Rented ?? 0;

    /// <summary>Pipes for bulk, if it may stay in the kernel.</summary>
    private protected PipePool? Pipes { get; }

    /// <summary>A handle for a new descriptor.</summary>
    private protected abstract LinuxHandle Open(int fd);

    /// <summary>Waits for the end of a connect.</summary>
    private protected abstract IoTask AwaitConnect(LinuxHandle connecting, SendOperation operation);

    /// <inheritdoc/>
    public sealed override EndPoint LocalAddress(IoHandle handle) =>
        LinuxSockets.LocalAddress(Of(handle).Descriptor);

    /// <inheritdoc/>
    internal sealed override void StopDeferring(IoHandle listener) =>
        LinuxSockets.StopDeferring(Of(listener).Descriptor);

    /// <inheritdoc/>
    internal sealed override void Retire(IoHandle listener) => LinuxSockets.Retire(Of(listener).Descriptor);

    /// <inheritdoc/>
    internal override bool HasWaiting(IoHandle listener) => LinuxSockets.HasWaiting(Of(listener).Descriptor);

    /// <inheritdoc/>
    public sealed override IoTask ConnectAsync(SocketAddress address, SendOperation operation, out IoHandle? opened)
    {
        opened = null;
        var errno = LinuxSockets.Connect(address, SocketBuffer, out var fd);
        if (fd < 0) return new IoTask(LinuxSockets.FailureOf(errno));
        if (Reserve.TouchesForConnect(fd))
        {
            Libc.close(fd);
            return new IoTask(IoResult.Failure(IoError.OutOfDescriptors));
        }
        var handle = Open(fd);
        opened = handle;
        // It has sent nothing, so nothing has come.
        handle.IsReadable = false;
        if (errno == 0) return new IoTask(IoResult.Success(0));
        if (errno != Errno.InProgress) return new IoTask(LinuxSockets.FailureOf(errno));
        handle.IsConnecting = true;
        return AwaitConnect(handle, operation);
    }

    /// <summary>What has come of a connect.</summary>
    /// <param name="handle">The stream.</param>
    /// <param name="errno">The socket's error, or 0.</param>
    private protected static IoResult FinishConnect(LinuxHandle handle, int errno)
    {
        handle.IsConnecting = false;
        if (errno == 0) return IoResult.Success(0);
        if (!LinuxSockets.HasLeftBytes(handle.Descriptor, errno)) return LinuxSockets.FailureOf(errno);
        handle.FailSending(LinuxSockets.ErrorOf(errno));
        handle.IsBroken = true;
        return IoResult.Success(0);
    }

    /// <inheritdoc/>
    internal sealed override IoHandle Attach(in DetachedStream stream)
    {
        var handle = Open((int)stream.Descriptor);
        handle.Remote = stream.Remote;
        handle.IsAccepted = true;
        return handle;
    }

    /// <summary>Sends by direct calls what the socket takes; null when something is left.</summary>
    private protected static IoResult? SendDirectly(LinuxHandle handle, SendOperation operation)
    {
        while (true)
        {
            var head = operation.Buffer;
            var sent = operation.BodyLength == 0
                ? Libc.send(handle.Descriptor, head.ReadPointer, (nuint)head.Length, SocketAbi.MsgNoSignal)
                : LinuxSockets.SendBoth(handle.Descriptor, head, operation.Body!, operation.BodyLength);
            if (sent < 0)
            {
                var errno = Libc.Errno;
                if (errno == Errno.Interrupted) continue;
                if (errno == Errno.Again) return null;
                handle.FailSending(LinuxSockets.ErrorOf(errno));
                return IoResult.Failure(handle.SendError);
            }
            handle.Sent += sent;
            if (operation.Advance((int)sent)) return IoResult.Success(operation.Progress);
        }
    }

    /// <summary>The same of bytes that have stayed in the kernel.</summary>
    private protected static IoResult? SendUnseen(LinuxHandle handle, SendOperation operation)
    {
        var result = Pipe.Send(handle.Descriptor, operation, out var sent);
        handle.Sent += sent;
        if (result is { IsError: true } failure) handle.FailSending(failure.Error);
        return result;
    }

    /// <summary>Ends the sending direction, behind which nothing is left to be sent.</summary>
    private protected static void EndSending(LinuxHandle handle)
    {
        handle.EndsAfterSend = false;
        // What was lost has no end: the close resets the stream.
        if (!handle.HasLost) Libc.shutdown(handle.Descriptor, SocketAbi.ShutWrite);
    }

    /// <summary>Fails what waits on a stream of a loop that the kernel has let down.</summary>
    private protected void FailPending(LinuxHandle handle)
    {
        // So nothing ends as if all had been sent.
        handle.FailSending(IoError.Aborted);
        handle.FailPending(IoError.Aborted, this);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Pipes?.Dispose();
        _datagramSockets?.Dispose();
    }

    private static LinuxHandle Of(IoHandle handle)
    {
        Debug.Assert(handle is LinuxHandle);
        return Unsafe.As<LinuxHandle>(handle);
    }
}
