using System.Net;

namespace Tailrace.Io;

/// <content>Datagrams: received in batches into memory of the loop, and sent from there or dropped.</content>
/// <remarks>
/// Receiving is an operation like others. Sending is not: there is nothing to wait for, since what the system does not
/// take at once is dropped, as any router on the way does.
/// </remarks>
public abstract partial class EventLoop
{
    private DatagramBatch? _datagrams;

    /// <summary>What <see cref="ReceiveDatagramsAsync"/> has received.</summary>
    internal DatagramBatch Datagrams => _datagrams ??= new DatagramBatch();

    /// <summary>
    /// Whether sockets on several loops may share one address, so that a sender's datagrams all come to one of them.
    /// </summary>
    internal virtual bool CanShareDatagrams => CanShareListeners;

    /// <summary>Opens a socket that receives datagrams from anybody.</summary>
    /// <param name="address">Where. Of a wildcard address each datagram tells where it was sent to.</param>
    /// <param name="shared">Whether other loops have the same address (SO_REUSEPORT).</param>
    /// <param name="receiveBuffer">
    /// Bytes that the system is to hold until they are received; it may give less. 0: what it gives by default.
    /// </param>
    /// <exception cref="IoException">The address cannot be had.</exception>
    internal virtual IoHandle BindDatagrams(EndPoint address, bool shared, int receiveBuffer = 0) =>
        throw new NotSupportedException();

    /// <summary>
    /// Bytes that the system holds for a socket until they are received. Where it tells of its own overhead too, .NET's
    /// sockets have that in it.
    /// </summary>
    internal virtual int ReceiveBufferOf(IoHandle socket) => throw new NotSupportedException();

    /// <summary>Opens a socket that exchanges datagrams with one address only.</summary>
    internal virtual IoResult ConnectDatagrams(SocketAddress address, out IoHandle? socket) =>
        throw new NotSupportedException();

    /// <summary>
    /// Receives what there is into the free places of <see cref="Datagrams"/>; completes with how many it took, or an
    /// error. The bytes are there until the awaiting method awaits anything else.
    /// </summary>
    internal virtual IoTask ReceiveDatagramsAsync(IoHandle socket, IoOperation operation) =>
        throw new NotSupportedException();

    /// <summary>
    /// Sends datagrams of <see cref="Datagrams"/> now, or drops them; each run says what became of it.
    /// </summary>
    /// <param name="socket">
    /// Where. On a connected one there is one run, which says what has become known of earlier ones too.
    /// </param>
    /// <param name="runs">Which, in this order.</param>
    internal virtual void SendDatagrams(IoHandle socket, Span<DatagramRun> runs) => throw new NotSupportedException();

    /// <summary>
    /// What has become known, and no run has said, of datagrams that went to a connected socket's other side and were
    /// counted as sent: the system has dropped them after all.
    /// </summary>
    internal virtual DatagramRun TakeDropped(IoHandle socket) => default;
}
