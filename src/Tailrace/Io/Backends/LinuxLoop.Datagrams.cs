using System.Diagnostics;
using System.Net;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <content>Datagrams, by direct calls: how a loop hears that some are there is all that differs.</content>
internal abstract partial class LinuxLoop
{
    private LinuxDatagrams? _datagramSockets;

    private protected LinuxDatagrams DatagramSockets => _datagramSockets ??= new LinuxDatagrams(Datagrams);

    /// <summary>Has <see cref="OnDatagrams"/> called when some come, if it is not so already.</summary>
    /// <returns>False where the kernel has no memory for that.</returns>
    private protected abstract bool TryAwaitDatagrams(LinuxHandle socket);

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
    internal sealed override int ReceiveBufferOf(IoHandle socket) =>
        LinuxDatagrams.ReceiveBufferOf(Of(socket).Descriptor);

    /// <inheritdoc/>
    internal sealed override IoResult ConnectDatagrams(SocketAddress address, out IoHandle? socket)
    {
        socket = null;
        var errno = DatagramSockets.Connect(address, out var fd, out var traits);
        if (fd < 0) return LinuxSockets.FailureOf(errno);
        if (Reserve.Touches(fd))
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
        if (!TryAwaitDatagrams(handle)) return new IoTask(IoResult.Failure(IoError.OutOfMemory));
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    internal override void SendDatagrams(IoHandle socket, Span<DatagramRun> runs) =>
        DatagramSockets.Send(Of(socket).Descriptor, socket, runs);

    /// <summary>Some have come, or an error: one call takes what there is.</summary>
    /// <remarks>
    /// They are completed here and not together with others: they all lie in the one batch of the loop, which the
    /// awaiting method empties.
    /// </remarks>
    private protected void OnDatagrams(LinuxHandle handle)
    {
        handle.IsReadable = true;
        if (handle.Receiving is not { } operation) return;
        if (TryReceiveDatagrams(handle) is not { } done)
        {
            TryAwaitDatagrams(handle);
            return;
        }
        handle.Receiving = null;
        operation.Complete(done);
    }

    private IoResult? TryReceiveDatagrams(LinuxHandle handle)
    {
        var result = DatagramSockets.Receive(handle.Descriptor, handle.Traits, out var isDrained);
        if (isDrained) handle.IsReadable = false;
        return result;
    }
}
