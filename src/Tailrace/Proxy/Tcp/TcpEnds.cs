using Tailrace.Telemetry;

namespace Tailrace.Proxy.Tcp;

/// <summary>How connections end: the counters and the words for it.</summary>
internal static class TcpEnds
{
    /// <summary>Counts an end.</summary>
    /// <param name="counters">Where.</param>
    /// <param name="end">How the connection ended.</param>
    /// <param name="by">Who ended it.</param>
    internal static void Count(ref TcpCounters counters, TunnelEnd end, TunnelSide by)
    {
        switch (end)
        {
            case TunnelEnd.Closed when by == TunnelSide.Downstream: counters.ClientClosed++; break;
            case TunnelEnd.Closed: counters.OriginClosed++; break;
            case TunnelEnd.Reset when by == TunnelSide.Downstream: counters.ClientReset++; break;
            case TunnelEnd.Reset: counters.OriginReset++; break;
            case TunnelEnd.Idle: counters.IdleTimeouts++; break;
            case TunnelEnd.Expired: counters.Expired++; break;
            case TunnelEnd.Aborted: counters.Aborted++; break;
            case TunnelEnd.NoBuffers: counters.NoBuffers++; break;
            case TunnelEnd.Refused: counters.Refused++; break;
            default: counters.Unreachable++; break;
        }
    }

    /// <summary>Counts a tunnel that begins, with 1, or that is over, with -1.</summary>
    internal static void CountOpen(ref TcpCounters counters, int change)
    {
        counters.Active += change;
        if (change > 0) counters.Opened++;
    }

    /// <summary>Counts bytes that were delivered.</summary>
    internal static void AddBytes(ref TcpCounters counters, long up, long down)
    {
        counters.BytesUp += up;
        counters.BytesDown += down;
    }

    /// <summary>The word of the access log.</summary>
    internal static ReadOnlySpan<byte> WordOf(TunnelEnd end, TunnelSide by) => end switch
    {
        TunnelEnd.Closed => by == TunnelSide.Downstream ? "client-closed"u8 : "origin-closed"u8,
        TunnelEnd.Reset => by == TunnelSide.Downstream ? "client-reset"u8 : "origin-reset"u8,
        TunnelEnd.Idle => "idle"u8,
        TunnelEnd.Expired => "expired"u8,
        TunnelEnd.Aborted => "stopped"u8,
        TunnelEnd.NoBuffers => "no-buffers"u8,
        TunnelEnd.Refused => "refused"u8,
        _ => "unreachable"u8,
    };
}
