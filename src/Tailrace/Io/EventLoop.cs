using System.Diagnostics;
using System.Net;
using Tailrace.Telemetry;

namespace Tailrace.Io;

/// <summary>A completion loop: operations are submitted, and their completions run on the loop's thread.</summary>
/// <remarks>
/// <para>
/// One thread runs it; every member but <see cref="Post(LoopContinuation)"/> and <see cref="Stop"/> belongs to that
/// thread. An operation that can be done at once returns its result synchronously; otherwise the loop holds it until it
/// completes, fails, or is cancelled. Nothing above this class hears of readiness.
/// </para>
/// <para>A turn: wait and complete what is ready, fire timers, empty the mailbox, run what was queued meanwhile.</para>
/// <para>An abstract class and not a type parameter: one virtual call is nothing beside a system call.</para>
/// </remarks>
public abstract partial class EventLoop : IDisposable
{
    /// <summary>More than any connection takes to end.</summary>
    private const int RunOutTurns = 64;

    [ThreadStatic]
    private static EventLoop? t_current;

    private readonly Mailbox _mailbox = new();
    private readonly Queue<LoopContinuation> _ready = new(256);
    private volatile bool _stopping;
    private volatile bool _isDown;
    private long _unixOffset;
    private long _nextUnixSync;

    /// <summary>Creates the loop's clock, timers and mailbox.</summary>
    protected EventLoop()
    {
        Now = Clock();
        Timers = new TimerWheel(Now);
    }

    /// <summary>The loop that runs on this thread, if one does.</summary>
    public static EventLoop? Current => t_current;

    /// <summary>The name of the back end: epoll, portable.</summary>
    public abstract string Name { get; }

    /// <summary>Monotonic milliseconds, read once per turn.</summary>
    public long Now { get; private set; }

    /// <summary>The same clock, or one that runs alike, in microseconds and as of now.</summary>
    internal virtual long Microseconds => (long)Stopwatch.GetElapsedTime(0).TotalMicroseconds;

    /// <summary>The time of day in milliseconds since 1970, as of this turn.</summary>
    public long UnixMilliseconds => Now + _unixOffset;

    /// <summary>The deadlines of this loop.</summary>
    public TimerWheel Timers { get; }

    /// <summary>Called with an exception that no method caught: a bug. The loop goes on.</summary>
    public Action<Exception>? Unhandled { get; set; }

    /// <summary>Where the back end counts what it meets: its reactor's.</summary>
    internal Counters Counters { get; set; } = new();

    /// <summary>The descriptors that are not for connections, and how one is kept for a client.</summary>
    internal DescriptorReserve Reserve { get; private protected init; } = new(long.MaxValue);

    /// <summary>Turns so far.</summary>
    public long Turns { get; private set; }

    /// <summary>
    /// What the system may hold of each direction of a TCP connection, in bytes (SO_RCVBUF, SO_SNDBUF); 0: as it sees
    /// fit.
    /// </summary>
    public int SocketBuffer { get; init; }

    /// <summary>Opens a listening socket.</summary>
    /// <exception cref="IoException">The address cannot be listened on.</exception>
    public abstract IoHandle Listen(EndPoint address, ListenSettings settings);

    /// <summary>The own address of a listener, with its port where 0 was asked for, or of a stream.</summary>
    public abstract EndPoint LocalAddress(IoHandle handle);

    /// <summary>Accepts one connection; the handle is in <see cref="AcceptOperation.Opened"/>.</summary>
    public abstract IoTask AcceptAsync(IoHandle listener, AcceptOperation operation);

    /// <summary>
    /// Says that no accept is asked for until further notice: clients are to wait in the system's queue. Those that a
    /// back end has accepted ahead by then come first when one is asked for again.
    /// </summary>
    internal virtual void PauseAccepting(IoHandle listener)
    {
    }

