using System.Diagnostics;
using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Proxy.Tcp;

/// <summary>What the logs will say of a connection; kept only where there is a log.</summary>
/// <remarks>Belongs to its session, and is used again with it.</remarks>
internal sealed class TcpRecord
{
    private byte[] _serverName = [];
    private long _startedAt;

    /// <summary>The client's address.</summary>
    internal NetAddress Client { get; private set; }

    /// <summary>The connection begins, or began at a time, in ticks of the <see cref="Stopwatch"/>.</summary>
    internal void Begin(NetAddress client, long acceptedAt)
    {
        Client = client;
        _serverName = [];
        _startedAt = acceptedAt;
    }

    /// <summary>Its client has said what host it wants.</summary>
    internal void Name(ReadOnlySpan<byte> serverName) => _serverName = serverName.ToArray();

    /// <summary>It has ended.</summary>
    internal void Write(
        AccessLogWriter log, TcpServer server, Destination? destination, in TunnelResult result, TunnelSide by)
    {
        Span<byte> client = stackalloc byte[NetAddress.TextLengthMax];
        var duration = Stopwatch.GetElapsedTime(_startedAt);
        var entry = new AccessEntry
        {
            UnixMilliseconds = server.Reactor.Loop.UnixMilliseconds - (long)duration.TotalMilliseconds,
            DurationMicroseconds = (long)duration.TotalMicroseconds,
            BytesSent = result.BytesDown,
            BytesReceived = result.BytesUp,
            Client = client[..Client.Format(client)],
            Host = _serverName,
            Protocol = "TCP"u8,
            Upstream = destination is null ? default : destination.NameBytes.Span,
            End = TcpEnds.WordOf(result.End, by),
            Listener = server.Settings.Listener.Span,
        };
        log.TryWrite(entry);
    }
}
