using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tailrace.Memory;

namespace Tailrace.Io;

/// <summary>A reusable description of one operation and the place where its result is awaited.</summary>
/// <remarks>
/// Owned by its connection; at most one use is in flight at a time. Plain fields: only the owning loop's thread touches
/// it. A completion that comes before anybody awaits is kept, so an operation can be armed early (an idle upstream
/// connection keeps a receive armed to learn that its origin closed).
/// <para>
/// This class is what receives need. Every idle connection has one armed, so what others need is in classes of their
/// own.
/// </para>
/// </remarks>
public class IoOperation : LoopContinuation
{
    /// <summary>What <see cref="UnseenMax"/> is of a receive whose short messages may be passed on.</summary>
    internal const int PassesOn = -1;

    private LoopContinuation? _continuation;
    private IoHandle? _handle;
    private ByteBuffer? _buffer;
    private IoResult _result;
    private Stage _stage;
    private bool _isAwaited;

    /// <summary>How far a use has come. It passes these in order, and may leave out those between.</summary>
    private enum Stage : byte
    {
        /// <summary>There is none.</summary>
        Idle,

        /// <summary>Its handle has it, until the system has done it, or it fails.</summary>
        Waiting,

        /// <summary>The system has done it; the loop tells of that with others, and until then it may still fail.
        /// </summary>
        Settled,

        /// <summary>It has failed, its handle has let go of it, and the news is on its way.</summary>
        Failing,

        /// <summary>Its result waits to be taken.</summary>
        Completed,
    }

    /// <summary>Whether it is in flight: submitted, and neither completed nor its failure delivered.</summary>
    public bool IsPending => _stage is > Stage.Idle and < Stage.Completed;

    /// <summary>Whether its result is known, be the news of it still on its way.</summary>
    internal bool IsDecided => _stage >= Stage.Settled;

    /// <summary>The descriptor it works on, while that has it.</summary>
    internal IoHandle? Handle => _stage is Stage.Waiting or Stage.Settled ? _handle : null;

    /// <summary>
    /// Receive: where bytes go; it may be had only now that they are there. Send: what goes first.
    /// </summary>
    internal ByteBuffer Buffer
    {
        get => _buffer ?? TakeBuffer();
        set => RepeatedReference.Keep(ref _buffer, value);
    }

    /// <summary>
    /// Receive: how many of the next bytes the system may keep; 0 for an ordinary receive, and
    /// <see cref="PassesOn"/> for one that lets the loop pass a short message on.
    /// </summary>
    internal int UnseenMax { get; set; }

    /// <summary>
    /// Receive: how many bytes the loop has passed on by itself: see <see cref="EventLoop.ReceiveForAsync"/>.
    /// </summary>
    internal int PassedOn
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => UnseenMax < 0 ? PassesOn - UnseenMax : 0;
        set => UnseenMax = PassesOn - value;
    }

    /// <summary>Receive: the bytes that the system has kept, or null. Send: what goes behind the buffer.</summary>
    internal UnseenBytes? Unseen { get; set; }

    /// <summary>Back end: begins a use, which <paramref name="handle"/> has.</summary>
    internal IoTask Begin(IoHandle handle)
    {
        Debug.Assert(!IsArmed, "an operation has one use at a time");
        _stage = Stage.Waiting;
        RepeatedReference.Keep(ref _handle, handle);
        return new IoTask(this);
    }

    /// <summary>Back end: stores the result and resumes whoever awaits it. Its handle has let go of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Complete(IoResult result)
    {
        _result = result;
        CompleteAsIs();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CompleteAsIs()
    {
        Debug.Assert(IsPending);
        _stage = Stage.Completed;
        if (!_isAwaited) return;
        _isAwaited = false;
        _continuation!.Resume();
    }

    /// <summary>Back end: completes it with an error, but from the loop's queue and not inside the caller.</summary>
    internal void Fail(IoError error, EventLoop loop)
    {
        Debug.Assert(Handle is not null, "an operation fails once");
        _handle!.Unlink(this);
        _result = IoResult.Failure(error);
        // Of one that was settled the loop is about to tell.
        if (_stage != Stage.Settled) loop.Queue(this);
        _stage = Stage.Failing;
    }

    /// <summary>
    /// Back end: it has come to <paramref name="result"/>, but is completed a little later, by
    /// <see cref="Deliver"/>. If it fails meanwhile, because its handle is closed, say, that counts.
    /// </summary>
    internal void Settle(IoResult result)
    {
        Debug.Assert(_stage == Stage.Waiting);
        _result = result;
        _stage = Stage.Settled;
    }

    /// <summary>Back end: completes what <see cref="Settle"/> has settled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Deliver()
    {
        if (_stage == Stage.Settled) _handle!.Unlink(this);
        CompleteAsIs();
    }

    /// <summary>Gives back the bytes that the system has kept.</summary>
    /// <returns>How many are lost by that.</returns>
    internal int DropUnseen()
    {
        if (Unseen is not { } unseen) return 0;
        Unseen = null;
        var lost = unseen.Length;
        unseen.Discard();
        return lost;
    }

    internal override void Resume() => Complete(_result);

    /// <summary>Keeps a result that came at once for whoever awaits the operation later.</summary>
    internal void Hold(IoResult result)
    {
        Debug.Assert(!IsArmed);
        _result = result;
        _stage = Stage.Completed;
    }

    /// <summary>Awaits the use that is in flight or completed and not yet taken.</summary>
    internal IoTask Task => new(this);

    /// <summary>Whether a use is in flight, or completed and not yet taken.</summary>
    internal bool IsArmed => _stage != Stage.Idle;

    /// <summary>Whether a result waits to be taken.</summary>
    internal bool IsCompleted => _stage == Stage.Completed;

    /// <summary>Runs <paramref name="watcher"/> on completion; null withdraws it.</summary>
    internal void Watch(LoopContinuation? watcher)
    {
        _isAwaited = watcher is not null;
        RepeatedReference.Keep(ref _continuation, watcher);
    }

    /// <summary>Takes the result of a receive that brought bytes; any other is left where it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryTakeBytes()
    {
        if (!IsCompleted || _result.Bytes <= 0) return false;
        _stage = Stage.Idle;
        return true;
    }

    /// <summary>Lets go of whatever a use that is over referred to.</summary>
    internal virtual void Forget()
    {
        Debug.Assert(!IsPending);
        _stage = Stage.Idle;
        _isAwaited = false;
        ForgetWait();
    }

    /// <summary>Lets go of what a wait that is over referred to: who awaited, and the descriptor.</summary>
    internal void ForgetWait()
    {
        _continuation = null;
        _handle = null;
    }

    /// <summary>Gives the buffer back to whom it came from: <see cref="TakeBuffer"/> is to get another.</summary>
    internal void DropBuffer() => _buffer = null;

    /// <summary>A receive whose buffer was given back while it waited: gets one.</summary>
    private protected virtual ByteBuffer TakeBuffer() =>
        throw new InvalidOperationException("the operation has no buffer");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal IoResult TakeResult()
    {
        Debug.Assert(IsCompleted);
        _stage = Stage.Idle;
        return _result;
    }
}
