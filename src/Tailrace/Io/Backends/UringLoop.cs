using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>Completions from Linux's io_uring: one ring, entered once a turn.</summary>
/// <remarks>
/// <para>What comes often and small goes through the ring. A stream that waits for a message has a multishot receive
/// armed, from its first wait to its end; small messages are copied and sent from the loop's own memory. What comes in
/// bulk goes by direct calls, of which each moves many kilobytes, and the ring tells when the next one is due. So the
/// kernel never holds memory of anybody else, and cancelling needs no waiting.</para>
/// <para>A completion carries its handle's slot and generation. A handle is used again only when the kernel has
/// nothing of it in hand.</para>
/// <para>Listeners may be opened and closed on another thread before the loop runs; nothing is submitted until then.
/// </para>
/// </remarks>
internal sealed unsafe partial class UringLoop : LinuxLoop
{
    private const int TrimEveryMs = 1000;

    /// <summary>Completions of one entry from which on there may be more: the kernel does 20 at a time.</summary>
    private const int EntryMin = 16;

    private enum Kind : byte
    {
        Ignored,
        Receive,
        ReadPoll,
        WritePoll,
        Send,
        Accept,
        Watch,
        Wake,
        Datagrams,
    }

    private readonly UringRing _ring;
    private readonly UringReceives _receives;
    private readonly UringSends _sends;
    private readonly WakeEvent _wake;
    private readonly ulong* _wakeCount;
    private readonly UringPace _pace;
    private readonly int _eventsMax;
    private readonly ushort _receivePriority;
    private readonly List<UringHandle> _afterSends = new(64);
    private readonly Backlog<Uring.Cqe> _backlog;
    private UringHandle[] _handles = new UringHandle[256];
    private int _handleCount;
    private int[] _freeSlots = new int[256];
    private int _freeSlotCount;
    private long _nextTrim;
    private bool _isEnabled;

    /// <summary>Creates the loop and its ring.</summary>
    /// <param name="eventsMax">The most completions handled in a turn.</param>
    /// <param name="reserve">The descriptors that are not for connections.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="pipes">Pipes for bulk; the loop disposes of them. Null: all bytes are copied.</param>
    /// <exception cref="IoException">The kernel refuses.</exception>
    internal UringLoop(int eventsMax, DescriptorReserve reserve, UringSettings settings, PipePool? pipes = null)
        : base(reserve, pipes)
    {
        _eventsMax = eventsMax;
        _receivePriority = (ushort)(Uring.ReceiveMultishot | (settings.PollsFirst ? Uring.ReceivePollFirst : 0));
        _pace = new UringPace(Now);
        _backlog = new Backlog<Uring.Cqe>(waitingMax: settings.ReceivesMax / 2);
        _failureTimer = new FailureTimer(this);
        _ring = new UringRing(settings);
        try
        {
            _receives = new UringReceives(_ring, settings);
            _sends = new UringSends(settings);
            _wake = new WakeEvent();
        }
        catch (IoException)
        {
            _receives?.Dispose();
            _sends?.Dispose();
            _ring.Dispose();
            throw;
        }
        _wakeCount = (ulong*)NativeMemory.AllocZeroed(sizeof(ulong));
    }

    /// <inheritdoc/>
    public override string Name => "io_uring";

    /// <summary>The ring, for its counts.</summary>
    internal UringRing Ring => _ring;

    /// <summary>The buffers for receiving.</summary>
    internal UringReceives Receives => _receives;

    /// <summary>Receives that found no buffer.</summary>
    internal long Starved { get; private set; }

    /// <inheritdoc/>
    private protected override IoTask AwaitConnect(LinuxHandle connecting, SendOperation operation)
    {
        var handle = Of(connecting);
        handle.Sending = operation;
        Poll(handle, Kind.WritePoll, UringWork.WritePoll, Uring.PollOut);
        return operation.Begin(handle);
    }

    /// <inheritdoc/>
    public override void ShutdownSend(IoHandle stream)
    {
        var handle = Of(stream);
        if (IsSending(handle))
        {
            handle.EndsAfterSend = true;
            AwaitSend(handle);
            JoinEnd(handle);
        }
        else
        {
            EndSending(handle);
        }
    }

    /// <inheritdoc/>
    public override void Close(IoHandle stream, bool reset = false)
    {
        var handle = Of(stream);
        if (handle.IsClosed) return;
        handle.IsClosed = true;
        // What was taken for sent, and is lost, must not end as if all were there.
        reset |= handle.HasLost;
        if (reset) LinuxSockets.ResetOnClose(handle.Descriptor);
        handle.Abandon(this);
        while (handle.FirstWaiting != UringReceives.None)
            _receives.Consume(ref handle.FirstWaiting, _receives.Peek(handle.FirstWaiting).Length);
        if (reset) DropRest(handle);
        CancelWork(handle);
        if (IsSending(handle)) AwaitSend(handle);
        // What was to travel with an end that is none any more goes by itself: a reset throws away what has not gone.
        if (reset && handle.EndsAfterSend) PartEnd(handle);
        if (handle.IsListener) CloseListener(handle);
        else if (reset || !IsSending(handle)) CloseDescriptor(handle);
        else if (handle.HasRest) LimitRest(handle);
        FreeIfDone(handle);
    }

