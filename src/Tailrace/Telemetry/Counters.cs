using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tailrace.Telemetry;

/// <summary>What one worker counts, in plain fields that only its own thread writes.</summary>
/// <remarks>
/// Readers on other threads see values that may be a moment old; nobody locks. The object begins and ends with a cache
/// line that holds nothing, so that two workers' counters never share one.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public sealed class Counters
{
    private readonly Padding _before;

    /// <summary>Downstream connections accepted.</summary>
    public long Accepted;

    /// <summary>
    /// Downstream connections open now. Falls last: who sees from another thread that none is open finds all that they
    /// did counted, and their places given back.
    /// </summary>
    public long Active;

    /// <summary>Times that accepting failed: for want of descriptors, say.</summary>
    public long AcceptErrors;

    /// <summary>Connections that were closed because their PROXY header was wrong, missing or not trusted.</summary>
    public long ProxyHeaderErrors;

    /// <summary>
    /// Connections that ended before their PROXY header was whole: by their client, by a stop, or for want of a buffer.
    /// </summary>
    public long ProxyHeadersUnfinished;

    /// <summary>Connections that were closed because of their client's address.</summary>
    public long Denied;

    /// <summary>Connections that were closed because their listener's came too fast.</summary>
    public long OverRate;

    /// <summary>Connections that were closed because those of their source came too fast.</summary>
    public long OverSourceRate;

    /// <summary>Connections that were closed because their source had as many as it may.</summary>
    public long OverSourceConnections;

    /// <summary>Requests whose head was read whole.</summary>
    public long Requests;

    /// <summary>Final answers sent, by the first digit of the status: 1xx is never final, index 2 is 2xx.</summary>
    public long Answered2xx;

    /// <summary>Final answers of 3xx.</summary>
    public long Answered3xx;

    /// <summary>Final answers of 4xx.</summary>
    public long Answered4xx;

    /// <summary>Final answers of 5xx.</summary>
    public long Answered5xx;

    /// <summary>Requests refused because of what the client sent.</summary>
    public long Rejected;

    /// <summary>Requests or connections that a downstream deadline ended.</summary>
    public long DownstreamTimeouts;

    /// <summary>Exchanges that the client left before their end.</summary>
    public long DownstreamAborts;

    /// <summary>Bytes received from clients.</summary>
    public long BytesReceived;

    /// <summary>Bytes sent to clients.</summary>
    public long BytesSent;

    /// <summary>Upstream connections opened.</summary>
    public long UpstreamConnects;

    /// <summary>Upstream connections that could not be opened.</summary>
    public long UpstreamConnectErrors;

    /// <summary>Requests sent on a pooled upstream connection.</summary>
    public long UpstreamReuses;

    /// <summary>Requests sent again: on a fresh connection, or to another destination.</summary>
    public long UpstreamRetries;

    /// <summary>Requests that would have been sent again, had the budget allowed it.</summary>
    public long UpstreamRetriesDenied;

    /// <summary>Requests that were sent to another destination as well, because they took unusually long.</summary>
    public long UpstreamHedges;

    /// <summary>Those that the other destination answered first.</summary>
    public long UpstreamHedgeWins;

    /// <summary>Requests that would have been sent to another destination as well, had the budget allowed it.</summary>
    public long UpstreamHedgesDenied;

    /// <summary>Requests that were refused because their cluster's circuit was open.</summary>
    public long UpstreamBroken;

    /// <summary>Requests that waited because all destinations of their cluster were full.</summary>
    public long UpstreamWaits;

    /// <summary>Upstream answers that were invalid, cut short or reset.</summary>
    public long UpstreamErrors;

    /// <summary>Upstream deadlines that passed.</summary>
    public long UpstreamTimeouts;

    /// <summary>Requests that were copied to a mirror.</summary>
    public long Mirrored;

    /// <summary>Requests whose turn it was and that were not copied: too many under way, or not there whole.</summary>
    public long MirrorsSkipped;

    /// <summary>Copies that got no whole answer.</summary>
    public long MirrorErrors;

    /// <summary>Connections that are tunnels now: after an upgrade or a CONNECT.</summary>
    public long Tunnels;

    /// <summary>Upstream connections that wait in the pool now.</summary>
    public long UpstreamIdle;

    /// <summary>Exceptions that no code caught: bugs, in a handler or here.</summary>
    public long UnhandledErrors;

    /// <summary>io_uring: entries into the kernel, one a turn and hardly more.</summary>
    public long RingEnters;

    /// <summary>io_uring: turns whose completions did not fit the queue.</summary>
    public long RingOverflows;

    /// <summary>io_uring: entries that the kernel refused for the moment, for want of memory.</summary>
    public long RingRefusals;

    /// <summary>io_uring: entries that a signal ended.</summary>
    public long RingInterrupts;

    /// <summary>io_uring: receives that found no buffer.</summary>
    public long RingStarved;

    /// <summary>Bytes that went from socket to socket within the kernel.</summary>
    public long BytesSpliced;

    /// <summary>Receives in bulk that were copied because no pipe was to be had.</summary>
    public long PipesMissed;

    /// <summary>Connections that are forwarded as they are.</summary>
    public TcpCounters Tcp;

    /// <summary>Datagrams that are forwarded, and their sessions.</summary>
    public UdpCounters Udp;

    private readonly Padding _after;

    /// <summary>Adds another worker's counters to these.</summary>
    public void Add(Counters other)
    {
        Accepted += other.Accepted;
        Active += other.Active;
        AcceptErrors += other.AcceptErrors;
        ProxyHeaderErrors += other.ProxyHeaderErrors;
        ProxyHeadersUnfinished += other.ProxyHeadersUnfinished;
        Denied += other.Denied;
        OverRate += other.OverRate;
        OverSourceRate += other.OverSourceRate;
        OverSourceConnections += other.OverSourceConnections;
        Requests += other.Requests;
        Answered2xx += other.Answered2xx;
        Answered3xx += other.Answered3xx;
        Answered4xx += other.Answered4xx;
        Answered5xx += other.Answered5xx;
        Rejected += other.Rejected;
        DownstreamTimeouts += other.DownstreamTimeouts;
        DownstreamAborts += other.DownstreamAborts;
        BytesReceived += other.BytesReceived;
        BytesSent += other.BytesSent;
        UpstreamConnects += other.UpstreamConnects;
        UpstreamConnectErrors += other.UpstreamConnectErrors;
        UpstreamReuses += other.UpstreamReuses;
        UpstreamRetries += other.UpstreamRetries;
        UpstreamRetriesDenied += other.UpstreamRetriesDenied;
        UpstreamHedges += other.UpstreamHedges;
        UpstreamHedgeWins += other.UpstreamHedgeWins;
        UpstreamHedgesDenied += other.UpstreamHedgesDenied;
        UpstreamBroken += other.UpstreamBroken;
        UpstreamWaits += other.UpstreamWaits;
        UpstreamErrors += other.UpstreamErrors;
        UpstreamTimeouts += other.UpstreamTimeouts;
        Mirrored += other.Mirrored;
        MirrorsSkipped += other.MirrorsSkipped;
        MirrorErrors += other.MirrorErrors;
        Tunnels += other.Tunnels;
        UpstreamIdle += other.UpstreamIdle;
        UnhandledErrors += other.UnhandledErrors;
        RingEnters += other.RingEnters;
        RingOverflows += other.RingOverflows;
        RingRefusals += other.RingRefusals;
        RingInterrupts += other.RingInterrupts;
        RingStarved += other.RingStarved;
        BytesSpliced += other.BytesSpliced;
        PipesMissed += other.PipesMissed;
        Tcp.Add(other.Tcp);
        Udp.Add(other.Udp);
    }

    /// <summary>Counts a final answer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CountAnswer(int status)
    {
        if (status < 300) Answered2xx++;
        else if (status < 400) Answered3xx++;
        else if (status < 500) Answered4xx++;
        else Answered5xx++;
    }

    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private readonly struct Padding;
}
