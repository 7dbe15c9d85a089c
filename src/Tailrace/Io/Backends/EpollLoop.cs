using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tailrace.Memory;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>Completions from readiness: Linux's epoll(7), edge-triggered.</summary>
/// <remarks>
/// Each descriptor is registered once, for both directions, and never again: when something first has to wait for it. A
/// connection whose request is there when it is accepted may be answered and closed without. An operation is tried at
/// once when the last that was heard of the descriptor allows it, and otherwise waits for the event. A receive that got
/// less than it asked for has emptied the socket, so the next one waits without asking; only after a hang-up is the end
/// read for. An event carries the descriptor's number and a generation, so that one meant for an earlier use is
/// dropped.
/// <para>
/// A turn works in batches, kind by kind: receive for up to <see cref="BatchMax"/> events, complete those receives,
/// send what their completions wrote. What connected streams bring comes first, then a share of the
/// <see cref="Backlog{T}"/> of accepted ones. A short send is therefore only taken when it is asked for. Caches hold
/// either the kernel's network code or ours, so that fewer changes between them are 4 percent of a proxied request.
/// </para>
/// </remarks>
internal sealed unsafe partial class EpollLoop : LinuxLoop
{
    private const uint Interest =
        Epoll.In | Epoll.Out | Epoll.ReadHangUp | Epoll.EdgeTriggered;

    /// <summary>
    /// Events whose receives are made in a row; then their completions run, and then the sends that came of them.
    /// </summary>
    private const int BatchMax = 32;

    private const int WakeDescriptor = int.MaxValue;

    private readonly int _epoll;
    private readonly WakeEvent _wake;
    private readonly int _eventsMax;
    private readonly byte* _events;
    private readonly FreeList<EpollHandle> _freeHandles = new(1 << 14);
    private readonly Settled[] _settled = new Settled[2 * BatchMax];
    private readonly Backlog<ulong> _backlog = new();
    private EpollHandle?[] _handles = new EpollHandle?[1024];
    private uint _generation;

    /// <summary>Creates the loop.</summary>
    /// <param name="eventsMax">The most events taken from the kernel at a time.</param>
    /// <param name="reserve">The descriptors that are not for connections.</param>
    /// <param name="pipes">Pipes for bulk; the loop disposes of them. Null: all bytes are copied.</param>
    /// <exception cref="IoException">The kernel refuses.</exception>
    internal EpollLoop(int eventsMax, DescriptorReserve reserve, PipePool? pipes = null)
        : base(reserve, pipes)
    {
        _eventsMax = eventsMax;
        _epoll = Libc.epoll_create1(Epoll.CloseOnExec);
        if (_epoll < 0) throw LinuxSockets.Refusal("epoll_create1");
        try
        {
            _wake = new WakeEvent(SocketAbi.SockNonblock);
            if (!TryAdd(_wake.Descriptor, Epoll.In | Epoll.EdgeTriggered, WakeDescriptor))
                throw LinuxSockets.Refusal("epoll_ctl");
        }
        catch (IoException)
        {
            _wake?.Dispose();
            Libc.close(_epoll);
            throw;
        }
        // Nothing can be refused any more: memory that nobody would free is not taken before.
        _events = (byte*)NativeMemory.Alloc((nuint)(eventsMax * Epoll.EventBytes));
        _outbox = (byte*)NativeMemory.Alloc(OutboxBytes);
    }

    /// <inheritdoc/>
    public override string Name => "epoll";

    /// <inheritdoc/>
    public override IoHandle Listen(EndPoint address, ListenSettings settings)
    {
        var fd = LinuxSockets.Listen(address, settings, SocketBuffer);
        var handle = Open(fd);
        handle.IsListener = true;
        handle.IsReadable = false;
        if (TryRegister(handle)) return handle;
        Close(handle);
        throw new IoException(IoError.OutOfMemory, address);
    }