    /// <summary>
    /// Undoes <see cref="ListenSettings.Deferred"/>: a connection comes as it is made, and one that is held back with
    /// its first bytes or a second after its beginning.
    /// </summary>
    internal virtual void StopDeferring(IoHandle listener)
    {
    }

    /// <summary>
    /// Says that a listener is about to be closed. Connections that are being made come to be accepted; who begins to
    /// connect is not answered, tries again in a second, and finds who listens by then. A hint: back ends that cannot,
    /// do not.
    /// </summary>
    internal virtual void Retire(IoHandle listener)
    {
    }

    /// <summary>Whether connections wait to be accepted. Asks the system.</summary>
    internal virtual bool HasWaiting(IoHandle listener) => false;

    /// <summary>Connects a stream.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="operation">Pending until the stream can be used.</param>
    /// <param name="opened">The stream, also while it is pending or when it fails; null if there never was one.</param>
    public abstract IoTask ConnectAsync(SocketAddress address, SendOperation operation, out IoHandle? opened);

    /// <summary>
    /// Receives into <see cref="IoOperation.Buffer"/>, which takes a block only when bytes are there. Completes with
    /// the count, 0 at the end of the stream, or an error. A reset that a send has heard is an error here too, and no
    /// end.
    /// </summary>
    public abstract IoTask ReceiveAsync(IoHandle handle, IoOperation operation);

    /// <summary>
    /// Sends all of <see cref="IoOperation.Buffer"/> and then <see cref="SendOperation.BodyLength"/> bytes of
    /// <see cref="SendOperation.Body"/>, consuming what went. Completes with the count when the system, or the loop on
    /// its way there, has taken all, or an error.
    /// </summary>
    /// <remarks>
    /// Taken is not sent, let alone received: that has never been known of a socket. What fails later fails the next
    /// operation.
    /// </remarks>
    public abstract IoTask SendAsync(IoHandle handle, SendOperation operation);

    /// <summary>
    /// Room for a short message, where it lies until it is sent: it need not be written elsewhere first, and copied.
    /// </summary>
    /// <param name="handle">The stream, on which no send is under way.</param>
    /// <param name="room">How many bytes the message has at most.</param>
    /// <returns>
    /// That many, until the next call of the loop, which is <see cref="EndShort"/>; or none, and
    /// <see cref="SendAsync"/> has to be used.
    /// </returns>
    internal virtual Span<byte> BeginShort(IoHandle handle, int room) => default;

    /// <summary>Takes what was written there for sent, as <see cref="SendAsync"/> takes it.</summary>
    /// <param name="handle">The same stream.</param>
    /// <param name="length">How many bytes; at least 1.</param>
    internal virtual void EndShort(IoHandle handle, int length) => throw new NotSupportedException();

    /// <summary>
    /// From how many bytes on it pays to receive them unseen; <see cref="int.MaxValue"/> where it never does.
    /// </summary>
    internal virtual int UnseenFrom => int.MaxValue;

    /// <summary>What a receive brings at least while bytes come in bulk.</summary>
    internal virtual int UnseenPiece => int.MaxValue;

    /// <summary>How many <see cref="UnseenBytes"/> are out.</summary>
    internal virtual int UnseenHeld => 0;

    /// <summary>
    /// Receives at most <see cref="IoOperation.UnseenMax"/> bytes into <see cref="IoOperation.Unseen"/>, or, where the
    /// system does not keep them, as any other receive.
    /// </summary>
    internal virtual IoTask ReceiveUnseenAsync(IoHandle handle, IoOperation operation) =>
        ReceiveAsync(handle, operation);

    /// <summary>
    /// Receives as <see cref="ReceiveAsync"/> does; but what comes, if it is short, the loop may send on by itself:
    /// nobody has to look at it, and it is copied once. <see cref="IoOperation.PassedOn"/> tells.
    /// </summary>
    /// <param name="handle">The stream.</param>
    /// <param name="operation">
    /// Its <see cref="IoOperation.UnseenMax"/> is <see cref="IoOperation.PassesOn"/>.
    /// </param>
    /// <param name="recipient">Where it goes. While this is pending nobody sends there.</param>
    internal virtual IoTask ReceiveForAsync(IoHandle handle, IoOperation operation, IoHandle recipient) =>
        ReceiveAsync(handle, operation);

