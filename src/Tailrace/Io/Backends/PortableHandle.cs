using System.Net.Sockets;

namespace Tailrace.Io.Backends;

/// <summary>What the portable loop knows of one socket.</summary>
/// <remarks>Never used again after its close: a transfer that completes late finds it closed and is dropped.</remarks>
internal sealed class PortableHandle : IoHandle
{
    /// <summary>Takes over a socket.</summary>
    internal PortableHandle(PortableLoop loop, Socket socket)
    {
        Socket = socket;
        Incoming = new PortableTransfer(loop, this);
        Outgoing = new PortableTransfer(loop, this);
    }

    /// <summary>The socket; the handle owns it.</summary>
    internal Socket Socket { get; }

    /// <summary>The accept, or the receive of no bytes that tells when there are some.</summary>
    internal PortableTransfer Incoming { get; }

    /// <summary>The connect, or the piece that is being sent.</summary>
    internal PortableTransfer Outgoing { get; }

    /// <summary>A receive will find bytes, the end of the stream or an error.</summary>
    internal bool IsReadable { get; set; }

    /// <summary>The error that the receive of no bytes met: the system tells it only once.</summary>
    internal IoError Failure { get; set; }

    /// <summary>
    /// The error that was asked for while bytes waited, or that a send has met: a receive tells it behind them.
    /// </summary>
    internal IoError HiddenFailure { get; set; }

    /// <summary>Whether it is asked for its error now and then.</summary>
    internal bool IsAskedFor { get; set; }

    /// <summary>
    /// Datagrams at a wildcard address: a socket for each own address that somebody has sent to.
    /// </summary>
    internal Dictionary<NetAddress, PortableHandle>? Branches { get; set; }

    /// <summary>Bytes that each of them was asked to hold until they are received; 0: what the system gives.</summary>
    internal int ReceiveBuffer { get; set; }

    /// <summary>The socket that this one is a branch of.</summary>
    internal PortableHandle? Trunk { get; set; }

    /// <summary>The own address that this branch is for.</summary>
    internal NetAddress Local { get; set; }

    /// <summary>A listener's connection that nobody has asked for: its accept was cancelled.</summary>
    internal Socket? Accepted { get; set; }
}
