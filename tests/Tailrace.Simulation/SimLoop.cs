using System.Net;
using Tailrace.Io;

namespace Tailrace.Simulation;

/// <summary>An event loop whose time and network are simulated: the same seed, the same run.</summary>
/// <remarks>
/// Several of them live on one thread; the world gives them turns. Whether an operation completes at once, in this turn
/// or in a later one is the dice's decision, and so is the order of completions.
/// </remarks>
internal sealed partial class SimLoop(SimWorld world, string host) : EventLoop
{
    private const int UnseenFromBytes = 1000;

    // Set before the base constructor runs, which reads the clock.
    private readonly SimWorld _world = world;
    private readonly List<SimHandle> _handles = [];
    private SimHandle[] _round = [];
    private byte[] _short = [];

    /// <inheritdoc/>
    public override string Name => "sim";

    /// <inheritdoc/>
    public override bool CanShareListeners => true;

    /// <inheritdoc/>
    internal override long Microseconds => _world.Clock.Now * 1000;

    /// <summary>The address of the machine that it runs on.</summary>
    internal IPAddress Host { get; } = IPAddress.Parse(host);

    /// <summary>Descriptors that are open.</summary>
    internal int OpenHandles => _handles.Count;

    /// <summary>Counts them, as they are made and given back.</summary>
    internal int Unseen { get; set; }

    /// <summary>Whether the last turn had nothing to do.</summary>
    internal bool IsIdle { get; private set; }

    /// <summary>When the loop wants to be woken although nothing comes from outside.</summary>
    internal long WakesAt { get; private set; }

    /// <inheritdoc/>
    public override IoHandle Listen(EndPoint address, ListenSettings settings)
    {
        var listener = _world.Network.Listen(this, (IPEndPoint)address, settings);
        _handles.Add(listener);
        return listener;
    }

    /// <inheritdoc/>
    public override EndPoint LocalAddress(IoHandle handle) => new IPEndPoint(Host, ((SimHandle)handle).Port);

