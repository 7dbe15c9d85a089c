namespace Tailrace.Telemetry;

/// <summary>The descriptions of all that workers count. Those of one name stand together.</summary>
public static class Metrics
{
    /// <summary>What a worker counts of clients, requests and origins.</summary>
    public static IReadOnlyList<Metric<Counters>> Worker { get; } =
    [
        new("connections", "connections", "Connections of clients that were accepted.", c => c.Accepted),
        new("active connections", "active_connections", "Connections of clients that are open.", c => c.Active)
        {
            IsGauge = true,
        },
        new("accept errors", "accept_errors", "Accepts that failed, or found the client gone.", c => c.AcceptErrors),
        Refused("PROXY header errors", "proxy-header", c => c.ProxyHeaderErrors),
        Refused("PROXY headers unfinished", "proxy-header-unfinished", c => c.ProxyHeadersUnfinished),
        Refused("denied addresses", "address", c => c.Denied),
        Refused("over the rate", "rate", c => c.OverRate),
        Refused("over a source's rate", "source-rate", c => c.OverSourceRate),
        Refused("over a source's number", "source-connections", c => c.OverSourceConnections),
        new("requests", "requests", "Requests whose head was read whole.", c => c.Requests),
        Answered("2xx", c => c.Answered2xx),
        Answered("3xx", c => c.Answered3xx),
        Answered("4xx", c => c.Answered4xx),
        Answered("5xx", c => c.Answered5xx),
        new("rejected requests", "rejected_requests", "Requests that were refused because of what the client sent.",
            c => c.Rejected),
        new("client timeouts", "client_timeouts", "Requests and connections that a time limit of the client's ended.",
            c => c.DownstreamTimeouts),
        new("client aborts", "client_aborts", "Exchanges that the client left before their end.",
            c => c.DownstreamAborts),
        new("bytes received", "received_bytes", "Bytes received from clients.", c => c.BytesReceived),
        new("bytes sent", "sent_bytes", "Bytes sent to clients.", c => c.BytesSent),
        new("bytes spliced", "spliced_bytes", "Bytes that went from socket to socket within the kernel.",
            c => c.BytesSpliced),
        new("splices without pipe", "splices_without_pipe",
            "Receives in bulk that were copied because no pipe was to be had.", c => c.PipesMissed),
        new("upstream connects", "upstream_connects", "Connections to origins that were opened.",
            c => c.UpstreamConnects),
        new("upstream connect errors", "upstream_connect_errors", "Connections to origins that could not be opened.",
            c => c.UpstreamConnectErrors),
        new("upstream idle", "upstream_idle_connections", "Connections to origins that wait for a request.",
            c => c.UpstreamIdle)
        {
            IsGauge = true,
        },
        new("upstream reuses", "upstream_reuses", "Requests that were sent on a connection that was there.",
            c => c.UpstreamReuses),
        new("upstream retries", "upstream_retries", "Requests that were sent again.", c => c.UpstreamRetries),
        new("retries denied", "upstream_retries_denied",
            "Requests that would have been sent again, had the budget allowed it.", c => c.UpstreamRetriesDenied),
        new("upstream hedges", "upstream_hedges", "Requests that were sent to another destination as well.",
            c => c.UpstreamHedges),
        new("hedges that won", "upstream_hedge_wins", "Those of them that the other destination answered first.",
            c => c.UpstreamHedgeWins),
        new("hedges denied", "upstream_hedges_denied",
            "Requests that would have been sent to another as well, had the budget allowed it.",
            c => c.UpstreamHedgesDenied),
        new("circuit open", "upstream_circuit_open", "Requests that were refused because a circuit was open.",
            c => c.UpstreamBroken),
        new("upstream waits", "upstream_waits", "Requests that waited because all destinations were full.",
            c => c.UpstreamWaits),
        new("upstream errors", "upstream_errors", "Answers of origins that were invalid, cut short or reset.",
            c => c.UpstreamErrors),
        new("upstream timeouts", "upstream_timeouts", "Time limits of origins that passed.", c => c.UpstreamTimeouts),
        new("mirrored", "mirrored_requests", "Requests that were copied to a mirror.", c => c.Mirrored),
        new("not mirrored", "mirrors_skipped", "Requests whose turn it was and that were not copied.",
            c => c.MirrorsSkipped),
        new("mirror errors", "mirror_errors", "Copies that got no whole answer.", c => c.MirrorErrors),
        new("open tunnels", "tunnels", "Connections that are tunnels, after an upgrade or a CONNECT.", c => c.Tunnels)
        {
            IsGauge = true,
        },
        new("unhandled errors", "unhandled_errors", "Exceptions that no code caught.", c => c.UnhandledErrors),
        new("ring entries", "uring_enters", "Entries of io_uring into the kernel.", c => c.RingEnters),
        new("ring overflows", "uring_overflows", "Turns whose completions did not fit the queue.",
            c => c.RingOverflows),
        new("ring refusals", "uring_refusals", "Entries that the kernel refused for want of memory.",
            c => c.RingRefusals),
        new("ring interrupts", "uring_interrupts", "Entries that a signal ended.", c => c.RingInterrupts),
        new("ring without buffer", "uring_starved", "Receives that found no buffer.", c => c.RingStarved),
    ];

