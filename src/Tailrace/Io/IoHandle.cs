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
    private IoHandle? _dependent;
    private bool _isReceiving;
    private bool _isSending;
    private bool _hasDependent;

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
    /// When this stream is reset or closed, the loop fails them as aborted.
    /// </summary>
    internal IoHandle? Dependent
    {
        get => _hasDependent ? _dependent : null;
        set
        {
            _hasDependent = value is not null;
            RepeatedReference.Keep(ref _dependent, value);
        }
    }

    /// <summary>
    /// Back end: to whom a short message that it receives may be passed on; null when that one has been closed. It lies
    /// where a <see cref="Dependent"/> would, of which there is none then.
    /// </summary>
    internal IoHandle? Recipient => _dependent;

    /// <summary>Back end: these two may pass messages on to each other, until one of them is closed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Pair(IoHandle other)
    {
        Debug.Assert(!_hasDependent && !other._hasDependent, "a stream has a dependent or a recipient");
        if (_dependent != other) _dependent = other;
        if (other._dependent != this) other._dependent = this;
    }

    /// <summary>Back end: it is closed, and may soon be another stream's.</summary>
    internal void Part()
    {
        if (_dependent is { } other && other._dependent == this) other._dependent = null;
        _dependent = null;
        _hasDependent = false;
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
        Dependent?.Receiving?.Fail(IoError.Aborted, loop);
        Dependent?.Sending?.Fail(IoError.Aborted, loop);
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
