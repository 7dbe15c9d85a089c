using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tailrace.Memory;

namespace Tailrace.Io;

/// <summary>A connection over one stream socket of the reactor's loop.</summary>
/// <remarks>
/// Comes from the reactor's free list and goes back to it on <see cref="Close"/>, unless something is still in flight:
/// then the collector gets it. Hold no reference to a closed connection.
/// <para>
/// What <see cref="ReleaseInput"/> and <see cref="ReleaseOutput"/> give back, others of the reactor use meanwhile:
/// of thousands of tunnels a few are at work, and with few objects, which the caches have.
/// </para>
/// </remarks>
public sealed class SocketConnection : Connection
{
    /// <summary>How long an answer may take before its client is watched.</summary>
    private const int WatchAfterMs = 50;

    private readonly Receive _receive;
    private SendOperation? _send;
    private IoHandle? _handle;
    private bool _isAborted;

    private SocketConnection(Reactor reactor)
        : base(reactor)
    {
        _receive = new Receive(this) { Buffer = Input };
    }

    /// <inheritdoc/>
    public override NetAddress Remote =>
        ProxyHeader is { HasAddresses: true } header ? header.Source : _handle?.Remote ?? LastRemote;

    /// <inheritdoc/>
    public override NetAddress Local
    {
        get
        {
            if (ProxyHeader is { HasAddresses: true } header) return header.Destination;
            return _handle is { } handle ? NetAddress.From(Reactor.Loop.LocalAddress(handle)) : default;
        }
    }

    /// <inheritdoc/>
    public override bool IsClosed => _handle is null;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override (long Received, long Sent) TakeTraffic()
    {
        if (_handle is not { } handle) return default;
        var traffic = (handle.Received, handle.Sent);
        handle.Received = handle.Sent = 0;
        return traffic;
    }

    /// <summary>Wraps an accepted descriptor.</summary>
    internal static SocketConnection Adopt(Reactor reactor, IoHandle handle)
    {
        var connection = Rent(reactor);
        connection._handle = handle;
        return connection;
    }

    /// <summary>A connection that is not connected yet; <see cref="ConnectAsync"/> comes next.</summary>
    internal static SocketConnection Rent(Reactor reactor)
    {
        if (reactor.FreeConnections.TryTake() is not { } connection) return new SocketConnection(reactor);
        if (connection.Input == reactor.NoBuffer) connection.TakeInput();
        if (connection.Output == reactor.NoBuffer) connection.TakeOutput();
        return connection;
    }