    /// <summary>What is counted of connections that are forwarded as they are.</summary>
    public static IReadOnlyList<Metric<TcpCounters>> Tcp { get; } =
    [
        new("opened", "tcp_connections", "Clients that were connected with a destination.", c => c.Opened),
        new("connecting", "tcp_connecting", "Connects to destinations that are under way.", c => c.Connecting)
        {
            IsGauge = true,
        },
        new("active", "tcp_active_connections", "Clients that are connected with a destination.", c => c.Active)
        {
            IsGauge = true,
        },
        Moved("to origins", "upstream", c => c.BytesUp),
        Moved("to clients", "downstream", c => c.BytesDown),
        new("connect errors", "tcp_connect_errors", "Connects to a destination that failed.", c => c.ConnectErrors),
        Ended("client-closed", c => c.ClientClosed),
        Ended("origin-closed", c => c.OriginClosed),
        Ended("client-reset", c => c.ClientReset),
        Ended("origin-reset", c => c.OriginReset),
        Ended("idle", c => c.IdleTimeouts),
        Ended("expired", c => c.Expired),
        Ended("unreachable", c => c.Unreachable),
        Ended("refused", c => c.Refused),
        Ended("no-buffers", c => c.NoBuffers),
        Ended("stopped", c => c.Aborted),
    ];

    /// <summary>What is counted of sessions of datagrams, but for what they carried.</summary>
    public static IReadOnlyList<Metric<UdpCounters>> Udp { get; } =
    [
        new("opened", "udp_sessions", "Sessions that were opened.", c => c.Opened),
        new("active", "udp_active_sessions", "Sessions that are open.", c => c.Active) { IsGauge = true },
        SessionEnded("idle", c => c.Expired),
        SessionEnded("unreachable", c => c.Unreachable),
        SessionEnded("stopped", c => c.Stopped),
        Dropped("limit", c => c.RefusedByLimit),
        Dropped("source-limit", c => c.RefusedBySourceLimit),
        Dropped("rate", c => c.RefusedByRate),
        Dropped("address", c => c.RefusedByAddress),
        Dropped("no-destination", c => c.RefusedWithoutDestination),
        Dropped("stopping", c => c.RefusedByStop),
        Dropped("buffer-full", c => c.DroppedFull),
        Dropped("too-long", c => c.DroppedTooLong),
        Dropped("other", c => c.DroppedFailed),
    ];

    /// <summary>What is counted of datagrams that were carried.</summary>
    public static IReadOnlyList<Metric<UdpTraffic>> Traffic { get; } =
    [
        Carried("to origins", "upstream", t => t.Up),
        Carried("to clients", "downstream", t => t.Down),
        CarriedBytes("bytes to origins", "upstream", t => t.BytesUp),
        CarriedBytes("bytes to clients", "downstream", t => t.BytesDown),
    ];

    private static Metric<Counters> Refused(string title, string reason, Func<Counters, long> value) =>
        new(title, "refused_connections", "Connections that were closed before they were served.", value)
        {
            Label = ("reason", reason),
        };

    private static Metric<Counters> Answered(string code, Func<Counters, long> value) =>
        new($"answered {code}", "responses", "Final answers sent, by the class of their status.", value)
        {
            Label = ("code", code),
        };

    private static Metric<TcpCounters> Moved(string title, string direction, Func<TcpCounters, long> value) =>
        new(title, "tcp_bytes", "Bytes that were delivered.", value) { Label = ("direction", direction) };

    private static Metric<TcpCounters> Ended(string reason, Func<TcpCounters, long> value) =>
        new(reason, "tcp_ended_connections", "Connections that ended, by who ended them and how.", value)
        {
            Label = ("reason", reason),
        };

    private static Metric<UdpCounters> SessionEnded(string reason, Func<UdpCounters, long> value) =>
        new(reason, "udp_ended_sessions", "Sessions that ended, by why.", value) { Label = ("reason", reason) };

    private static Metric<UdpCounters> Dropped(string reason, Func<UdpCounters, long> value) =>
        new(reason, "udp_dropped_datagrams", "Datagrams that were not carried, by why.", value)
        {
            Label = ("reason", reason),
        };

    private static Metric<UdpTraffic> Carried(string title, string direction, Func<UdpTraffic, long> value) =>
        new(title, "udp_datagrams", "Datagrams that were carried.", value) { Label = ("direction", direction) };

    private static Metric<UdpTraffic> CarriedBytes(string title, string direction, Func<UdpTraffic, long> value) =>
        new(title, "udp_bytes", "Bytes in datagrams that were carried.", value) { Label = ("direction", direction) };
}