    /// <summary>
    /// Sends all of <see cref="IoOperation.Buffer"/> and then all of <see cref="IoOperation.Unseen"/>.
    /// </summary>
    internal virtual IoTask SendUnseenAsync(IoHandle handle, SendOperation operation) =>
        throw new NotSupportedException();

    /// <summary>Ends the sending direction; the other side reads the end of the stream.</summary>
    public abstract void ShutdownSend(IoHandle handle);

    /// <summary>
    /// Bytes that were taken for sent and have not come to the other side yet: a reset would throw them away. Asks the
    /// system, and is <see cref="int.MaxValue"/> where that cannot tell.
    /// </summary>
    internal abstract int OwedTo(IoHandle handle);

    /// <summary>Closes a descriptor. Operations in flight on it complete as aborted.</summary>
    /// <param name="handle">The descriptor; not to be used again.</param>
    /// <param name="reset">Whether the other side is told by a reset instead of an orderly end.</param>
    public abstract void Close(IoHandle handle, bool reset = false);

    /// <summary>
    /// Whether the loop would hear of a reset of this stream now. Back ends may begin to listen only at a wait, and
    /// hear of a reset once.
    /// </summary>
    public virtual bool IsWatched(IoHandle handle) => true;

    /// <summary>Begins to listen for a reset of this stream; one that has been heard before is told at once.</summary>
    public virtual void Watch(IoHandle handle)
    {
    }

    /// <summary>Fails a pending operation; does nothing to one that is not pending or is failing already.</summary>
    public void Cancel(IoOperation operation, IoError error)
    {
        if (operation.Handle is not null) operation.Fail(error, this);
    }

    /// <summary>Whether listeners on several loops may share one address.</summary>
    public abstract bool CanShareListeners { get; }

    /// <summary>Takes a stream that was just accepted out of this loop, for another one to serve.</summary>
    internal virtual DetachedStream Detach(IoHandle accepted) => throw new NotSupportedException();

    /// <summary>Takes over a stream that another loop of the same kind has accepted.</summary>
    internal virtual IoHandle Attach(in DetachedStream stream) => throw new NotSupportedException();

    /// <summary>Queues something to run on this loop. Any thread.</summary>
    public void Post(LoopContinuation continuation)
    {
        if (_mailbox.Add(continuation)) Wake();
    }

    /// <summary>Queues a call on this loop. Any thread; allocates.</summary>
    public void Post(Action action) => Post(new ActionContinuation(action));

    /// <summary>Lets everything else that is ready run first.</summary>
    public LoopYield YieldAsync() => new(this);

    /// <summary>
    /// Makes sure that the loop can run on the calling thread, which becomes its own. <see cref="Run"/> need not be
    /// preceded by it.
    /// </summary>
    /// <exception cref="IoException">The system does not let it.</exception>
    internal virtual void Prepare()
    {
    }

