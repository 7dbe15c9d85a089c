using System.Diagnostics;
using System.Net;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>Datagrams: a poll that stays armed says that some are there, and one direct call takes what there is.
/// </summary>
internal sealed unsafe partial class UringLoop
{
    private LinuxDatagrams? _datagramSockets;

    private LinuxDatagrams DatagramSockets => _datagramSockets ??= new LinuxDatagrams(Datagrams);

    /// <inheritdoc/>
    internal override IoHandle BindDatagrams(EndPoint address, bool shared, int receiveBuffer)
    {
        var handle = Open(DatagramSockets.Bind(address, shared, receiveBuffer, out var traits));
        handle.Traits = traits;
        handle.IsListener = true;
        handle.IsReadable = false;
        return handle;
    }

    /// <inheritdoc/>
    internal override int ReceiveBufferOf(IoHandle socket) => LinuxDatagrams.ReceiveBufferOf(Of(socket).Descriptor);

    /// <inheritdoc/>
    internal override IoResult ConnectDatagrams(SocketAddress address, out IoHandle? socket)
    {
        socket = null;
        var errno = DatagramSockets.Connect(address, out var fd, out var traits);
        if (fd < 0) return LinuxSockets.FailureOf(errno);
        if (_reserve.Touches(fd))
        {
            Libc.close(fd);
            return IoResult.Failure(IoError.OutOfDescriptors);
        }
        var handle = Open(fd);
        handle.Traits = traits;
        // It has sent nothing, so nothing has come.
        handle.IsReadable = false;
        socket = handle;
        return IoResult.Success(0);
    }

    /// <inheritdoc/>
    internal override IoTask ReceiveDatagramsAsync(IoHandle socket, IoOperation operation)
    {
        var handle = Of(socket);
        if (handle.IsReadable && TryReceiveDatagrams(handle) is { } done) return new IoTask(done);
        Debug.Assert(handle.Receiving is null, "one receive at a time");
        AwaitDatagrams(handle);
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    internal override void SendDatagrams(IoHandle socket, Span<DatagramRun> runs) =>
        DatagramSockets.Send(Of(socket).Descriptor, socket, runs);

    private void AwaitDatagrams(UringHandle handle)
    {
        if (handle.Has(UringWork.Datagrams)) return;
        Poll(handle, Kind.Datagrams, UringWork.Datagrams, Uring.PollIn)->Length = Uring.PollMultishot;
    }

    private void OnDatagrams(UringHandle handle, uint flags)
    {
        if ((flags & Uring.CqeMore) == 0) handle.Work &= ~UringWork.Datagrams;
        if (handle.IsClosed) return;
        handle.IsReadable = true;
        if (handle.Receiving is not { } operation) return;
        if (TryReceiveDatagrams(handle) is not { } done)
        {
            AwaitDatagrams(handle);
            return;
        }
        handle.Receiving = null;
        operation.Complete(done);
    }

    private IoResult? TryReceiveDatagrams(UringHandle handle)
    {
        var result = DatagramSockets.Receive(handle.Descriptor, handle.Traits, out var isDrained);
        if (isDrained) handle.IsReadable = false;
        return result;
    }
}