    /// <inheritdoc/>
    public override IoTask AcceptAsync(IoHandle listener, AcceptOperation operation)
    {
        var handle = Open(listener);
        if (_world.Faults.Strikes()) return Fail(handle, operation, isSend: false, IoError.OutOfDescriptors);
        if (handle.Backlog!.Count > 0 && !_world.IsLate) return new IoTask(Accept(handle, operation));
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    public override IoTask ConnectAsync(SocketAddress address, SendOperation operation, out IoHandle? opened)
    {
        opened = null;
        if (_world.Faults.Strikes()) return new IoTask(IoResult.Failure(_world.Network.ConnectError()));
        var handle = _world.Network.Connect(this, new IPEndPoint(IPAddress.Any, 0).Create(address));
        _handles.Add(handle);
        opened = handle;
        if (!_world.IsLate && _world.Network.TryDecide(handle) is { } done) return new IoTask(done);
        handle.Sending = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    public override IoTask ReceiveAsync(IoHandle stream, IoOperation operation)
    {
        var handle = Open(stream);
        Require(handle.Receiving is null, "one receive at a time");
        if (_world.Faults.Strikes()) return Break(handle, operation, isSend: false);
        if (!_world.IsLate && _world.Network.TryReceive(handle, operation) is { } done) return new IoTask(done);
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    public override IoTask SendAsync(IoHandle stream, SendOperation operation)
    {
        var handle = Open(stream);
        Require(handle.Sending is null, "one send at a time");
        if (_world.Faults.Strikes()) return Break(handle, operation, isSend: true);
        if (!_world.IsLate && _world.Network.TrySend(handle, operation) is { } done) return new IoTask(done);
        handle.Sending = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    internal override Span<byte> BeginShort(IoHandle stream, int room)
    {
        var handle = Open(stream);
        Require(handle.Sending is null, "one send at a time");
        if (_world.IsLate || !_world.Network.HasRoom(handle, room)) return default;
        if (_short.Length < room) _short = new byte[room];
        return _short.AsSpan(0, room);
    }

    /// <inheritdoc/>
    internal override void EndShort(IoHandle stream, int length)
    {
        // Taken is not sent.
        if (_world.Faults.Strikes()) _world.Network.Break(Open(stream));
        else _world.Network.Send(Open(stream), _short.AsSpan(0, length));
    }

    /// <inheritdoc/>
    internal override IoTask ReceiveForAsync(IoHandle stream, IoOperation operation, IoHandle recipient)
    {
        Require(operation.UnseenMax == IoOperation.PassesOn, "nothing is to be passed on");
        Open(stream).Pair(Open(recipient));
        return ReceiveAsync(stream, operation);
    }

    /// <inheritdoc/>
    internal override int UnseenHeld => Unseen;

    /// <inheritdoc/>
    internal override int UnseenPiece => UnseenFromBytes / 4;

    /// <inheritdoc/>
    internal override int UnseenFrom => _world.Conditions.Unseen > 0 ? UnseenFromBytes : int.MaxValue;

    /// <inheritdoc/>
    internal override IoTask SendUnseenAsync(IoHandle stream, SendOperation operation)
    {
        Require(operation.Unseen is not null, "nothing is kept for this send");
        return SendAsync(stream, operation);
    }

    /// <inheritdoc/>
    public override void ShutdownSend(IoHandle stream) => _world.Network.ShutdownSend(Open(stream));

    /// <inheritdoc/>
    internal override int OwedTo(IoHandle stream) => _world.Network.OwedTo(Open(stream));

    /// <inheritdoc/>
    public override void Close(IoHandle stream, bool reset = false)
    {
        var handle = Open(stream);
        handle.IsClosed = true;
        _handles.Remove(handle);
        if (handle.Inbox is null) _world.Network.Close(handle, reset);
        else _world.Datagrams.Close(handle);
        handle.Abandon(this);
    }

    /// <inheritdoc/>
    protected override void Wait(int timeoutMs)
    {
        WakesAt = timeoutMs < 0 ? long.MaxValue : Now + timeoutMs;
        UpdateClock();
        IsIdle = WakesAt > Now;
        var count = _handles.Count;
        if (_round.Length < count) _round = new SimHandle[count * 2];
        _handles.CopyTo(_round);
        var round = _round.AsSpan(0, count);
        _world.Random.Shuffle(round);
        for (var i = 0; i < count; i++) Serve(_round[i]);
    }

    /// <inheritdoc/>
    protected override void Wake()
    {
        // The world turns every loop in each of its steps.
    }

    /// <inheritdoc/>
    protected override long Clock() => _world.Clock.Now;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        while (_handles.Count > 0) Close(_handles[^1]);
    }

    /// <summary>Completes what can be completed on one descriptor, unless the dice leave it for later.</summary>
    private void Serve(SimHandle handle)
    {
        if (handle is { Receiving: { } receiving, IsClosed: false } && CanReceive(handle) && !Defer())
        {
            var result = handle.Inbox is not null ? TryReceiveDatagrams(handle)
                : handle.Backlog is null ? _world.Network.TryReceive(handle, receiving)
                : Accept(handle, (AcceptOperation)receiving);
            if (result is { } done)
            {
                handle.Receiving = null;
                receiving.Complete(done);
                IsIdle = false;
            }
        }
        else if ((handle.LossWatcher is not null || handle.Dependent is { Receiving: not null } or { Sending: not null })
            && _world.Network.IsResetArrived(handle))
        {
            handle.IsBroken = true;
            handle.FailDependent(this);
            IsIdle = false;
        }
        if (handle is { Sending: { } sending, IsClosed: false })
        {
            var before = sending.Progress;
            if (Defer(_world.Network.CanSend(handle))) return;
            var result = handle.Outgoing is null
                ? _world.Network.TryDecide(handle)
                : _world.Network.TrySend(handle, sending);
            if (result is not null || sending.Progress != before) IsIdle = false;
            if (result is not { } done) return;
            handle.Sending = null;
            sending.Complete(done);
        }
    }

    private bool CanReceive(SimHandle handle) => handle.Inbox is not null
        ? _world.Datagrams.CanReceive(handle)
        : handle.Backlog is { } backlog ? backlog.Count > 0 : handle.Incoming?.IsReadable(_world.Clock.Now) == true;

    private bool Defer(bool possible = true)
    {
        if (!possible) return true;
        if (!_world.IsLate) return false;
        IsIdle = false;
        return true;
    }

    private IoResult Accept(SimHandle listener, AcceptOperation operation)
    {
        var stream = listener.Backlog!.Dequeue();
        _handles.Add(stream);
        stream.IsAccepted = true;
        operation.Opened = stream;
        return IoResult.Success(0);
    }

    private IoTask Break(SimHandle handle, IoOperation operation, bool isSend)
    {
        _world.Network.Break(handle);
        var error = SimNetwork.LossOf(handle);
        return Fail(handle, operation, isSend, isSend && error == IoError.Reset ? IoError.BrokenPipe : error);
    }

    /// <summary>Fails an operation at once or in this turn's end.</summary>
    private IoTask Fail(SimHandle handle, IoOperation operation, bool isSend, IoError error)
    {
        if (_world.Random.Chance(500)) return new IoTask(IoResult.Failure(error));
        if (isSend) handle.Sending = (SendOperation)operation;
        else handle.Receiving = operation;
        var task = operation.Begin(handle);
        operation.Fail(error, this);
        return task;
    }

    private SimHandle Open(IoHandle handle)
    {
        Require(handle is SimHandle { IsClosed: false }, "a descriptor is used after its close");
        var open = (SimHandle)handle;
        Require(open.Loop == this, "a descriptor is used by another loop than its own");
        return open;
    }

    private static void Require(bool condition, string what)
    {
        if (!condition) throw new SimFailure(what);
    }
}