    /// <inheritdoc/>
    public override IoTask AcceptAsync(IoHandle listener, AcceptOperation operation)
    {
        var handle = Of(listener);
        if (handle.IsReadable)
        {
            if (TryAccept(handle, operation, out var result)) return new IoTask(result);
        }
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    private protected override IoTask AwaitConnect(LinuxHandle connecting, SendOperation operation)
    {
        var handle = Of(connecting);
        handle.IsWritable = false;
        return AwaitSend(handle, operation);
    }

    /// <inheritdoc/>
    public override IoTask ReceiveAsync(IoHandle stream, IoOperation operation)
    {
        var handle = Of(stream);
        // Nearly always the last receive has taken all that was there.
        if (handle.IsReadable || !handle.IsRegistered || handle.SendError != IoError.None)
            return ReceiveNow(handle, operation);
        return BeginReceive(handle, operation);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private IoTask ReceiveNow(EpollHandle handle, IoOperation operation)
    {
        if (handle.IsReadable && TryReceive(handle, operation.Buffer, out var result)) return new IoTask(result);
        return AwaitReceive(handle, operation);
    }

    private IoTask AwaitReceive(EpollHandle handle, IoOperation operation)
    {
        // After a reset the socket itself says so, behind what came before it.
        if (handle.SendError is not (IoError.None or IoError.BrokenPipe or IoError.Reset))
            return new IoTask(IoResult.Failure(handle.SendError));
        if (!TryRegister(handle)) return new IoTask(IoResult.Failure(IoError.OutOfMemory));
        return BeginReceive(handle, operation);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static IoTask BeginReceive(EpollHandle handle, IoOperation operation)
    {
        Debug.Assert(handle.Receiving is null, "one receive at a time");
        handle.Receiving = operation;
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    internal override DetachedStream Detach(IoHandle accepted)
    {
        var handle = Of(accepted);
        Debug.Assert(!handle.IsRegistered);
        var stream = new DetachedStream(handle.Descriptor, null, handle.Remote);
        Retire(handle);
        return stream;
    }

    /// <inheritdoc/>
    public override bool IsWatched(IoHandle stream) => Of(stream) is { IsRegistered: true, IsLost: false };

    /// <inheritdoc/>
    public override void Watch(IoHandle stream)
    {
        var handle = Of(stream);
        TryRegister(handle);
        if (handle.IsBroken) handle.FailDependent(this);
    }

    /// <inheritdoc/>
    protected override void Wait(int timeoutMs)
    {
        if (_unsentCount > 0) SendUnsent();
        var count = Libc.epoll_wait(_epoll, _events, _eventsMax, _backlog.Count > 0 ? 0 : timeoutMs);
        if (count < 0) CheckInterrupted();
        UpdateClock();
        var (settled, answers) = (0, 0);
        for (var i = 0; i < count; i++)
        {
            var entry = _events + i * Epoll.EventBytes;
            var data = Epoll.DataOf(entry);
            if ((uint)data == WakeDescriptor) _wake.Reset();
            if (!TryFind(data, out var handle)) continue;
            var events = Epoll.EventsOf(entry);
            if (handle.IsAccepted)
            {
                if (handle.WaitingEvents == 0) _backlog.Add(data);
                handle.WaitingEvents |= (ushort)events;
                continue;
            }
            answers++;
            settled = Dispatch(handle, events, settled);
            if (settled >= BatchMax) settled = Finish(settled);
        }
        settled = Finish(settled);
        _backlog.BeginShare(answers);
        while (_backlog.TryTake(out var data))
        {
            if (!TryFind(data, out var handle)) continue;
            uint events = handle.WaitingEvents;
            handle.WaitingEvents = 0;
            settled = Dispatch(handle, events, settled);
            if (settled >= BatchMax) settled = Finish(settled);
        }
        Finish(settled);
    }

    /// <summary>A signal ends a wait without events, and the next turn waits again; nothing else may.</summary>
    /// <exception cref="IoException">The kernel does not let the loop go on.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CheckInterrupted()
    {
        if (Libc.Errno != Errno.Interrupted) throw LinuxSockets.Refusal("epoll_wait");
    }

    /// <inheritdoc/>
    protected override void FailPending()
    {
        foreach (var handle in _handles)
        {
            if (handle is not null) FailPending(handle);
        }
    }

    /// <summary>The handle that an event is about, if it is not one of an earlier use of the descriptor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryFind(ulong data, [MaybeNullWhen(false)] out EpollHandle handle)
    {
        var fd = (uint)data;
        var handles = _handles;
        handle = fd < (uint)handles.Length ? handles[fd] : null;
        return handle is not null && handle.Generation == (uint)(data >> 32);
    }

    /// <summary>Completes the operations that have come to a result, and sends what was written meanwhile.</summary>
    /// <returns>0: none is left.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Finish(int settled)
    {
        if (settled > 0) Deliver(settled);
        if (_unsentCount > 0) SendUnsent();
        return 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Deliver(int settled)
    {
        for (var i = 0; i < settled; i++) _settled[i].Operation.Deliver();
    }

    /// <inheritdoc/>
    protected override void Wake() => _wake.Set();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var handle in _handles)
        {
            if (handle is { IsLeaving: false }) Close(handle);
            if (handle is { IsLeaving: true }) Cut(handle);
        }
        _wake.Dispose();
        Libc.close(_epoll);
        NativeMemory.Free(_events);
        NativeMemory.Free(_outbox);
        base.Dispose(disposing);
    }

    /// <summary>Takes up what was heard of a descriptor.</summary>
    /// <returns>How many operations of the batch have come to a result, with those of before.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Dispatch(EpollHandle handle, uint events, int settled)
    {
        if (handle.Traits != DatagramTraits.None)
        {
            OnDatagrams(handle);
            return settled;
        }
        if ((events & (Epoll.In | Epoll.ReadHangUp | Epoll.HangUp | Epoll.Error)) != 0)
        {
            handle.IsReadable = true;
            if ((events & (Epoll.ReadHangUp | Epoll.HangUp | Epoll.Error)) != 0)
            {
                handle.IsEnding = true;
                handle.IsLost |= (events & (Epoll.HangUp | Epoll.Error)) != 0;
                if ((events & Epoll.Error) != 0)
                {
                    handle.IsBroken = true;
                    if (handle is { IsHeeded: true, Receiving: not null }) Queue(new LossNews(this, handle));
                }
            }
            if (handle.Receiving is { } operation)
            {
                var isDone = handle.IsListener
                    ? TryAccept(handle, (AcceptOperation)operation, out var result)
                    : TryReceiveAgain(handle, operation, out result);
                if (isDone)
                {
                    operation.Settle(result);
                    _settled[settled++].Operation = operation;
                }
            }
            else if ((events & Epoll.Error) != 0)
            {
                // A hang-up alone is the end of both directions, which a Unix socket's other side makes by a close.
                handle.FailDependent(this);
            }
        }
        if ((events & (Epoll.Out | Epoll.HangUp | Epoll.Error)) != 0)
        {
            handle.IsWritable = true;
            if (handle.HasUnsent || handle.Sending is not null) return GoOnSending(handle, events, settled);
        }
        return settled;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int GoOnSending(EpollHandle handle, uint events, int settled)
    {
        if (handle.HasUnsent) SendUnsent(handle);
        if (handle.Sending is not { } operation || handle.HasUnsent) return settled;
        var result = handle.IsConnecting ? FinishConnect(handle, events) : RetrySend(handle, operation);
        if (result is not { } done) return settled;
        operation.Settle(done);
        _settled[settled++].Operation = operation;
        return settled;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryAccept(EpollHandle listener, AcceptOperation operation, out IoResult result)
    {
        result = IoResult.Failure(IoError.OutOfDescriptors);
        if (Reserve.IsAllThatIsLeft) return true;
        var address = stackalloc byte[SocketAbi.AddressBytesMax];
        uint length = SocketAbi.AddressBytesMax;
        var fd = Libc.accept4(listener.Descriptor, address, &length, SocketAbi.SockNonblock | SocketAbi.SockCloexec);
        if (fd < 0)
        {
            var errno = Libc.Errno;
            result = LinuxSockets.FailureOf(errno);
            if (errno != Errno.Again) return true;
            listener.IsReadable = false;
            return false;
        }
        // It came all the same, so it is served; the next one is not asked for.
        Reserve.Touches(fd);
        var handle = Open(fd);
        handle.Remote = LinuxSockets.ReadAddress(address);
        handle.IsAccepted = true;
        operation.Opened = handle;
        result = IoResult.Success(0);
        return true;
    }

    /// <summary>A connect that failed is an error of the socket's, and events tell of those.</summary>
    private static IoResult FinishConnect(EpollHandle handle, uint events) => FinishConnect(
        handle, (events & (Epoll.Error | Epoll.HangUp)) != 0 ? LinuxSockets.TakeError(handle.Descriptor) : 0);

    /// <summary>Receives. False when nothing is there yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReceive(EpollHandle handle, ByteBuffer buffer, out IoResult result)
    {
        result = IoResult.Failure(IoError.NoBuffers);
        if (!buffer.TryReserve()) return true;
        var received = Libc.recv(handle.Descriptor, buffer.WritePointer, (nuint)buffer.Free, 0);
        if (received <= 0)
        {
            buffer.Release();
            return TryEnd(handle, received, out result);
        }
        buffer.Commit((int)received);
        handle.Received += received;
        if (buffer.Free > 0 && !handle.IsEnding) handle.IsReadable = false;
        result = IoResult.Success((int)received);
        return true;
    }

    /// <summary>The end of the stream, or an error. False when there is only nothing yet.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryEnd(EpollHandle handle, nint received, out IoResult result)
    {
        var errno = received < 0 ? Libc.Errno : 0;
        if (errno == Errno.Again)
        {
            handle.IsReadable = false;
            result = default;
            return false;
        }
        if (errno != 0)
        {
            handle.SendError = LinuxSockets.ErrorOf(errno);
            handle.IsBroken = true;
        }
        result = errno == 0 ? Ended(handle) : IoResult.Failure(handle.SendError);
        return true;
    }

    /// <summary>
    /// A receive of nothing: the end of the stream, unless it is broken. The kernel tells of that once, and a send may
    /// have heard it.
    /// </summary>
    private static IoResult Ended(EpollHandle handle) =>
        handle.SendError is IoError.None or IoError.BrokenPipe
            ? IoResult.Success(0)
            : IoResult.Failure(handle.SendError);

    private protected override EpollHandle Open(int fd)
    {
        if (fd >= _handles.Length) Array.Resize(ref _handles, Math.Max(fd + 1, _handles.Length * 2));
        var handle = _freeHandles.TryTake() ?? new EpollHandle();
        handle.Reset(fd, ++_generation);
        _handles[fd] = handle;
        return handle;
    }

    /// <summary>Registers the descriptor, once in its life, when something first has to wait for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryRegister(EpollHandle handle) => handle.IsRegistered || Register(handle);

    private bool Register(EpollHandle handle)
    {
        var interest = handle.Traits == DatagramTraits.None ? Interest : DatagramInterest;
        var data = (ulong)handle.Generation << 32 | (uint)handle.Descriptor;
        return handle.IsRegistered = TryAdd(handle.Descriptor, interest, data);
    }

    private bool TryAdd(int fd, uint interest, ulong data)
    {
        var entry = stackalloc byte[16];
        Epoll.Fill(entry, interest, data);
        return Libc.epoll_ctl(_epoll, Epoll.Add, fd, entry) == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static EpollHandle Of(IoHandle handle)
    {
        Debug.Assert(handle is EpollHandle { IsClosed: false });
        return Unsafe.As<EpollHandle>(handle);
    }

    /// <summary>
    /// A reset was heard of with bytes that a receive has waited for: what that begins with them depends on it too.
    /// </summary>
    private sealed class LossNews(EpollLoop loop, EpollHandle handle) : LoopContinuation
    {
        private readonly uint _generation = handle.Generation;

        internal override void Resume()
        {
            if (handle.Generation == _generation) handle.FailDependent(loop);
        }
    }

    /// <summary>In a structure a store into the array needs no test of the object's type.</summary>
    private struct Settled
    {
        internal IoOperation Operation;
    }
}
