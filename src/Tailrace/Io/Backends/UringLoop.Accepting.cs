using System.Net;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>How connections come: a multishot accept, as long as there are descriptors for a full backlog and its ways
/// on.</summary>
internal sealed unsafe partial class UringLoop
{
    /// <summary>Descriptors that are accepted ahead of being asked for.</summary>
    private const int AcceptedMax = 64;

    private int _lastAccepted;

    /// <inheritdoc/>
    public override IoHandle Listen(EndPoint address, ListenSettings settings)
    {
        var handle = Open(LinuxSockets.Listen(address, settings, SocketBuffer));
        handle.IsListener = true;
        handle.Accepts = new UringAccepts(settings.Backlog);
        return handle;
    }

    /// <inheritdoc/>
    public override IoTask AcceptAsync(IoHandle listener, AcceptOperation operation)
    {
        var handle = Of(listener);
        if (handle.Accepts!.Waiting.TryDequeue(out var accepted)) return new IoTask(OpenAccepted(accepted, operation));
        if (Reserve.IsAllThatIsLeft)
        {
            StopMultishot(handle, Kind.Accept);
            return new IoTask(IoResult.Failure(IoError.OutOfDescriptors));
        }
        handle.Receiving = operation;
        if (!handle.Has(UringWork.Accept)) Arm(handle);
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    internal override void PauseAccepting(IoHandle listener) => StopMultishot(Of(listener), Kind.Accept);

    /// <inheritdoc/>
    internal override bool HasWaiting(IoHandle listener) =>
        Of(listener).Accepts!.Waiting.Count > 0 || base.HasWaiting(listener);

    private void OnAccepted(UringHandle listener, int result, uint flags)
    {
        if ((flags & Uring.CqeMore) == 0)
        {
            listener.Work &= ~UringWork.Accept;
            listener.IsStopping = false;
        }
        if (listener.IsClosed)
        {
            if (result >= 0) Libc.close(result);
            return;
        }
        if (result >= 0)
        {
            _lastAccepted = result;
            // It came all the same, so it is served; the next one is not asked for.
            if (Reserve.Touches(result)) StopMultishot(listener, Kind.Accept);
            if (listener.Receiving is { } operation)
            {
                listener.Receiving = null;
                operation.Complete(OpenAccepted(result, (AcceptOperation)operation));
                return;
            }
            var accepted = listener.Accepts!.Waiting;
            accepted.Enqueue(result);
            if (accepted.Count >= AcceptedMax) StopMultishot(listener, Kind.Accept);
        }
        else if (listener.Receiving is { } operation)
        {
            if (-result is Errno.Cancelled or Errno.Again or Errno.Interrupted)
            {
                Arm(listener);
                return;
            }
            listener.Receiving = null;
            operation.Complete(LinuxSockets.FailureOf(-result));
        }
    }

    /// <summary>
    /// Begins to accept: many at a time while even a full backlog, with a way on for each, leaves the reserve alone.
    /// </summary>
    private void Arm(UringHandle listener)
    {
        var manyFit = !Reserve.Reaches(_lastAccepted + 2L * listener.Accepts!.Backlog);
        _ring.Add(
            Uring.OpAccept, 0, manyFit ? Uring.AcceptMultishot : (ushort)0, listener.Descriptor, null, 0,
            SocketAbi.SockNonblock | SocketAbi.SockCloexec, DataOf(listener, Kind.Accept));
        listener.Work |= UringWork.Accept;
    }

    /// <summary>
    /// Opens the stream of an accepted descriptor. One that was reset before anybody asked who it is of has failed:
    /// nothing may be done for a client whose address no list and no limit has seen.
    /// </summary>
    private IoResult OpenAccepted(int fd, AcceptOperation operation)
    {
        var address = stackalloc byte[SocketAbi.AddressBytesMax];
        uint length = SocketAbi.AddressBytesMax;
        if (Libc.getpeername(fd, address, &length) != 0)
        {
            Libc.close(fd);
            return IoResult.Failure(IoError.Reset);
        }
        var handle = Open(fd);
        handle.IsAccepted = true;
        handle.Remote = LinuxSockets.ReadAddress(address);
        operation.Opened = handle;
        return IoResult.Success(0);
    }

    private static void CloseAccepted(UringHandle handle)
    {
        while (handle.Accepts is { } accepts && accepts.Waiting.TryDequeue(out var fd)) Libc.close(fd);
    }

    /// <summary>A listener that is closed takes no more connections, from this moment on.</summary>
    private void CloseListener(UringHandle handle)
    {
        CloseAccepted(handle);
        if (_ring.IsBroken)
        {
            // What is armed holds the socket until the ring is gone, which the kernel takes its time for.
            Libc.shutdown(handle.Descriptor, SocketAbi.ShutBoth);
        }
        else if (handle.Has(UringWork.Accept | UringWork.Datagrams))
        {
            // What is armed holds the socket until its cancellation is through.
            if (!_isEnabled) Enable();
            _ring.Enter(0);
            // What the kernel has not taken yet must not find another file of this number.
            if (!_ring.HasToldAll)
            {
                CloseDescriptor(handle);
                return;
            }
        }
        Libc.close(handle.Descriptor);
        handle.Descriptor = -1;
    }
}
