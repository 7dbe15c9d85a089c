using System.Diagnostics;
using System.Net;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <content>Datagrams: an event says that some are there, and one call takes what there is.</content>
/// <remarks>
/// They are completed where they are received and not at the end of the batch of events: they all lie in the one batch
/// of the loop, which the awaiting method empties.
/// </remarks>
internal sealed unsafe partial class EpollLoop
{
    /// <summary>Nobody waits for room to send, and the kernel would tell of it with every datagram.</summary>
    private const uint DatagramInterest = Epoll.In | Epoll.EdgeTriggered;

    private LinuxDatagrams? _datagramSockets;

    private LinuxDatagrams DatagramSockets => _datagramSockets ??= new LinuxDatagrams(Datagrams);

    /// <inheritdoc/>
    internal override IoHandle BindDatagrams(EndPoint address, bool shared, int receiveBuffer)
    {
        var handle = Open(DatagramSockets.Bind(address, shared, receiveBuffer, out var traits));
        handle.Traits = traits;
        handle.IsReadable = false;
        if (TryRegister(handle)) return handle;
        Close(handle);
        throw new IoException(IoError.OutOfMemory, address);
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
        if (!TryRegister(handle)) return new IoTask(IoResult.Failure(IoError.OutOfMemory));
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    internal override void SendDatagrams(IoHandle socket, Span<DatagramRun> runs) =>
        DatagramSockets.Send(Of(socket).Descriptor, socket, runs);

    private void OnDatagrams(EpollHandle handle)
    {
        handle.IsReadable = true;
        if (handle.Receiving is not { } operation || TryReceiveDatagrams(handle) is not { } done) return;
        handle.Receiving = null;
        operation.Complete(done);
    }

    private IoResult? TryReceiveDatagrams(EpollHandle handle)
    {
        var result = DatagramSockets.Receive(handle.Descriptor, handle.Traits, out var isDrained);
        if (isDrained) handle.IsReadable = false;
        return result;
    }
}
