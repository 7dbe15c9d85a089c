using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>One io_uring: its two queues, mapped; knows nothing of sockets.</summary>
/// <remarks>
/// <para>Made disabled on any thread; <see cref="Enable"/> makes the calling thread the only one that may submit
/// (IORING_SETUP_SINGLE_ISSUER). With IORING_SETUP_DEFER_TASKRUN the kernel touches queues and memory only while that
/// thread is inside <see cref="Enter"/>, so no barrier is needed between turns.</para>
/// <para>Submissions never fail: what finds the queue full is entered at once, and what the kernel does not take then
/// waits in a backlog, in order, for the next turn.</para>
/// </remarks>
internal sealed unsafe class UringRing : IDisposable
{
    private const uint Wanted = Uring.SetupSingleIssuer | Uring.SetupDeferTaskRun | Uring.SetupCqSize
        | Uring.SetupClamp | Uring.SetupSubmitAll | Uring.SetupDisabled;

    private const uint FeaturesNeeded =
        Uring.FeatureSingleMap | Uring.FeatureNoDrop | Uring.FeatureExtArg | Uring.FeatureSkip;

    private readonly int _fd;
    private readonly byte* _rings;
    private readonly nuint _ringBytes;
    private readonly nuint _sqeBytes;
    private readonly Uring.Sqe* _sqes;
    private readonly uint* _sqHead;
    private readonly uint* _sqTail;
    private readonly uint* _sqFlags;
    private readonly uint _sqMask;
    private readonly uint _sqEntries;
    private readonly uint* _cqHead;
    private readonly uint* _cqTail;
    private readonly uint _cqMask;
    private readonly Uring.Cqe* _cqes;
    private readonly Uring.GetEventsArgument* _argument;
    private int _enterFd;
    private uint _enterFlags = Uring.EnterExtArg;
    private uint _tail;
    private uint _taken;
    private uint _head;
    private Uring.Sqe* _backlog;
    private int _backlogCount;
    private int _backlogSize;
    private int _owner;
    private bool _wasRefused;
    private IoException? _failure;
    private readonly bool _canWaitForSeveral;

    /// <summary>Sets up a ring that is disabled at first.</summary>
    /// <exception cref="IoException">The kernel refuses; the message names the call and the reason.</exception>
    internal UringRing(UringSettings settings)
    {
        Uring.Params parameters;
        _fd = Setup(settings, &parameters);
        (Features, SetupFlags) = (parameters.Features, parameters.Flags);
        if ((Features & FeaturesNeeded) != FeaturesNeeded)
        {
            Libc.close(_fd);
            throw new IoException(IoError.NotPermitted, "io_uring: needs Linux 6.1 or later");
        }
        _enterFd = _fd;
        _ringBytes = Math.Max(
            parameters.Sq.Seventh + parameters.SqEntries * sizeof(uint),
            parameters.Cq.Sixth + parameters.CqEntries * (uint)sizeof(Uring.Cqe));
        _sqeBytes = parameters.SqEntries * (nuint)sizeof(Uring.Sqe);
        _rings = Pages.Map(_fd, _ringBytes, Uring.OffsetRings);
        _sqes = (Uring.Sqe*)Pages.Map(_fd, _sqeBytes, Uring.OffsetSqes);
        if (_rings == null || _sqes == null)
        {
            var failure = Refusal("mmap of the rings", Libc.Errno);
            Dispose();
            throw failure;
        }
        _sqHead = (uint*)(_rings + parameters.Sq.Head);
        _sqTail = (uint*)(_rings + parameters.Sq.Tail);
        _sqFlags = (uint*)(_rings + parameters.Sq.Fifth);
        _sqEntries = parameters.SqEntries;
        _sqMask = parameters.SqEntries - 1;
        _cqHead = (uint*)(_rings + parameters.Cq.Head);
        _cqTail = (uint*)(_rings + parameters.Cq.Tail);
        _cqMask = parameters.CqEntries - 1;
        _cqes = (Uring.Cqe*)(_rings + parameters.Cq.Sixth);
        if ((SetupFlags & Uring.SetupNoSqArray) == 0)
        {
            var array = (uint*)(_rings + parameters.Sq.Seventh);
            for (uint i = 0; i < _sqEntries; i++) array[i] = i;
        }
        _canWaitForSeveral = (Features & Uring.FeatureMinTimeout) != 0;
        if ((Features & Uring.FeatureNoIoWait) != 0) _enterFlags |= Uring.EnterNoIoWait;
        // The argument and its time lie behind one another.
        _argument = (Uring.GetEventsArgument*)NativeMemory.AllocZeroed(
            (nuint)(sizeof(Uring.GetEventsArgument) + sizeof(Uring.Timespec)));
    }

