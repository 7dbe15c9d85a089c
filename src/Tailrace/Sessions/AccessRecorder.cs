using System.Diagnostics;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Sessions;

/// <summary>Turns exchanges into access log entries.</summary>
internal static class AccessRecorder
{
    internal static void Write(AccessLogWriter log, H1Exchange exchange)
    {
        Span<byte> client = stackalloc byte[NetAddress.TextLengthMax];
        var request = exchange.Request;
        var bytes = exchange.RequestBytes;
        var duration = Stopwatch.GetElapsedTime(exchange.StartedAt);
        var entry = new AccessEntry
        {
            UnixMilliseconds = exchange.Reactor.Loop.UnixMilliseconds - (long)duration.TotalMilliseconds,
            DurationMicroseconds = (long)duration.TotalMicroseconds,
            BytesSent = exchange.ResponseBody.Written,
            BytesReceived = request.Length + exchange.RequestBody.Received,
            // 499 as in the field's other logs: the client left before it had its answer.
            Status = exchange is { IsAborted: true, FailureReason: null } ? 499 : exchange.Status,
            Client = client[..exchange.Downstream.Remote.Format(client)],
            Method = request.MethodText.In(bytes),
            Target = request.Target.In(bytes),
            Protocol = request.MinorVersion == 0 ? "HTTP/1.0"u8 : "HTTP/1.1"u8,
            Host = request.Authority.In(bytes),
            Upstream = exchange.Upstream.Span,
            Referer = Field(request, bytes, KnownHeader.Referer),
            UserAgent = Field(request, bytes, KnownHeader.UserAgent),
        };
        log.TryWrite(entry);
    }

    /// <summary>Writes down a request that could not be read.</summary>
    /// <param name="log">Where to.</param>
    /// <param name="connection">The client's connection.</param>
    /// <param name="status">The answer's.</param>
    /// <param name="startedAt">When the request began, in stopwatch ticks; 0 when it has come just now.</param>
    internal static void WriteRefusal(AccessLogWriter log, Connection connection, int status, long startedAt)
    {
        Span<byte> client = stackalloc byte[NetAddress.TextLengthMax];
        var duration = startedAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(startedAt);
        var entry = new AccessEntry
        {
            UnixMilliseconds = connection.Reactor.Loop.UnixMilliseconds - (long)duration.TotalMilliseconds,
            DurationMicroseconds = (long)duration.TotalMicroseconds,
            Status = status,
            Client = client[..connection.Remote.Format(client)],
        };
        log.TryWrite(entry);
    }

    internal static ReadOnlySpan<byte> Field(RequestHead request, ReadOnlySpan<byte> bytes, KnownHeader id) =>
        request.Headers.TryFind(id, out var field) ? field.Value.In(bytes) : default;
}