    /// <summary>Connects to an address. On failure close the connection as any other.</summary>
    internal IoTask ConnectAsync(System.Net.SocketAddress address)
    {
        var send = Send;
        send.Progress = send.ProgressSeen = 0;
        return Reactor.Loop.ConnectAsync(address, send, out _handle);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override IoTask FillAsync()
    {
        if (_receive.IsArmed) return _receive.Task;
        if (_handle is not { } handle) return new IoTask(IoResult.Failure(IoError.Aborted));
        _receive.UnseenMax = 0;
        return Reactor.Loop.ReceiveAsync(handle, _receive);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override void PrepareFill()
    {
        if (_receive.IsArmed) return;
        if (_handle is not { } handle)
        {
            // It would wait for ever to hear of an end that has been.
            if (_isAborted) _receive.Hold(IoResult.Failure(IoError.Aborted));
            return;
        }
        _receive.UnseenMax = 0;
        var task = Reactor.Loop.ReceiveAsync(handle, _receive);
        if (!_receive.IsArmed) _receive.Hold(task.GetAwaiter().GetResult());
    }

    /// <inheritdoc/>
    internal override bool HasFilled => _receive.IsCompleted;

    /// <inheritdoc/>
    internal override IoResult TakeFill() => _receive.TakeResult();

    /// <summary>Takes the result of a fill that brought bytes; any other is left for who awaits it.</summary>
    internal bool TryTakeFill() => _receive.TryTakeBytes();

    /// <summary>Runs <paramref name="watcher"/> when the prepared fill completes; null withdraws it.</summary>
    /// <returns>False when it has completed or failed already.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool WatchFill(LoopContinuation? watcher)
    {
        _receive.Watch(null);
        if (_receive.IsDecided) return false;
        _receive.Watch(watcher);
        return true;
    }

    /// <inheritdoc/>
    public override void CancelFill() => Reactor.Loop.Cancel(_receive, IoError.Cancelled);

    /// <inheritdoc/>
    public override IoTask FlushAsync()
    {
        if (Output.IsEmpty) return new IoTask(IoResult.Success(0));
        var send = Send;
        send.BodyLength = 0;
        return SendAsync(send);
    }

    /// <inheritdoc/>
    public override IoTask FlushAsync(ByteBuffer? body, int count)
    {
        var send = Send;
        Debug.Assert(send.Unseen is null, "what was not sent is lost with its connection");
        send.Body = body;
        send.BodyLength = count;
        return SendAsync(send);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal override Span<byte> BeginShort(int room)
    {
        Debug.Assert(_send is not { IsPending: true }, "one send at a time");
        return _handle is { } handle && Output.IsEmpty ? Reactor.Loop.BeginShort(handle, room) : default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal override void EndShort(int length) => Reactor.Loop.EndShort(_handle!, length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private IoTask SendAsync(SendOperation send)
    {
        if (_handle is not { } handle) return new IoTask(IoResult.Failure(IoError.Aborted));
        send.Progress = send.ProgressSeen = 0;
        return Reactor.Loop.SendAsync(handle, send);
    }

    /// <inheritdoc/>
    internal override bool HasFlushed => _send is { IsCompleted: true };

    /// <inheritdoc/>
    internal override IoResult TakeFlush() => _send!.TakeResult();

    /// <inheritdoc/>
    public override void CancelFlush()
    {
        if (_send is { } send) Reactor.Loop.Cancel(send, IoError.Cancelled);
    }

    /// <inheritdoc/>
    internal override int Unseen => _receive.Unseen?.Length ?? 0;

    /// <inheritdoc/>
    internal override bool SendsUnseen => true;

    /// <inheritdoc/>
    internal override IoTask FillUnseenAsync(int count)
    {
        Debug.Assert(Input.IsEmpty && _receive.Unseen is null && count > 0);
        if (_receive.IsArmed) return _receive.Task;
        if (_handle is not { } handle) return new IoTask(IoResult.Failure(IoError.Aborted));
        _receive.UnseenMax = count;
        return Reactor.Loop.ReceiveUnseenAsync(handle, _receive);
    }

    /// <inheritdoc/>
    internal override IoTask FillForAsync(Connection recipient)
    {
        Debug.Assert(Input.IsEmpty && recipient.Output.IsEmpty);
        if (_receive.IsArmed || _handle is not { } handle || (recipient as SocketConnection)?._handle is not { } next)
            return FillAsync();
        _receive.UnseenMax = IoOperation.PassesOn;
        return Reactor.Loop.ReceiveForAsync(handle, _receive, next);
    }

    /// <inheritdoc/>
    internal override int PassedOn => _receive.PassedOn;

    /// <inheritdoc/>
    internal override int DropUnseen() => _receive.DropUnseen();

    /// <inheritdoc/>
    internal override int Flushed => _send!.Progress;

    /// <inheritdoc/>
    internal override IoTask FlushUnseenAsync(Connection source)
    {
        var send = Send;
        send.Progress = send.ProgressSeen = 0;
        if (_handle is not { } handle) return new IoTask(IoResult.Failure(IoError.Aborted));
        var receive = ((SocketConnection)source)._receive;
        send.Unseen = receive.Unseen;
        receive.Unseen = null;
        send.BodyLength = 0;
        return Reactor.Loop.SendUnseenAsync(handle, send);
    }

    /// <inheritdoc/>
    internal override void ReleaseInput()
    {
        var input = Input;
        input.Release();
        if (!input.IsNew || input == Reactor.NoBuffer) return;
        Input = Reactor.NoBuffer;
        _receive.DropBuffer();
        Reactor.FreeBuffers.Return(input);
    }

    /// <inheritdoc/>
    internal override void ReleaseOutput()
    {
        var output = Output;
        output.Release();
        if (!output.IsNew || _send is { IsArmed: true } or { Unseen: not null }) return;
        if (output != Reactor.NoBuffer)
        {
            Output = Reactor.NoBuffer;
            Reactor.FreeBuffers.Return(output);
        }
        if (_send is not { } send) return;
        _send = null;
        // Others use it next, and it is to keep nothing of this connection alive. Buffers are the reactor's own.
        send.ForgetWait();
        Reactor.FreeSends.Return(send);
    }

    private SendOperation Send
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _send ?? TakeSend();
    }

    private SendOperation TakeSend()
    {
        var send = Reactor.FreeSends.TryTake() ?? new SendOperation();
        send.Buffer = Output;
        return _send = send;
    }

    private void TakeOutput()
    {
        Output = Reactor.RentBuffer();
        if (_send is { } send) send.Buffer = Output;
    }

    private ByteBuffer TakeInput() => _receive.Buffer = Input = Reactor.RentBuffer();

    /// <inheritdoc/>
    public override void ShutdownSend()
    {
        if (_handle is { } handle) Reactor.Loop.ShutdownSend(handle);
    }

    /// <inheritdoc/>
    public override void AbortWith(Connection? other, bool atOnce = false)
    {
        if (other is not null) BeginAbortWith(other, atOnce);
        else if (_handle is { } handle) handle.Dependent = null;
    }

    /// <inheritdoc/>
    internal override void FailDependent() => _handle?.FailDependent(Reactor.Loop);

    private void BeginAbortWith(Connection other, bool atOnce)
    {
        if (_handle is not { } handle)
        {
            other.Abort();
            return;
        }
        handle.Dependent = (other as SocketConnection)?._handle;
        if (!Reactor.Loop.IsWatched(handle)) WatchSoon(handle, atOnce);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WatchSoon(IoHandle handle, bool atOnce)
    {
        // Most answers come sooner than it pays to listen for the client's leaving. The deadline of what is in flight,
        // the rest of a request's body, say, stays what it is.
        if (atOnce || _receive.IsPending || _send is { IsPending: true }) Reactor.Loop.Watch(handle);
        else SetTimeout(WatchAfterMs);
    }

    /// <inheritdoc/>
    internal override void WatchLoss(LoopContinuation? watcher)
    {
        if (_handle is not { } handle)
        {
            if (watcher is not null) Reactor.Loop.Queue(watcher);
            return;
        }
        handle.LossWatcher = watcher;
        if (watcher is not null && !Reactor.Loop.IsWatched(handle)) Reactor.Loop.Watch(handle);
    }

    /// <inheritdoc/>
    internal override bool IsBroken => _handle is { IsBroken: true };

    /// <inheritdoc/>
    internal override int Owed => _handle is { } handle ? Reactor.Loop.OwedTo(handle) : 0;

    /// <inheritdoc/>
    internal override bool IsLossWatched => _handle?.LossWatcher is not null;

    /// <inheritdoc/>
    public override void Abort()
    {
        if (_handle is not { } handle) return;
        if (handle.IsAccepted) LastRemote = handle.Remote;
        _handle = null;
        _isAborted = true;
        Reactor.Loop.Close(handle, reset: true);
    }

    /// <inheritdoc/>
    public override void Close(bool reset = false)
    {
        var wasOpen = _handle is not null || _isAborted;
        if (_handle is { } handle) Reactor.Loop.Close(handle, reset);
        _handle = null;
        _isAborted = false;
        Reactor.Loop.Timers.Remove(this);
        Input.Clear();
        Output.Clear();
        _receive.DropUnseen();
        _send?.DropUnseen();
        ClearFacts();
        if (!wasOpen) return;
        if (_receive.IsPending || _send is { IsPending: true }) return;
        _receive.Forget();
        _send?.Forget();
        Reactor.FreeConnections.Return(this);
    }

    /// <summary>
    /// A deadline passed: what is in flight fails as timed out, and its awaiter decides what follows.
    /// </summary>
    protected internal override void OnDeadline()
    {
        if (_handle is { Dependent: not null } handle && !Reactor.Loop.IsWatched(handle)) Reactor.Loop.Watch(handle);
        if (_send is { IsPending: true } send && send.Progress != send.ProgressSeen)
        {
            send.ProgressSeen = send.Progress;
            SetTimeout(TimeoutMs);
            return;
        }
        Reactor.Loop.Cancel(_receive, IoError.TimedOut);
        if (_send is not null) Reactor.Loop.Cancel(_send, IoError.TimedOut);
    }

    /// <summary>A receive that may wait without a buffer, and gets one when bytes have come.</summary>
    private sealed class Receive(SocketConnection connection) : IoOperation
    {
        private protected override ByteBuffer TakeBuffer() => connection.TakeInput();
    }
}
