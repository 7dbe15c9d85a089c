namespace Tailrace.Io.Backends;

/// <summary>What the epoll loop knows of one descriptor.</summary>
internal sealed unsafe class EpollHandle : LinuxHandle
{
    /// <summary>A send may succeed.</summary>
    internal bool IsWritable;

    /// <summary>Bytes that the loop has taken and not sent yet, in its outbox or in memory of their own.</summary>
    internal byte* Unsent;

    /// <summary>How many they are.</summary>
    internal int UnsentLength;

    /// <summary>The memory of unsent bytes that had to leave the outbox, or null.</summary>
    internal byte* Leftover;

    /// <summary>Whether there are unsent bytes.</summary>
    internal bool HasUnsent => UnsentLength > 0;

    /// <summary>Closed by its owner, and kept only until <see cref="Unsent"/> has gone, or this passes.</summary>
    internal TimerEntry? Departure;

    /// <summary>Whether it has been closed by its owner already.</summary>
    internal bool IsLeaving => Departure is not null;

    /// <summary>Whether the loop hears of it.</summary>
    internal bool IsRegistered;

    /// <summary>Events of an accepted stream that wait in the loop's <see cref="Backlog{T}"/>; 0 for none.</summary>
    internal ushort WaitingEvents;

    /// <summary>Begins a new use: nothing has been heard, so both directions are worth a try.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="generation">Tells this use, of its number too, from earlier ones in events under way.</param>
    internal void Reset(int descriptor, uint generation)
    {
        Begin(descriptor);
        Generation = generation;
        IsWritable = true;
        WaitingEvents = 0;
        IsRegistered = false;
    }
}