    /// <inheritdoc/>
    internal override DetachedStream Detach(IoHandle accepted)
    {
        var handle = Of(accepted);
        Debug.Assert(handle.Work == UringWork.None);
        var stream = new DetachedStream(handle.Descriptor, null, handle.Remote);
        handle.Descriptor = -1;
        handle.IsClosed = true;
        FreeIfDone(handle);
        return stream;
    }

    /// <inheritdoc/>
    public override bool IsWatched(IoHandle stream)
    {
        var handle = Of(stream);
        // A poll for bytes or for room is over when there are some, whatever comes then.
        return handle.Has(UringWork.Receive | UringWork.Watch) && handle is { IsStopping: false, IsLost: false };
    }

    /// <inheritdoc/>
    public override void Watch(IoHandle stream)
    {
        var handle = Of(stream);
        if (handle.IsBroken) handle.FailDependent(this);
        if (handle.IsLost || handle.Has(UringWork.Watch)) return;
        // A poll for nothing hears of ends and errors all the same; it has to hear again after a mere end.
        Poll(handle, Kind.Watch, UringWork.Watch, 0)->Length = Uring.PollMultishot;
    }

    /// <inheritdoc/>
    internal override void Prepare()
    {
        Enable();
        _ring.Enter(0);
    }

    /// <inheritdoc/>
    protected override void Wait(int timeoutMs)
    {
        if (!_isEnabled) Enable();
        EnterPaced(_afterSends.Count > 0 || _backlog.Count > 0 ? 0 : timeoutMs);
        UpdateClock();
        _pace.Update(Now);
        var (answers, last) = Reap();
        // An entry that does not wait looks at some streams only, and an answer may be behind many requests.
        for (var left = _eventsMax - last; _backlog.Count > 0 && last >= EntryMin && left > 0; left -= last)
        {
            _ring.Enter(0);
            (var more, last) = Reap();
            answers += more;
        }
        _backlog.BeginShare(answers);
        while (_backlog.TryTake(out var completion)) TakeUp(completion);
        if (Now < _nextTrim) return;
        Report();
        // A buffer that the kernel has filled and nobody has seen is not there to be taken back.
        if (!_ring.IsDrained) return;
        _nextTrim = Now + TrimEveryMs;
        _receives.Trim();
    }

    /// <summary>Enters the ring, and waits for as many completions as the pace says.</summary>
    private void EnterPaced(int timeoutMs)
    {
        if (_pace.Messages == 1 || timeoutMs == 0)
        {
            _ring.Enter(timeoutMs);
            return;
        }
        var (began, submitted) = (Stopwatch.GetTimestamp(), _ring.Unsubmitted);
        _ring.Enter(timeoutMs, _pace.Messages, UringPace.MicrosecondsMax);
        if (_ring.WaitedFor > 1)
            _pace.Waited((long)Stopwatch.GetElapsedTime(began).TotalNanoseconds, submitted, _ring.Added - _ring.Taken);
    }

    /// <summary>Takes what the kernel has completed, and puts off what accepted streams have received.</summary>
    /// <returns>How much was not put off, and how much there was.</returns>
    private (int Done, int Taken) Reap()
    {
        if (_ring.HasToldAll) _sends.Seal(_ring.Added);
        var (done, taken) = (0, 0);
        for (; taken < _eventsMax && _ring.TryTake(out var completion); taken++)
        {
            if (PutOff(completion)) continue;
            done++;
            Dispatch(completion);
        }
        _ring.Release();
        if (_sends.Settle(_ring.Taken) && _afterSends.Count > 0) OnSettled();
        return (done, taken);
    }

    /// <inheritdoc/>
    protected override void FailPending()
    {
        for (var i = 0; i < _handleCount; i++)
        {
            var handle = _handles[i];
            if (!handle.IsClosed) FailPending(handle);
        }
    }

    /// <inheritdoc/>
    protected override bool IsOwing => _afterSends.Count > 0 || _leavingCount > 0;

    /// <inheritdoc/>
    protected override void Wake() => _wake.Set();

    /// <inheritdoc/>
    protected override void Ended()
    {
        // What was closed in the last turn is closed for the other side too.
        if (_isEnabled) _ring.Enter(0);
        Report();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _ring.CloseUnsubmitted();
        // What the kernel has accepted and nobody has seen belongs to no handle yet.
        while (_ring.TryTake(out var completion))
        {
            if (KindOf(completion) == Kind.Accept && completion.Outcome >= 0) Libc.close(completion.Outcome);
        }
        for (var i = 0; i < _handleCount; i++)
        {
            var handle = _handles[i];
            CloseAccepted(handle);
            // What is still open is cut, and so is what has not sent all.
            if (!handle.IsListener && (!handle.IsClosed || IsSending(handle)))
                LinuxSockets.ResetOnClose(handle.Descriptor);
            if (handle.Descriptor >= 0) Libc.close(handle.Descriptor);
            handle.Descriptor = -1;
            handle.IsClosed = true;
            DropRest(handle);
        }
        _wake.Dispose();
        _ring.Dispose();
        _receives.Dispose();
        _sends.Dispose();
        NativeMemory.Free(_wakeCount);
        base.Dispose(disposing);
    }

