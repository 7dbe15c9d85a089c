namespace Tailrace.Io.Backends;

/// <summary>What the epoll loop knows of one descriptor.</summary>
internal sealed class EpollHandle : IoHandle
{
    /// <summary>The descriptor; -1 when closed.</summary>
    internal int Descriptor = -1;

    /// <summary>
    /// Tells this use of the descriptor's number from earlier ones in events that are still under way.
    /// </summary>
    internal uint Generation;

    /// <summary>A receive may find something: an event said so and no short read has denied it since.</summary>
    internal bool IsReadable;

    /// <summary>A send may succeed.</summary>
    internal bool IsWritable;

    /// <summary>The end of the stream or an error is in sight: a short read proves nothing any more.</summary>
    internal bool IsEnding;

    /// <summary>Whether the descriptor is a listener.</summary>
    internal bool IsListener;

    /// <summary>The operation that waits to send is a connect.</summary>
    internal bool IsConnecting;

    /// <summary>Whether the loop hears of it.</summary>
    internal bool IsRegistered;

    /// <summary>Begins a new use: nothing has been heard, so both directions are worth a try.</summary>
    internal void Reset(int descriptor, uint generation)
    {
        Descriptor = descriptor;
        Generation = generation;
        IsReadable = IsWritable = true;
        IsEnding = IsListener = IsConnecting = IsClosed = IsRegistered = false;
        Remote = default;
        Received = Sent = 0;
    }
}
