namespace Tailrace.Io.Backends;

/// <summary>What both loops of Linux know of one descriptor.</summary>
internal abstract class LinuxHandle : IoHandle
{
    /// <summary>The descriptor; -1 when closed.</summary>
    internal int Descriptor = -1;

    /// <summary>A direct receive may find something: nothing has denied it since it was heard.</summary>
    internal bool IsReadable;

    /// <summary>The end of the stream or an error is in sight: a short read proves nothing any more.</summary>
    internal bool IsEnding;

    /// <summary>A reset, or the end of both directions, has been heard of.</summary>
    internal bool IsLost;

    /// <summary>Whether it takes what anybody sends there: connections, or datagrams.</summary>
    internal bool IsListener;

    /// <summary>The operation that waits to send is a connect.</summary>
    internal bool IsConnecting;

    /// <summary>The sending direction is to end behind what has been taken for sent.</summary>
    internal bool EndsAfterSend;

    /// <summary>Why the stream takes nothing more; the next send fails with it.</summary>
    internal IoError SendError;

    /// <summary>Whether bytes that were taken for sent may be lost, while the other side may still read.</summary>
    internal bool HasLost => SendError is not (IoError.None or IoError.BrokenPipe);

    /// <summary>
    /// Keeps what a send has failed with: the kernel tells of it once, and a receive would take it for an end. Another
    /// one that was under way by then is told of a broken pipe, which says less.
    /// </summary>
    internal void FailSending(IoError error)
    {
        if (SendError is IoError.None or IoError.BrokenPipe) SendError = error;
        IsBroken |= error == IoError.Reset;
    }

    /// <summary>Begins a new use: nothing has been heard, so a receive is worth a try.</summary>
    private protected void Begin(int descriptor)
    {
        Descriptor = descriptor;
        IsReadable = true;
        IsEnding = IsLost = IsBroken = IsListener = IsConnecting = EndsAfterSend = IsAccepted = IsClosed = false;
        SendError = IoError.None;
        Traits = DatagramTraits.None;
        Remote = default;
        Received = Sent = 0;
    }
}
