namespace Tailrace.Telemetry;

/// <summary>What one worker counts of the datagrams that it forwards: sessions, traffic, what was dropped.</summary>
/// <remarks>A part of <see cref="Counters"/>, under the same rules; each listener has one of its own too.</remarks>
public struct UdpCounters
{
    /// <summary>Sessions that were opened: a source met a destination.</summary>
    public long Opened;

    /// <summary>Sessions that are open now.</summary>
    public long Active;

    /// <summary>Sessions that ended because nothing came for too long.</summary>
    public long Expired;

    /// <summary>Sessions that ended because the destination could not be reached.</summary>
    public long Unreachable;

    /// <summary>Sessions that were cut because the process stops.</summary>
    public long Stopped;

    /// <summary>What was carried.</summary>
    public UdpTraffic Traffic;

    /// <summary>Datagrams of new sources, dropped because the listener has as many sessions as it may.</summary>
    public long RefusedByLimit;

    /// <summary>Datagrams of new sources, dropped because the address has as many sessions as it may.</summary>
    public long RefusedBySourceLimit;

    /// <summary>Datagrams of new sources, dropped because sessions come too fast.</summary>
    public long RefusedByRate;

    /// <summary>Datagrams of sources that are not allowed.</summary>
    public long RefusedByAddress;

    /// <summary>Datagrams of new sources, dropped because there was no destination or no descriptor.</summary>
    public long RefusedWithoutDestination;

    /// <summary>Datagrams of new sources, dropped because the process stops.</summary>
    public long RefusedByStop;

    /// <summary>Datagrams that a full send buffer did not take.</summary>
    public long DroppedFull;

    /// <summary>Datagrams that are too long for the way.</summary>
    public long DroppedTooLong;

    /// <summary>Datagrams that the system refused to send for another reason.</summary>
    public long DroppedFailed;

    /// <summary>Datagrams of new sources that got no session.</summary>
    public readonly long Refused => RefusedByLimit + RefusedBySourceLimit + RefusedByRate
        + RefusedByAddress + RefusedWithoutDestination + RefusedByStop;

    /// <summary>Adds other counters to these.</summary>
    public void Add(in UdpCounters other)
    {
        Opened += other.Opened;
        Active += other.Active;
        Expired += other.Expired;
        Unreachable += other.Unreachable;
        Stopped += other.Stopped;
        Traffic.Add(other.Traffic);
        RefusedByLimit += other.RefusedByLimit;
        RefusedBySourceLimit += other.RefusedBySourceLimit;
        RefusedByRate += other.RefusedByRate;
        RefusedByAddress += other.RefusedByAddress;
        RefusedWithoutDestination += other.RefusedWithoutDestination;
        RefusedByStop += other.RefusedByStop;
        DroppedFull += other.DroppedFull;
        DroppedTooLong += other.DroppedTooLong;
        DroppedFailed += other.DroppedFailed;
    }
}

/// <summary>Datagrams that were carried each way, and the bytes in them.</summary>
public struct UdpTraffic
{
    /// <summary>Datagrams sent on to destinations.</summary>
    public long Up;

    /// <summary>Bytes in them.</summary>
    public long BytesUp;

    /// <summary>Datagrams sent back to clients.</summary>
    public long Down;

    /// <summary>Bytes in them.</summary>
    public long BytesDown;

    /// <summary>Adds other traffic to this.</summary>
    public void Add(in UdpTraffic other)
    {
        Up += other.Up;
        BytesUp += other.BytesUp;
        Down += other.Down;
        BytesDown += other.BytesDown;
    }
}
