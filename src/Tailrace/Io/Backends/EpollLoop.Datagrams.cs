using System.Net;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <content>Datagrams: an event says that some are there.</content>
internal sealed partial class EpollLoop
{
    /// <summary>Nobody waits for room to send, and the kernel would tell of it with every datagram.</summary>
    private const uint DatagramInterest = Epoll.In | Epoll.EdgeTriggered;

    /// <inheritdoc/>
    internal override IoHandle BindDatagrams(EndPoint address, bool shared, int receiveBuffer)
    {
        var handle = base.BindDatagrams(address, shared, receiveBuffer);
        if (TryRegister(Of(handle))) return handle;
        Close(handle);
        throw new IoException(IoError.OutOfMemory, address);
    }

    /// <inheritdoc/>
    private protected override bool TryAwaitDatagrams(LinuxHandle socket) => TryRegister(Of(socket));
}
