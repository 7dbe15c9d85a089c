using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Tailrace.Io;

/// <summary>One open descriptor as its loop knows it: a listener or a stream.</summary>
/// <remarks>
/// Made and closed by its loop, used on the loop's thread only. At most one receiving and one sending operation are in
/// flight on it.
/// </remarks>
public abstract class IoHandle
{
    private IoOperation? _receiving;
    private SendOperation? _sending;

    /// <summary>The dependent of late, or the recipient.</summary>
    private IoHandle? _other;

    private bool _isReceiving;
    private bool _isSending;

    /// <summary>The <see cref="Mark"/> that the dependent had when it became one; 0: there is none.</summary>
    private ushort _dependentMark;

    /// <summary>Back end: tells this use from earlier ones, where handles are used again.</summary>
    internal uint Generation { get; set; }

    /// <summary>As much of that as there is room for in each handle; never 0.</summary>
    private ushort Mark => (ushort)(Generation << 1 | 1);

    /// <summary>The receive, or accept, that waits.</summary>
    internal IoOperation? Receiving
    {
        get => _isReceiving ? _receiving : null;
        set
        {
            _isReceiving = value is not null;
            RepeatedReference.Keep(ref _receiving, value);
        }
    }

    /// <summary>The send, or connect, that waits.</summary>
    internal SendOperation? Sending
    {
        get => _isSending ? _sending : null;
        set
        {
            _isSending = value is not null;
            RepeatedReference.Keep(ref _sending, value);
        }
    }

    /// <summary>Back end: an operation waits no more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Unlink(IoOperation operation)
    {
        if (_receiving == operation) _isReceiving = false;
        else if (_sending == operation) _isSending = false;
    }

    /// <summary>The other side's address.</summary>
    public NetAddress Remote { get; internal set; }

    /// <summary>
    /// The handle whose operations are pointless once this one is reset: an answer that nobody waits for any more.
    /// When this stream is reset or closed, the loop fails them as aborted. Null once that handle is another stream's.
    /// </summary>
    internal IoHandle? Dependent
    {
        get => _other is { } other && other.Mark == _dependentMark ? other : null;
        set
        {
            _dependentMark = value is null ? (ushort)0 : value.Mark;
            RepeatedReference.Keep(ref _other, value);
        }
    }

    /// <summary>
    /// Back end: to whom a short message that it receives may be passed on; null when that one has been closed. It lies
    /// where a <see cref="Dependent"/> would, of which there is none then.
    /// </summary>
    internal IoHandle? Recipient => _other;

    /// <summary>Back end: these two may pass messages on to each other, until one of them is closed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Pair(IoHandle other)
    {
        Debug.Assert((_dependentMark | other._dependentMark) == 0, "a stream has a dependent or a recipient");
        if (_other != other) _other = other;
        if (other._other != this) other._other = this;
    }

    /// <summary>It may soon be another stream's.</summary>
    private void Part()
    {
        if (_other is { } other && other._other == this) other._other = null;
        _other = null;
        _dependentMark = 0;
    }

    /// <summary>What is run once this one is reset or closed, while its owner waits for something else.</summary>
    internal LoopContinuation? LossWatcher { get; set; }

    /// <summary>Back end: it is known to be reset. The end of both directions, in order, is no reset.</summary>
    internal bool IsBroken { get; set; }

    /// <summary>Whether anybody has to hear of a reset.</summary>
    internal bool IsHeeded => Dependent is not null || LossWatcher is not null;

    /// <summary>Back end: fails what is in flight on the dependent handle, and tells who wants to know.</summary>
    internal void FailDependent(EventLoop loop)
    {
        if (LossWatcher is { } watcher)
        {
            LossWatcher = null;
            loop.Queue(watcher);
        }
        Dependent?.FailPending(IoError.Aborted, loop);
    }

    /// <summary>Back end: fails what is in flight on it.</summary>
    internal void FailPending(IoError error, EventLoop loop)
    {
        Receiving?.Fail(error, loop);
        Sending?.Fail(error, loop);
    }

    /// <summary>Back end: it is being closed, so nothing comes of what is in flight on it, or depends on it.</summary>
    internal void Abandon(EventLoop loop)
    {
        FailPending(IoError.Aborted, loop);
        FailDependent(loop);
        Part();
    }

    /// <summary>What kind of datagram socket it is, if it is one.</summary>
    internal DatagramTraits Traits { get; set; }

    /// <summary>Bytes received since this was last asked.</summary>
    internal long Received { get; set; }

    /// <summary>Bytes sent since this was last asked.</summary>
    internal long Sent { get; set; }

    /// <summary>Whether it is a stream that the other side has opened.</summary>
    internal bool IsAccepted { get; set; }

    /// <summary>Whether it has been closed.</summary>
    public bool IsClosed { get; protected internal set; }
}
