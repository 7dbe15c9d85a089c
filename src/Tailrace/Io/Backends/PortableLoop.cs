using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Tailrace.Memory;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>Completions from the framework's asynchronous sockets: every system that .NET runs on.</summary>
/// <remarks>
/// <para>
/// The framework completes a transfer on some thread of its pool. That thread queues it for the loop and wakes the
/// loop; all state is touched on the loop's thread only.
/// </para>
/// <para>
/// A stream has a receive of no bytes in flight whenever it is empty: it takes no memory while the stream is idle,
/// tells when bytes are there, and notices a reset. The bytes are then read at once into the buffer's block. What is
/// sent goes through a pooled array, because the framework may use the memory of a send even after the socket was
/// closed. The array counts as part of the kernel's send buffer: bytes are consumed as they are put there, and the
/// operation completes when the framework has taken them all.
/// </para>
/// </remarks>
internal sealed partial class PortableLoop : EventLoop
{
    private const int PieceBytes = 64 << 10;

    private readonly ConcurrentQueue<PortableTransfer> _arrived = new();
    // Not disposed of: a transfer may still arrive when the loop has gone.
    private readonly ManualResetEventSlim _awake = new();
    private readonly HashSet<PortableHandle> _handles = [];
    private readonly int _eventsMax;
    private readonly bool _isLinux;

    /// <summary>Creates the loop.</summary>
    /// <param name="eventsMax">The most completions taken in one turn.</param>
    /// <param name="reserve">The descriptors that are not for connections.</param>
    /// <param name="isLinux">Whether the system spreads connections over sockets with SO_REUSEPORT, and tells what is
    /// under way (SIOCOUTQ).</param>
    internal PortableLoop(int eventsMax, DescriptorReserve reserve, bool isLinux)
    {
        _eventsMax = eventsMax;
        Reserve = reserve;
        CanShareListeners = _isLinux = isLinux;
    }

    /// <inheritdoc/>
    public override string Name => "portable";

    /// <inheritdoc/>
    public override bool CanShareListeners { get; }

    /// <inheritdoc/>
    public override EndPoint LocalAddress(IoHandle handle) => Of(handle).Socket.LocalEndPoint!;

