namespace Tailrace.Telemetry;

/// <summary>
/// What the access log records of one request, or of one connection that was forwarded as it is; borrowed from the
/// exchange or session for the time of one call.
/// </summary>
/// <remarks>
/// The spans point into the exchange's buffers; <see cref="AccessLogWriter.TryWrite"/> copies what it keeps. Text
/// longer than its room in a record is cut and ends in <c>...</c>. All text is bytes as received and is escaped when it
/// is formatted.
/// </remarks>
public ref struct AccessEntry
{
    /// <summary>
    /// When the request's first byte came, or the connection or session began, in milliseconds since 1970 (UTC).
    /// </summary>
    public long UnixMilliseconds;

    /// <summary>
    /// From then to the last byte of the answer, or the end of the tunnel, the connection or the session.
    /// </summary>
    public long DurationMicroseconds;

    /// <summary>Bytes of the answer's body that were sent.</summary>
    public long BytesSent;

    /// <summary>Bytes of the request that were received, its head included.</summary>
    public long BytesReceived;

    /// <summary>Datagrams that were sent to the client; 0 where there are none.</summary>
    public long DatagramsSent;

    /// <summary>Datagrams that the client sent and that were sent on; 0 where there are none.</summary>
    public long DatagramsReceived;

    /// <summary>The status code of the answer; 0 when none was sent.</summary>
    public int Status;

    /// <summary>The client's address, without its port.</summary>
    public ReadOnlySpan<byte> Client;

    /// <summary>The method.</summary>
    public ReadOnlySpan<byte> Method;

    /// <summary>The request target as received.</summary>
    public ReadOnlySpan<byte> Target;

    /// <summary>The protocol, for example <c>HTTP/1.1</c>, <c>TCP</c> or <c>UDP</c>.</summary>
    public ReadOnlySpan<byte> Protocol;

    /// <summary>The host that was asked for.</summary>
    public ReadOnlySpan<byte> Host;

    /// <summary>The address of the destination; empty when the answer was our own.</summary>
    public ReadOnlySpan<byte> Upstream;

    /// <summary>The <c>Referer</c>.</summary>
    public ReadOnlySpan<byte> Referer;

    /// <summary>The <c>User-Agent</c>.</summary>
    public ReadOnlySpan<byte> UserAgent;

    /// <summary>
    /// How a connection ended, in one word. Empty in the record of a request; else the record is that of a connection:
    /// it has no method, target, status and fields, and <see cref="Host"/> is the name its client asked for, if known.
    /// </summary>
    public ReadOnlySpan<byte> End;

    /// <summary>The listener that a connection came through; empty in the record of a request.</summary>
    public ReadOnlySpan<byte> Listener;
}