    /// <summary>What the kernel can (IORING_FEAT_*).</summary>
    internal uint Features { get; }

    /// <summary>What it was set up with (IORING_SETUP_*).</summary>
    internal uint SetupFlags { get; }

    /// <summary>Calls of io_uring_enter.</summary>
    internal long Enters { get; private set; }

    /// <summary>Turns in which the kernel had completions that did not fit the queue.</summary>
    internal long Overflows { get; private set; }

    /// <summary>Calls that failed for the moment: ENOMEM, EAGAIN, EBUSY.</summary>
    internal long Refused { get; private set; }

    /// <summary>Calls that a signal ended.</summary>
    internal long Interrupted { get; private set; }

    /// <summary>Times that the submission queue was full within a turn.</summary>
    internal long Full { get; private set; }

    /// <summary>Registers something for the ring.</summary>
    /// <returns>0, or the errno.</returns>
    internal int Register(uint what, void* argument, uint count) =>
        Uring.Register(_fd, what, argument, count) < 0 ? Libc.Errno : 0;

    /// <summary>Makes the calling thread the one that submits.</summary>
    /// <exception cref="IoException">The kernel refuses.</exception>
    internal void Enable()
    {
        if (Register(Uring.RegisterEnableRings, null, 0) is var errno and not 0)
            throw Refusal("io_uring_register(ENABLE_RINGS)", errno);
        _owner = Environment.CurrentManagedThreadId;
        // By its registered number the kernel finds the ring without touching the table of descriptors.
        var update = new Uring.ResourceUpdate { Offset = uint.MaxValue, Data = (ulong)_fd };
        if (Uring.Register(_fd, Uring.RegisterRingFds, &update, 1) != 1) return;
        _enterFd = (int)update.Offset;
        _enterFlags |= Uring.EnterRegisteredRing;
    }

