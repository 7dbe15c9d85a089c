using System.Net;
using System.Net.Sockets;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <content>How connections come.</content>
internal sealed partial class PortableLoop
{
    /// <inheritdoc/>
    public override IoHandle Listen(EndPoint address, ListenSettings settings)
    {
        Socket? socket = null;
        try
        {
            socket = PortableSockets.Open(address.AddressFamily, SocketBuffer);
            // [::] takes IPv4 too; any other IPv6 address is only itself.
            if (address is IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } ip)
                socket.DualMode = ip.Address.Equals(IPAddress.IPv6Any);
            if (settings.Shared && CanShareListeners && address is IPEndPoint)
                socket.SetRawSocketOption(SocketAbi.SolSocket, SocketAbi.SoReusePort, [1, 0, 0, 0]);
            socket.Bind(address);
            socket.Listen(settings.Backlog);
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            throw new IoException(PortableSockets.StartErrorOf(exception.SocketErrorCode, _isLinux), address)
            {
                Errno = exception.NativeErrorCode,
            };
        }
        return Register(socket);
    }

    /// <inheritdoc/>
    public override IoTask AcceptAsync(IoHandle listener, AcceptOperation operation)
    {
        var handle = Of(listener);
        if (handle.Accepted is { } early)
        {
            handle.Accepted = null;
            return new IoTask(Adopt(early, operation));
        }
        var transfer = handle.Incoming;
        if (!transfer.IsInFlight)
        {
            if (Reserve.IsAllThatIsLeft) return new IoTask(IoResult.Failure(IoError.OutOfDescriptors));
            transfer.IsInFlight = handle.Socket.AcceptAsync(transfer);
            if (!transfer.IsInFlight) return new IoTask(TakeAccepted(transfer, operation));
        }
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    internal override void Retire(IoHandle listener)
    {
        if (_isLinux) LinuxSockets.Retire((int)Of(listener).Socket.Handle);
    }

    /// <inheritdoc/>
    internal override bool HasWaiting(IoHandle listener)
    {
        var handle = Of(listener);
        return handle.Accepted is not null || handle.Socket.Poll(0, SelectMode.SelectRead);
    }

    private void FinishAccept(PortableHandle listener)
    {
        if (listener.Receiving is { } operation)
        {
            listener.Receiving = null;
            operation.Complete(TakeAccepted(listener.Incoming, (AcceptOperation)operation));
            return;
        }
        listener.Accepted = listener.Incoming.AcceptSocket;
        listener.Incoming.AcceptSocket = null;
    }

    /// <summary>The listener is closed: a connection that was being accepted is the last, if one was.</summary>
    private void FinishLastAccept(PortableHandle listener)
    {
        var operation = (AcceptOperation)listener.Receiving!;
        listener.Receiving = null;
        var result = listener.Incoming.SocketError == SocketError.Success
            ? TakeAccepted(listener.Incoming, operation)
            : IoResult.Failure(IoError.Aborted);
        operation.Complete(result);
    }

    private IoResult TakeAccepted(PortableTransfer transfer, AcceptOperation operation)
    {
        var socket = transfer.AcceptSocket;
        transfer.AcceptSocket = null;
        if (transfer.SocketError == SocketError.Success) return Adopt(socket!, operation);
        socket?.Dispose();
        return PortableSockets.FailureOf(transfer.SocketError);
    }

    private IoResult Adopt(Socket socket, AcceptOperation operation)
    {
        try
        {
            PortableSockets.Configure(socket);
            // It came all the same, so it is served; the next one is not asked for.
            Reserve.Touches(socket.Handle);
            var remote = NetAddress.From(socket.RemoteEndPoint);
            operation.Opened = Register(socket);
            operation.Opened.Remote = remote;
            operation.Opened.IsAccepted = true;
            return IoResult.Success(0);
        }
        catch (SocketException exception)
        {
            // Its other side has gone already.
            socket.Dispose();
            return PortableSockets.FailureOf(exception.SocketErrorCode);
        }
    }
}
