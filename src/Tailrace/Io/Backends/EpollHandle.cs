namespace Tailrace.Io.Backends;

/// <summary>What the epoll loop knows of one descriptor.</summary>
internal sealed unsafe class EpollHandle : IoHandle
{
    /// <summary>The descriptor; -1 when closed.</summary>
    internal int Descriptor = -1;

    /// <summary>A receive may find something: an event said so and no short read has denied it since.</summary>
    internal bool IsReadable;

    /// <summary>A send may succeed.</summary>
    internal bool IsWritable;

    /// <summary>The end of the stream or an error is in sight: a short read proves nothing any more.</summary>
    internal bool IsEnding;

    /// <summary>A reset, or the end of both directions, has been heard of.</summary>
    internal bool IsLost;

    /// <summary>Whether the descriptor is a listener.</summary>
    internal bool IsListener;

    /// <summary>The operation that waits to send is a connect.</summary>
    internal bool IsConnecting;

    /// <summary>Bytes that the loop has taken and not sent yet, in its outbox or in memory of their own.</summary>
    internal byte* Unsent;

    /// <summary>How many they are.</summary>
    internal int UnsentLength;

    /// <summary>The memory of unsent bytes that had to leave the outbox, or null.</summary>
    internal byte* Leftover;

    /// <summary>Why the stream takes nothing more.</summary>
    internal IoError SendError;

    /// <summary>Whether bytes that were taken for sent may be lost, while the other side may still read.</summary>
    internal bool HasLost => SendError is not (IoError.None or IoError.BrokenPipe);

    /// <summary>Whether there are unsent bytes.</summary>
    internal bool HasUnsent => UnsentLength > 0;

    /// <summary>The sending direction is to end behind <see cref="Unsent"/>.</summary>
    internal bool IsShuttingDown;

    /// <summary>Closed by its owner, and kept only until <see cref="Unsent"/> has gone, or this passes.</summary>
    internal TimerEntry? Departure;

    /// <summary>Whether it has been closed by its owner already.</summary>
    internal bool IsLeaving => Departure is not null;

    /// <summary>Whether the loop hears of it.</summary>
    internal bool IsRegistered;

    /// <summary>Events of an accepted stream that wait in the loop's <see cref="Backlog{T}"/>; 0 for none.</summary>
    internal ushort WaitingEvents;

    /// <summary>Keeps what a send has failed with: the kernel tells of it once, and a receive would take it for an end.
    /// </summary>
    internal void FailSending(IoError error)
    {
        SendError = error;
        IsBroken |= error == IoError.Reset;
    }

    /// <summary>Begins a new use: nothing has been heard, so both directions are worth a try.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="generation">Tells this use, of its number too, from earlier ones in events under way.</param>
    internal void Reset(int descriptor, uint generation)
    {
        Descriptor = descriptor;
        Generation = generation;
        IsReadable = IsWritable = true;
        IsAccepted = false;
        WaitingEvents = 0;
        IsEnding = IsLost = IsBroken = IsListener = IsConnecting = IsClosed = IsRegistered = IsShuttingDown = false;
        SendError = IoError.None;
        Traits = DatagramTraits.None;
        Remote = default;
        Received = Sent = 0;
    }
}
