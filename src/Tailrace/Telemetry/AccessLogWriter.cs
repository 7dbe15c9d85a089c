namespace Tailrace.Telemetry;

/// <summary>
/// The end of the access log that one reactor holds: copies a record into the reactor's own ring, and is done.
/// </summary>
/// <remarks>
/// Used by one thread only. Nothing here allocates, locks, waits or makes a system call; formatting and writing are the
/// work of the thread of <see cref="AccessLog"/>.
/// </remarks>
public sealed class AccessLogWriter
{
    private long _written;
    private long _dropped;

    internal AccessLogWriter(int worker, int queue)
    {
        Worker = worker;
        Ring = new AccessRing(queue, AccessRecord.Size);
    }

    /// <summary>The number of the worker, which the records of this writer carry.</summary>
    public int Worker { get; }

    /// <summary>Records accepted since the start; exact on the writing thread, recent on others.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>
    /// Records lost since the start because the ring was full; exact on the writing thread, recent on others.
    /// </summary>
    public long Dropped => Volatile.Read(ref _dropped);

    internal AccessRing Ring { get; }

    /// <summary>Records one request, or counts it as dropped when the ring is full.</summary>
    /// <param name="entry">The request; copied before the method returns.</param>
    public bool TryWrite(in AccessEntry entry)
    {
        if (!Ring.TryClaim(out Span<byte> record))
        {
            Volatile.Write(ref _dropped, _dropped + 1);
            return false;
        }
        AccessRecord.Encode(entry, record);
        Ring.Publish();
        Volatile.Write(ref _written, _written + 1);
        return true;
    }
}
