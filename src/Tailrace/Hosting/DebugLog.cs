using System.Text;
using Tailrace.Config;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Proxy.Tcp;
using Tailrace.Proxy.Udp;
using Tailrace.Sessions;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>Writes down every connection and exchange of one worker. For looking into something: it costs.</summary>
internal sealed class DebugLog
{
    private readonly Log _log;
    private readonly int _worker;

    private DebugLog(Log log, int worker)
    {
        _log = log;
        _worker = worker;
    }

    /// <summary>Null unless the log wants to know.</summary>
    internal static DebugLog? For(Log log, int worker) =>
        log.IsEnabled(LogLevel.Debug) ? new DebugLog(log, worker) : null;

    internal void Opened(Connection connection) =>
        _log.Debug("connection opened", ("client", connection.Remote), ("worker", _worker));

    internal void Ended(Exchange exchange)
    {
        var request = exchange.Request;
        var bytes = exchange.RequestBytes;
        _log.Debug(
            "exchange ended",
            ("client", exchange.Downstream.Remote),
            ("method", Encoding.Latin1.GetString(request.MethodText.In(bytes))),
            ("target", Encoding.Latin1.GetString(request.Target.In(bytes))),
            ("host", Encoding.Latin1.GetString(request.Authority.In(bytes))),
            ("status", exchange.Status),
            ("bytes", exchange.ResponseBody.Written),
            ("upstream", Encoding.Latin1.GetString(exchange.Upstream.Span)),
            ("reason", exchange.FailureReason ?? (exchange.IsAborted ? "the client left" : "")),
            ("worker", _worker));
    }

    internal void Changed(TcpSession session, StreamState state) =>
        _log.Debug(
            "tcp connection",
            ("state", state),
            ("client", session.Client),
            ("destination", session.Destination?.Name ?? ""),
            ("worker", _worker));

    internal void Changed(UdpSession session, StreamState state) =>
        _log.Debug(
            "udp session",
            ("state", state),
            ("client", session.Client.Address),
            ("destination", session.Destination.Name),
            ("worker", _worker));

    internal void Closed(Connection connection) =>
        _log.Debug("connection closed", ("client", connection.Remote), ("worker", _worker));
}
