using System.Net;
using System.Net.Sockets;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>Opening and ending the framework's sockets, and what it says of them.</summary>
internal static class PortableSockets
{
    /// <summary>Opens a socket for streams.</summary>
    /// <param name="family">Of what addresses.</param>
    /// <param name="bufferBytes">As <see cref="EventLoop.SocketBuffer"/>.</param>
    internal static Socket Open(AddressFamily family, int bufferBytes)
    {
        var protocol = family == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var socket = new Socket(family, SocketType.Stream, protocol);
        Configure(socket);
        if (bufferBytes > 0 && family != AddressFamily.Unix)
            socket.ReceiveBufferSize = socket.SendBufferSize = bufferBytes;
        return socket;
    }

    /// <summary>Makes it one that never waits, and sends at once.</summary>
    internal static void Configure(Socket socket)
    {
        socket.Blocking = false;
        if (socket.AddressFamily != AddressFamily.Unix) socket.NoDelay = true;
    }

    /// <summary>The address as the framework wants it.</summary>
    internal static EndPoint EndPointOf(SocketAddress address) => address.Family switch
    {
        AddressFamily.InterNetwork => new IPEndPoint(IPAddress.Any, 0).Create(address),
        AddressFamily.InterNetworkV6 => new IPEndPoint(IPAddress.IPv6Any, 0).Create(address),
        _ => new UnixDomainSocketEndPoint("/").Create(address),
    };

    /// <summary>Whether a connected stream has bytes that nobody has received.</summary>
    internal static bool HasUnreceived(Socket socket)
    {
        try
        {
            return socket.Available > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Ends the sending direction.</summary>
    internal static void EndSending(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The connection has ended already, as was wanted.
        }
    }

    /// <summary>Makes the coming close a reset.</summary>
    internal static void ResetOnClose(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (SocketException)
        {
            // The connection has ended already, as was wanted.
        }
    }

    /// <summary>The framework's error as the one that the layers above know.</summary>
    internal static IoError ErrorOf(SocketError error) => error switch
    {
        SocketError.AccessDenied => IoError.NotPermitted,
        SocketError.ProtocolType => IoError.WrongType,
        SocketError.WouldBlock => IoError.BacklogFull,
        SocketError.NoBufferSpaceAvailable => IoError.OutOfMemory,
        SocketError.TooManyOpenSockets => IoError.OutOfDescriptors,
        SocketError.Shutdown or SocketError.NotConnected => IoError.BrokenPipe,
        SocketError.AddressAlreadyInUse => IoError.AddressInUse,
        SocketError.AddressNotAvailable => IoError.AddressNotAvailable,
        SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.NetworkDown => IoError.Unreachable,
        SocketError.ConnectionAborted => IoError.GivenUp,
        SocketError.ConnectionReset => IoError.Reset,
        SocketError.TimedOut => IoError.Lost,
        SocketError.ConnectionRefused => IoError.Refused,
        _ => IoError.Other,
    };

    /// <summary>The framework does not say whose descriptors are all taken; the system does when it is asked again.
    /// </summary>
    internal static IoError StartErrorOf(SocketError error, bool isLinux) =>
        error == SocketError.TooManyOpenSockets && isLinux && DescriptorLimit.IsFileTableFull
            ? IoError.FileTableFull
            : ErrorOf(error);

    /// <summary>
    /// Of a Unix socket's file that does not exist the framework says what it says of a lack of ports.
    /// </summary>
    internal static IoResult ConnectResultOf(PortableTransfer transfer) =>
        transfer is { SocketError: SocketError.AddressNotAvailable, RemoteEndPoint: UnixDomainSocketEndPoint }
            ? IoResult.Failure(IoError.NotFound)
            : ResultOf(transfer);

    /// <summary>What a transfer has come to.</summary>
    internal static IoResult ResultOf(PortableTransfer transfer) =>
        transfer.SocketError == SocketError.Success ? IoResult.Success(0) : FailureOf(transfer.SocketError);

    /// <summary>The same as a result.</summary>
    internal static IoResult FailureOf(SocketError error) => IoResult.Failure(ErrorOf(error));
}
