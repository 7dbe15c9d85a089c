namespace Tailrace.Telemetry;

/// <summary>
/// What one worker counts of connections that it forwards as they are: how they ended, and what is open.
/// </summary>
/// <remarks>A part of <see cref="Counters"/>, under the same rules.</remarks>
public struct TcpCounters
{
    /// <summary>Tunnels that were opened: a client connected with a destination.</summary>
    public long Opened;

    /// <summary>Connects to destinations that are under way now.</summary>
    public long Connecting;

    /// <summary>Tunnels that are open now.</summary>
    public long Active;

    /// <summary>Tunnels whose client ended its stream first, and everything was delivered.</summary>
    public long ClientClosed;

    /// <summary>Tunnels whose origin ended its stream first, and everything was delivered.</summary>
    public long OriginClosed;

    /// <summary>Connections that the client reset.</summary>
    public long ClientReset;

    /// <summary>Connections that the origin reset.</summary>
    public long OriginReset;

    /// <summary>Tunnels in which nothing moved for too long.</summary>
    public long IdleTimeouts;

    /// <summary>Tunnels that had lasted as long as they may.</summary>
    public long Expired;

    /// <summary>Tunnels that were cut because the process stops.</summary>
    public long Aborted;

    /// <summary>Tunnels that were cut because the buffer limit was reached.</summary>
    public long NoBuffers;

    /// <summary>Connections for which no destination could be connected to.</summary>
    public long Unreachable;

    /// <summary>Connections that were turned away: no route fits, or what came first makes no sense.</summary>
    public long Refused;

    /// <summary>Connects to a destination that failed.</summary>
    public long ConnectErrors;

    /// <summary>
    /// Bytes delivered to origins. Those of open connections are brought in when somebody asks for statistics.
    /// </summary>
    public long BytesUp;

    /// <summary>Bytes delivered to clients; likewise.</summary>
    public long BytesDown;

    /// <summary>Adds another worker's counters to these.</summary>
    public void Add(in TcpCounters other)
    {
        Opened += other.Opened;
        Connecting += other.Connecting;
        Active += other.Active;
        ClientClosed += other.ClientClosed;
        OriginClosed += other.OriginClosed;
        ClientReset += other.ClientReset;
        OriginReset += other.OriginReset;
        IdleTimeouts += other.IdleTimeouts;
        Expired += other.Expired;
        Aborted += other.Aborted;
        NoBuffers += other.NoBuffers;
        Unreachable += other.Unreachable;
        Refused += other.Refused;
        ConnectErrors += other.ConnectErrors;
        BytesUp += other.BytesUp;
        BytesDown += other.BytesDown;
    }
}