    /// <summary>Adds a submission; it goes to the kernel with the next <see cref="Enter"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Uring.Sqe* Add(
        byte opcode, byte flags, ushort priority, int fd, void* address, uint length, uint opFlags, ulong userData)
    {
        var sqe = _tail - _taken < _sqEntries && _backlogCount == 0 ? _sqes + (_tail++ & _sqMask) : AddSlowly();
        sqe->Opcode = opcode;
        sqe->Flags = flags;
        sqe->Priority = priority;
        sqe->Descriptor = fd;
        sqe->Offset = 0;
        sqe->Address = (ulong)address;
        sqe->Length = length;
        sqe->OpFlags = opFlags;
        sqe->UserData = userData;
        *(ulong*)&sqe->BufferGroup = 0;
        sqe->Address3 = 0;
        sqe->Reserved = 0;
        return sqe;
    }

    /// <summary>The position of what is added next.</summary>
    internal uint Position => _tail + (uint)_backlogCount;

    /// <summary>What was added and the kernel has not got yet.</summary>
    internal uint Unsubmitted => Position - _taken;

    /// <summary>Whether the kernel has not got the operation at a position yet, that of <see cref="Add"/>.</summary>
    internal bool Holds(uint position) => position - _taken < Unsubmitted;

    /// <summary>
    /// Sets or clears flags of the operation at <paramref name="position"/>, if it is still the one that
    /// <paramref name="userData"/> says and the kernel has not got it yet.
    /// </summary>
    internal void Amend(uint position, ulong userData, uint opFlags, bool isSet)
    {
        if (position - _taken >= _tail - _taken) return;
        var sqe = _sqes + (position & _sqMask);
        if (sqe->UserData != userData) return;
        if (isSet) sqe->OpFlags |= opFlags;
        else sqe->OpFlags &= ~opFlags;
    }

    /// <summary>Whether the kernel has refused for good: it takes nothing and tells nothing any more.</summary>
    internal bool IsBroken => _failure is not null;

    /// <summary>Submits what was added, and waits for completions.</summary>
    /// <param name="timeoutMs">The longest wait; 0 not to wait, -1 for no limit.</param>
    /// <param name="count">How many are waited for.</param>
    /// <param name="countMicroseconds">
    /// For how long, be the longest wait shorter or not; then one will do. Where the kernel cannot, one will do.
    /// </param>
    /// <exception cref="IoException">The kernel refuses for good.</exception>
    internal void Enter(int timeoutMs, uint count = 1, uint countMicroseconds = 0)
    {
        var isRetry = _wasRefused;
        if (isRetry) Pause();
        if (_backlogCount > 0) MoveBacklog();
        // What is there already is not waited for; it may have come by a call within the last turn.
        var wait = timeoutMs != 0 && !HasCompletions && _backlogCount == 0 && !isRetry;
        _argument->Timeout = 0;
        WaitedFor = !wait ? 0 : _canWaitForSeveral ? count : 1;
        _argument->MinWaitMicroseconds = WaitedFor > 1 ? countMicroseconds : 0;
        if (wait && timeoutMs > 0)
        {
            var time = (Uring.Timespec*)(_argument + 1);
            time->Seconds = timeoutMs / 1000;
            time->Nanoseconds = timeoutMs % 1000 * 1_000_000L;
            _argument->Timeout = (ulong)time;
        }
        Call(WaitedFor, Uring.EnterGetEvents);
        // A full queue may have met it before, where nothing is to fail.
        if (_failure is not null) throw _failure;
        var overflows = (Volatile.Read(ref *_sqFlags) & Uring.SqOverflow) != 0;
        if (overflows) Overflows++;
        HasToldAll = !overflows && _taken == _tail && _backlogCount == 0;
    }

    /// <summary>
    /// Whether the last <see cref="Enter"/> has submitted everything, and all that completed by that is in the queue.
    /// </summary>
    internal bool HasToldAll { get; private set; }

    /// <summary>How many completions the last <see cref="Enter"/> has waited for; 0 when it has not waited.</summary>
    internal uint WaitedFor { get; private set; }

    /// <summary>Completions that the kernel has added so far, modulo 2^32.</summary>
    internal uint Added => Volatile.Read(ref *_cqTail);

    /// <summary>Completions that were taken so far, modulo 2^32.</summary>
    internal uint Taken => _head;

    /// <summary>Whether completions wait to be taken.</summary>
    internal bool HasCompletions => Volatile.Read(ref *_cqTail) != _head;

    /// <summary>Whether all that the kernel has completed was taken.</summary>
    internal bool IsDrained => !HasCompletions && (Volatile.Read(ref *_sqFlags) & Uring.SqOverflow) == 0;

    /// <summary>Takes the next completion.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryTake(out Uring.Cqe completion)
    {
        if (_head == Volatile.Read(ref *_cqTail))
        {
            completion = default;
            return false;
        }
        completion = _cqes[_head++ & _cqMask];
        return true;
    }

    /// <summary>Lets the kernel use the places of the completions that were taken.</summary>
    internal void Release() => Volatile.Write(ref *_cqHead, _head);

    /// <summary>Closes what submissions that the kernel never saw would have closed.</summary>
    internal void CloseUnsubmitted()
    {
        for (var i = _taken; i != _tail; i++) CloseNow(_sqes + (i & _sqMask));
        for (var i = 0; i < _backlogCount; i++) CloseNow(_backlog + i);
        _tail = _taken;
        _backlogCount = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if ((_enterFlags & Uring.EnterRegisteredRing) != 0 && _owner == Environment.CurrentManagedThreadId)
        {
            // A thread that ends gives its registrations back by itself.
            var update = new Uring.ResourceUpdate { Offset = (uint)_enterFd };
            Uring.Register(_fd, Uring.UnregisterRingFds, &update, 1);
        }
        Pages.Unmap((byte*)_sqes, _sqeBytes);
        Pages.Unmap(_rings, _ringBytes);
        Libc.close(_fd);
        NativeMemory.Free(_argument);
        NativeMemory.Free(_backlog);
    }

    /// <summary>What the kernel said no to, and the likely cause.</summary>
    internal static IoException Refusal(string call, int errno) => new(
        LinuxSockets.ErrorOf(errno),
        $"{call}: " + errno switch
        {
            Errno.Permission => "EPERM, seccomp or kernel.io_uring_disabled?",
            Errno.AccessDenied => "EACCES, a security module?",
            Errno.NoSystemCall => "ENOSYS, the kernel has no io_uring",
            Errno.NoMemory => "ENOMEM, raise 'ulimit -l' (RLIMIT_MEMLOCK)?",
            Errno.Invalid => "EINVAL, needs Linux 6.1 or later",
            Errno.BadRequest => "EBADR, the kernel had no memory for a completion",
            Errno.TooMany => "EMFILE",
            Errno.TooManyInSystem => "ENFILE",
            _ => $"errno {errno}",
        });

    private static int Setup(UringSettings settings, Uring.Params* parameters)
    {
        // Without the array of indexes a submission is one store and one cache line less; Linux 6.6 and later.
        for (var optional = settings.Optional; ; optional = 0)
        {
            *parameters = new Uring.Params { Flags = Wanted | optional, CqEntries = settings.Completions };
            var fd = Uring.Setup(settings.Submissions, parameters);
            if (fd >= 0) return fd;
            var errno = Libc.Errno;
            if (errno != Errno.Invalid || optional == 0) throw Refusal("io_uring_setup", errno);
        }
    }

    private void Call(uint complete, uint flags)
    {
        Volatile.Write(ref *_sqTail, _tail);
        Release();
        Enters++;
        var submit = _tail - _taken;
        // What was too much at once may do one by one.
        if (_wasRefused && submit > 1) submit = 1;
        var result = Uring.Enter(
            _enterFd, submit, complete, flags | _enterFlags, _argument, sizeof(Uring.GetEventsArgument));
        var errno = result < 0 ? Libc.Errno : 0;
        // Not what the call returned, which a failed wait hides.
        _taken = Volatile.Read(ref *_sqHead);
        _wasRefused = false;
        if (errno != 0) Judge(errno);
    }

    /// <summary>What was refused for want of memory is not asked for again at once: that would be spinning.</summary>
    private void Pause()
    {
        var time = (Uring.Timespec*)(_argument + 1);
        *time = new Uring.Timespec { Nanoseconds = 1_000_000 };
        _argument->Timeout = (ulong)time;
        _argument->MinWaitMicroseconds = 0;
        Uring.Enter(
            _enterFd, 0, 1, Uring.EnterGetEvents | _enterFlags, _argument, sizeof(Uring.GetEventsArgument));
    }

    private void Judge(int errno)
    {
        switch (errno)
        {
            case Errno.TimerExpired:
                break;
            case Errno.Interrupted:
                Interrupted++;
                break;
            case Errno.Again or Errno.Busy or Errno.NoMemory:
                Refused++;
                _wasRefused = true;
                break;
            default:
                _failure ??= Refusal("io_uring_enter", errno);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Uring.Sqe* AddSlowly()
    {
        if (_backlogCount == 0 && _owner != 0 && !IsBroken)
        {
            Full++;
            _argument->Timeout = 0;
            _argument->MinWaitMicroseconds = 0;
            Call(0, 0);
            if (_tail - _taken < _sqEntries) return _sqes + (_tail++ & _sqMask);
        }
        if (_backlogCount == _backlogSize)
        {
            _backlogSize = Math.Max(256, _backlogSize * 2);
            _backlog = (Uring.Sqe*)NativeMemory.Realloc(_backlog, (nuint)(_backlogSize * sizeof(Uring.Sqe)));
        }
        return _backlog + _backlogCount++;
    }

    private void MoveBacklog()
    {
        var count = Math.Min(_backlogCount, (int)(_sqEntries - (_tail - _taken)));
        for (var i = 0; i < count; i++) _sqes[_tail++ & _sqMask] = _backlog[i];
        _backlogCount -= count;
        Buffer.MemoryCopy(
            _backlog + count, _backlog, _backlogSize * sizeof(Uring.Sqe), _backlogCount * sizeof(Uring.Sqe));
    }

    private static void CloseNow(Uring.Sqe* sqe)
    {
        if (sqe->Opcode == Uring.OpClose) Libc.close(sqe->Descriptor);
    }
}
