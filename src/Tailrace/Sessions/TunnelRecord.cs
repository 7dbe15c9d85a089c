using System.Diagnostics;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Sessions;

/// <summary>
/// What the access log will say of an exchange that ended in a tunnel: kept until the tunnel's length and traffic are
/// known, when the request has long gone.
/// </summary>
internal sealed class TunnelRecord
{
    private readonly EventLoop _loop;
    private readonly NetAddress _client;
    private readonly byte[] _text;
    private readonly int[] _ends = new int[6];
    private readonly long _startedAt;
    private readonly long _headBytes;
    private readonly int _status;

    internal TunnelRecord(H1Exchange exchange, Connection connection)
    {
        _loop = connection.Reactor.Loop;
        _client = connection.Remote;
        var request = exchange.Request;
        var bytes = exchange.RequestBytes;
        _startedAt = exchange.StartedAt;
        _headBytes = request.Length;
        _status = exchange.Status;
        _text = new byte[request.Length + exchange.Upstream.Length];
        var length = 0;
        Keep(0, request.MethodText.In(bytes));
        Keep(1, request.Target.In(bytes));
        // Of CONNECT the authority is the target.
        Keep(2, request.Method == Method.Connect ? default : request.Authority.In(bytes));
        Keep(3, exchange.Upstream.Span);
        Keep(4, AccessRecorder.Field(request, bytes, KnownHeader.Referer));
        Keep(5, AccessRecorder.Field(request, bytes, KnownHeader.UserAgent));

        void Keep(int index, ReadOnlySpan<byte> text)
        {
            text.CopyTo(_text.AsSpan(length));
            _ends[index] = length += text.Length;
        }
    }

    /// <summary>Writes the record when the tunnel has ended.</summary>
    internal void Write(AccessLogWriter log, long received, long sent)
    {
        Span<byte> client = stackalloc byte[NetAddress.TextLengthMax];
        var duration = Stopwatch.GetElapsedTime(_startedAt);
        log.TryWrite(new AccessEntry
        {
            UnixMilliseconds = _loop.UnixMilliseconds - (long)duration.TotalMilliseconds,
            DurationMicroseconds = (long)duration.TotalMicroseconds,
            BytesSent = sent,
            BytesReceived = _headBytes + received,
            Status = _status,
            Client = client[.._client.Format(client)],
            Method = Text(0),
            Target = Text(1),
            Protocol = "HTTP/1.1"u8,
            Host = Text(2),
            Upstream = Text(3),
            Referer = Text(4),
            UserAgent = Text(5),
        });
    }

    private ReadOnlySpan<byte> Text(int index)
    {
        var start = index == 0 ? 0 : _ends[index - 1];
        return _text.AsSpan(start, _ends[index] - start);
    }
}