    /// <inheritdoc/>
    public override IoTask ConnectAsync(SocketAddress address, SendOperation operation, out IoHandle? opened)
    {
        opened = null;
        PortableHandle handle;
        try
        {
            var socket = PortableSockets.Open(address.Family, SocketBuffer);
            // An IPv4 address may be written as one of IPv6, as on the other loops.
            if (address.Family == AddressFamily.InterNetworkV6) socket.DualMode = true;
            handle = Register(socket);
            handle.Outgoing.RemoteEndPoint = PortableSockets.EndPointOf(address);
        }
        catch (SocketException exception)
        {
            return new IoTask(PortableSockets.FailureOf(exception.SocketErrorCode));
        }
        opened = handle;
        if (Reserve.TouchesForConnect(handle.Socket.Handle))
            return new IoTask(IoResult.Failure(IoError.OutOfDescriptors));
        var transfer = handle.Outgoing;
        transfer.IsInFlight = handle.Socket.ConnectAsync(transfer);
        if (!transfer.IsInFlight) return new IoTask(FinishConnect(handle));
        handle.Sending = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    public override IoTask ReceiveAsync(IoHandle stream, IoOperation operation)
    {
        var handle = Of(stream);
        if (!handle.IsReadable) Probe(handle);
        if (handle.IsReadable && TryReceive(handle, operation.Buffer) is { } done) return new IoTask(done);
        Debug.Assert(handle.Receiving is null, "one receive at a time");
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    public override IoTask SendAsync(IoHandle stream, SendOperation operation)
    {
        var handle = Of(stream);
        // The piece of a cancelled send may still be under way; what follows it waits.
        if (!handle.Outgoing.IsInFlight && TrySend(handle, operation) is { } done) return new IoTask(done);
        Debug.Assert(handle.Sending is null, "one send at a time");
        handle.Sending = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    public override void ShutdownSend(IoHandle stream) => PortableSockets.EndSending(Of(stream).Socket);

    /// <inheritdoc/>
    internal override int OwedTo(IoHandle stream)
    {
        var handle = Of(stream);
        if (!_isLinux) return int.MaxValue;
        var unsent = handle.Outgoing.IsInFlight ? handle.Outgoing.Count : 0;
        return LinuxSockets.OwedTo((int)handle.Socket.Handle) + unsent;
    }

    /// <inheritdoc/>
    public override void Close(IoHandle stream, bool reset = false)
    {
        var handle = Of(stream);
        if (handle.IsClosed) return;
        handle.IsClosed = true;
        _handles.Remove(handle);
        StopWatching(handle);
        var isConnected = handle.Traits == DatagramTraits.None && handle.Socket.Connected;
        // The system ends a stream so when it has bytes that nobody has received, unless its end was sent before.
        if (reset || (isConnected && PortableSockets.HasUnreceived(handle.Socket)))
            PortableSockets.ResetOnClose(handle.Socket);
        // Without this the framework resets a connection on which it still has a receive in flight.
        else if (isConnected)
            PortableSockets.EndSending(handle.Socket);
        handle.Socket.Dispose();
        handle.Accepted?.Dispose();
        // The framework may be accepting a connection just now: what it comes to is told when it has.
        var accepting = handle.Incoming.IsInFlight ? handle.Receiving as AcceptOperation : null;
        if (accepting is not null) handle.Receiving = null;
        handle.Abandon(this);
        if (accepting is not null) handle.Receiving = accepting;
        Release(handle.Incoming);
        Release(handle.Outgoing);
        if (handle.Branches is { } branches) CloseBranches(branches);
    }

    /// <inheritdoc/>
    internal override DetachedStream Detach(IoHandle accepted)
    {
        var handle = Of(accepted);
        var stream = new DetachedStream(-1, handle.Socket, handle.Remote);
        handle.IsClosed = true;
        _handles.Remove(handle);
        Release(handle.Incoming);
        Release(handle.Outgoing);
        return stream;
    }

    /// <inheritdoc/>
    internal override IoHandle Attach(in DetachedStream stream)
    {
        var handle = Register((Socket)stream.Socket!);
        handle.Remote = stream.Remote;
        handle.IsAccepted = true;
        return handle;
    }

    /// <summary>Queues a transfer that the framework has completed. Any thread.</summary>
    internal void Arrive(PortableTransfer transfer)
    {
        _arrived.Enqueue(transfer);
        Wake();
    }

    /// <inheritdoc/>
    protected override void Wait(int timeoutMs)
    {
        _awake.Wait(timeoutMs);
        _awake.Reset();
        UpdateClock();
        for (var i = 0; i < _eventsMax; i++)
        {
            if (!_arrived.TryDequeue(out var transfer)) return;
            Dispatch(transfer);
        }
        if (!_arrived.IsEmpty) _awake.Set();
    }

    /// <inheritdoc/>
    protected override void Wake() => _awake.Set();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var handle in _handles.ToArray()) Close(handle);
    }

    private void Dispatch(PortableTransfer transfer)
    {
        transfer.IsInFlight = false;
        var handle = transfer.Handle;
        if (handle.IsClosed)
        {
            if (handle.Receiving is AcceptOperation) FinishLastAccept(handle);
            Release(transfer);
            return;
        }
        switch (transfer.LastOperation)
        {
            case SocketAsyncOperation.Accept:
                FinishAccept(handle);
                break;
            case SocketAsyncOperation.Receive:
                FinishProbe(handle);
                break;
            case SocketAsyncOperation.Connect:
                CompleteSending(handle, FinishConnect(handle));
                break;
            default:
                FinishSend(handle);
                break;
        }
    }

    /// <summary>
    /// Only the other side of a connection resets it: it was there, and what it has sent may be. Where that is nothing,
    /// it is as good as no connection.
    /// </summary>
    private IoResult FinishConnect(PortableHandle handle)
    {
        if (!_isLinux || handle.Outgoing.SocketError != SocketError.ConnectionReset || handle.Socket.Available == 0)
            return PortableSockets.ConnectResultOf(handle.Outgoing);
        handle.HiddenFailure = IoError.Reset;
        handle.IsBroken = true;
        return IoResult.Success(0);
    }

    /// <summary>Learns whether there is something to receive: at once, or when it comes.</summary>
    private static void Probe(PortableHandle handle)
    {
        var probe = handle.Incoming;
        if (probe.IsInFlight) return;
        // A receive of no bytes would take a datagram away: one byte is looked at instead. What came last set others.
        if (handle.Traits != DatagramTraits.None) probe.SocketFlags = SocketFlags.Peek;
        probe.IsInFlight = handle.Socket.ReceiveAsync(probe);
        if (!probe.IsInFlight) TakeProbe(handle);
    }

    private static void TakeProbe(PortableHandle handle)
    {
        handle.IsReadable = true;
        if (handle.Incoming.SocketError is not SocketError.Success and var error)
            handle.Failure = PortableSockets.ErrorOf(error);
    }

    private void FinishProbe(PortableHandle handle)
    {
        TakeProbe(handle);
        if (handle.Traits != DatagramTraits.None)
        {
            OnDatagrams(handle);
            return;
        }
        if (handle.Receiving is { } operation)
        {
            if (TryReceive(handle, operation.Buffer) is not { } done) return;
            handle.Receiving = null;
            operation.Complete(done);
        }
        else if (handle.IsHeeded)
        {
            WatchBehindBytes(handle);
        }
    }

    /// <summary>
    /// Whether a readable stream has an error to tell: some systems leave it for a receive of some bytes.
    /// </summary>
    private static bool HasFailed(PortableHandle handle)
    {
        Span<byte> peeked = stackalloc byte[1];
        if (handle.Failure == IoError.None
            && handle.Socket.Receive(peeked, SocketFlags.Peek, out var error) <= 0
            && error is not (SocketError.Success or SocketError.WouldBlock))
            handle.Failure = PortableSockets.ErrorOf(error);
        return handle.Failure != IoError.None;
    }

    private IoResult? TryReceive(PortableHandle handle, ByteBuffer buffer)
    {
        while (handle.IsReadable)
        {
            if (handle.Failure != IoError.None) return IoResult.Failure(handle.Failure);
            if (!buffer.TryReserve(1)) return IoResult.Failure(IoError.NoBuffers);
            var wanted = buffer.Free;
            var received = handle.Socket.Receive(buffer.Writable, SocketFlags.None, out var error);
            if (received > 0)
            {
                buffer.Commit(received);
                handle.Received += received;
                if (received < wanted) Rearm(handle);
                // There may be more, which nobody asks for before these bytes have gone.
                else if (handle is { IsHeeded: true, IsAskedFor: false }) Queue(new LossNews(this, handle));
                return IoResult.Success(received);
            }
            buffer.Release();
            if (error == SocketError.Success)
            {
                return handle.HiddenFailure == IoError.None
                    ? IoResult.Success(0)
                    : IoResult.Failure(handle.HiddenFailure);
            }
            if (error != SocketError.WouldBlock) return PortableSockets.FailureOf(error);
            Rearm(handle);
        }
        return null;
    }

    private void Rearm(PortableHandle handle)
    {
        handle.IsReadable = false;
        Probe(handle);
        // What comes next is there already. If it is a reset, it is one for what begins with these bytes too.
        if (handle is { IsReadable: true, IsHeeded: true }) Queue(new LossNews(this, handle));
    }

    /// <summary>Hands bytes over until all have gone, or null when a piece is under way.</summary>
    private static IoResult? TrySend(PortableHandle handle, SendOperation operation)
    {
        var transfer = handle.Outgoing;
        while (operation.Buffer.Length + operation.BodyLength is > 0 and var left)
        {
            var piece = ArrayPool<byte>.Shared.Rent(Math.Min(left, PieceBytes));
            var head = operation.Buffer.Unread;
            head = head[..Math.Min(head.Length, piece.Length)];
            head.CopyTo(piece);
            var length = head.Length;
            if (operation.BodyLength > 0)
            {
                var body = operation.Body!.Unread[..Math.Min(operation.BodyLength, piece.Length - length)];
                body.CopyTo(piece.AsSpan(length));
                length += body.Length;
            }
            operation.Advance(length);
            handle.Sent += length;
            transfer.SetBuffer(piece, 0, length);
            transfer.IsInFlight = handle.Socket.SendAsync(transfer);
            if (transfer.IsInFlight) return null;
            if (FinishPiece(transfer) is { IsError: true } failure) return failure;
        }
        return IoResult.Success(operation.Progress);
    }

    private static void FinishSend(PortableHandle handle)
    {
        var result = FinishPiece(handle.Outgoing);
        if (handle.Sending is not { } operation) return;
        if (result.IsError) CompleteSending(handle, result);
        else if (TrySend(handle, operation) is { } done) CompleteSending(handle, done);
    }

    private static IoResult FinishPiece(PortableTransfer transfer)
    {
        ArrayPool<byte>.Shared.Return(transfer.Buffer!);
        transfer.SetBuffer(null, 0, 0);
        var result = PortableSockets.ResultOf(transfer);
        // The system tells of it once, and a receive would take it for an end.
        if (result.Error is not (IoError.None or IoError.BrokenPipe)) transfer.Handle.HiddenFailure = result.Error;
        return result;
    }

    private static void CompleteSending(PortableHandle handle, IoResult result)
    {
        if (handle.Sending is not { } operation) return;
        handle.Sending = null;
        operation.Complete(result);
    }

    /// <summary>Gives back what a transfer holds, if the framework no longer has it.</summary>
    private static void Release(PortableTransfer transfer)
    {
        if (transfer.IsInFlight) return;
        if (transfer.Buffer is { } piece) ArrayPool<byte>.Shared.Return(piece);
        transfer.Dispose();
    }

    private PortableHandle Register(Socket socket)
    {
        var handle = new PortableHandle(this, socket);
        _handles.Add(handle);
        return handle;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static PortableHandle Of(IoHandle handle)
    {
        Debug.Assert(handle is PortableHandle);
        return Unsafe.As<PortableHandle>(handle);
    }
}