    /// <summary>Runs turns on the calling thread until <see cref="Stop"/>.</summary>
    public void Run()
    {
        Enter();
        try
        {
            while (!_stopping || IsOwing) Turn(-1);
            // What was posted before the stop is run as well.
            Turn(0);
            Ended();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Makes <see cref="Run"/> return after its turn. Any thread.</summary>
    public void Stop()
    {
        _stopping = true;
        Wake();
    }

    /// <summary>Whether the system has let it down: nothing that it is given will ever be taken. Any thread.</summary>
    internal bool IsDown => _isDown;

    /// <summary>
    /// Runs something and all that comes of it without the system, which has let the loop down. On the loop's thread.
    /// </summary>
    internal void RunOut(Action end)
    {
        Enter();
        try
        {
            Queue(new ActionContinuation(end));
            FailPending();
            for (var turns = 0; turns < RunOutTurns; turns++)
            {
                if (_ready.Count == 0) AbandonTimers();
                if (_ready.Count == 0) break;
                for (var count = _ready.Count; count > 0; count--) Guard(_ready.Dequeue());
                FailPending();
                _mailbox.DrainTo(this);
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Ends what waits for a time, which does not come any more.</summary>
    private void AbandonTimers()
    {
        foreach (var entry in Timers.Waiting()) Queue(new Abandonment(Timers, entry));
    }

    /// <summary>Back end: fails what waits for the system; what is open can only be reset.</summary>
    protected virtual void FailPending()
    {
    }

    /// <summary>Ends what the system has let down, on the loop's thread.</summary>
    internal void Fail()
    {
        _isDown = true;
        Dispose();
    }

    /// <summary>Makes the calling thread the loop's own.</summary>
    internal void Enter()
    {
        Debug.Assert(t_current is null, "one loop per thread");
        t_current = this;
    }

    /// <summary>Undoes <see cref="Enter"/>.</summary>
    internal void Leave() => t_current = null;

    /// <summary>Runs one turn, waiting at most <paramref name="timeoutMs"/> (-1: until something happens).</summary>
    internal void Turn(int timeoutMs)
    {
        Turns++;
        var timeout = _ready.Count > 0 || !_mailbox.IsEmpty ? 0 : Timers.NextTimeout(Now);
        if (timeout < 0 || (timeoutMs >= 0 && timeoutMs < timeout)) timeout = timeoutMs;
        Wait(timeout);
        Timers.Advance(Now);
        if (!_mailbox.IsEmpty) _mailbox.DrainTo(this);
        for (var count = _ready.Count; count > 0; count--) Guard(_ready.Dequeue());
    }

    /// <summary>Queues a continuation for this turn's end. The loop's thread.</summary>
    internal void Queue(LoopContinuation continuation) => _ready.Enqueue(continuation);

    internal void OnUnhandled(Exception exception) => Unhandled?.Invoke(exception);

    /// <summary>Back end: whether bytes that it took are still on their way out, for a bounded time.</summary>
    protected virtual bool IsOwing => false;

    /// <summary>Back end: whether <see cref="Run"/> is to return as soon as nothing is owing.</summary>
    protected bool IsStopping => _stopping;

    /// <summary>Back end: waits, calls <see cref="UpdateClock"/> as it wakes, and completes what is ready.</summary>
    protected abstract void Wait(int timeoutMs);

    /// <summary>Back end: ends a wait early. Any thread.</summary>
    protected abstract void Wake();

    /// <summary>Back end: <see cref="Run"/> is about to return; the system gets what was begun.</summary>
    protected virtual void Ended()
    {
    }

    /// <summary>Back end: monotonic milliseconds.</summary>
    protected virtual long Clock() => Environment.TickCount64;

    /// <summary>Back end: the time of day in milliseconds since 1970.</summary>
    protected virtual long UnixClock() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>Back end: reads the clock for this turn.</summary>
    protected void UpdateClock()
    {
        Now = Clock();
        if (Now < _nextUnixSync) return;
        // The system's time of day may be set; follow it about once a second.
        _unixOffset = UnixClock() - Now;
        _nextUnixSync = Now + 1000;
    }

    private void Guard(LoopContinuation continuation)
    {
        try
        {
            continuation.Resume();
        }
        catch (Exception exception)
        {
            OnUnhandled(exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        _datagrams?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Back end: frees what the loop holds.</summary>
    protected abstract void Dispose(bool disposing);

    private sealed class Abandonment(TimerWheel timers, TimerEntry entry) : LoopContinuation
    {
        internal override void Resume()
        {
            // One that came before may have withdrawn it.
            if (entry.Deadline == long.MaxValue) return;
            timers.Remove(entry);
            entry.OnAbandoned();
        }
    }
}