    private void Report()
    {
        Counters.RingEnters = _ring.Enters;
        Counters.RingOverflows = _ring.Overflows;
        Counters.RingRefusals = _ring.Refused;
        Counters.RingInterrupts = _ring.Interrupted;
        Counters.RingStarved = Starved;
    }

    private void Enable()
    {
        _ring.Enable();
        _isEnabled = true;
        ArmWake();
    }

    private void ArmWake() => _ring.Add(
        Uring.OpRead, 0, 0, _wake.Descriptor, _wakeCount, sizeof(ulong), 0, (ulong)Kind.Wake);

    private void Dispatch(in Uring.Cqe completion)
    {
        if (completion.Outcome >= 0 || !PutOffFailure(completion)) DispatchNow(completion);
    }

    private void DispatchNow(in Uring.Cqe completion)
    {
        var kind = KindOf(completion);
        if (kind is Kind.Wake or Kind.Ignored)
        {
            if (kind is not Kind.Wake) return;
            _pace.WasWoken();
            ArmWake();
            return;
        }
        var handle = HandleOf(completion);
        switch (kind)
        {
            case Kind.Receive:
                OnReceived(handle, completion.Outcome, completion.Flags);
                break;
            case Kind.Send:
                OnSendFailed(handle, completion.Outcome);
                break;
            case Kind.ReadPoll:
                handle.Work &= ~UringWork.ReadPoll;
                OnReadable(handle, completion.Outcome);
                break;
            case Kind.WritePoll:
                handle.Work &= ~UringWork.WritePoll;
                OnWritable(handle, completion.Outcome);
                break;
            case Kind.Datagrams:
                OnDatagrams(handle, completion.Flags);
                break;
            case Kind.Watch:
                OnWatched(handle, completion.Outcome, completion.Flags);
                break;
            default:
                OnAccepted(handle, completion.Outcome, completion.Flags);
                break;
        }
        if (handle.IsClosed) FreeIfDone(handle);
    }

    private static Kind KindOf(in Uring.Cqe completion) => (Kind)(completion.UserData & 0xf);

    private UringHandle HandleOf(in Uring.Cqe completion)
    {
        var handle = _handles[(int)((uint)completion.UserData >> 4)];
        Debug.Assert(
            handle.Generation == (uint)(completion.UserData >> 32),
            "a handle is used again only when nothing is in hand");
        return handle;
    }

    private protected override UringHandle Open(int fd)
    {
        var handle = _freeSlotCount > 0 ? _handles[_freeSlots[--_freeSlotCount]] : AddHandle();
        handle.Reset(fd);
        return handle;
    }

    private UringHandle AddHandle()
    {
        if (_handleCount == _handles.Length)
        {
            Array.Resize(ref _handles, _handleCount * 2);
            Array.Resize(ref _freeSlots, _handleCount * 2);
        }
        var handle = new UringHandle(_handleCount);
        _handles[_handleCount++] = handle;
        return handle;
    }

    private void FreeIfDone(UringHandle handle)
    {
        if (handle.Work != UringWork.None || handle.Descriptor >= 0 || handle.IsFree) return;
        if (handle.IsAfterSend || IsSending(handle)) return;
        handle.IsFree = true;
        _freeSlots[_freeSlotCount++] = handle.Slot;
    }

    /// <summary>Cancels all that the kernel has in hand but what tells when the rest of a send can go on.</summary>
    private void CancelWork(UringHandle handle)
    {
        if (handle.Work == UringWork.None) return;
        if (handle.Has(UringWork.Receive) && !handle.IsStopping) CancelOne(handle, Kind.Receive);
        if (handle.Has(UringWork.Accept) && !handle.IsStopping) CancelOne(handle, Kind.Accept);
        if (handle.Has(UringWork.ReadPoll)) CancelOne(handle, Kind.ReadPoll);
        if (handle.Has(UringWork.WritePoll) && !handle.HasRest) CancelOne(handle, Kind.WritePoll);
        if (handle.Has(UringWork.Watch)) CancelOne(handle, Kind.Watch);
        if (handle.Has(UringWork.Datagrams)) CancelOne(handle, Kind.Datagrams);
    }

    private void CancelOne(UringHandle handle, Kind kind) => _ring.Add(
        Uring.OpAsyncCancel, Uring.SqeSkipSuccess, 0, -1, (void*)DataOf(handle, kind), 0, 0, (ulong)Kind.Ignored);

    private void StopMultishot(UringHandle handle, Kind kind)
    {
        if (handle.IsStopping || !handle.Has(UringWork.Receive | UringWork.Accept)) return;
        handle.IsStopping = true;
        CancelOne(handle, kind);
    }

    private void CloseDescriptor(UringHandle handle)
    {
        _ring.Add(Uring.OpClose, Uring.SqeSkipSuccess, 0, handle.Descriptor, null, 0, 0, (ulong)Kind.Ignored);
        handle.Descriptor = -1;
    }
}
