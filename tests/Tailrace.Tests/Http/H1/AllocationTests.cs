using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Tests.Http.H1;

/// <summary>After construction, reading and writing allocate nothing.</summary>
public sealed class AllocationTests
{
    private const int Rounds = 10_000;

    private static readonly byte[] Request = Wire.Bytes(
        "POST http://h.example:80/a?b HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
        + "TE: trailers\r\n"
        + "Expect: 100-continue\r\nAccept: */*\r\nTransfer-Encoding: chunked\r\n\r\n");

    private static readonly byte[] Response = Wire.Bytes(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: X-Hop\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\n\r\n");

    private static readonly byte[] Body = Wire.Bytes("5;a=\"b\"\r\nhello\r\n0\r\nX-T: 1\r\nHost: x\r\n\r\n");

    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();
    private readonly byte[] _output = new byte[512];
    private ChunkedDecoder _decoder;

    [Fact]
    public void Reading_requests() => AssertAllocatesNothing(() =>
    {
        int scanned = 0;
        ReadOnlySpan<byte> half = Request.AsSpan(0, 60);
        Check(RequestParser.Parse(half, ref scanned, _request, HttpLimits.Default) == ParseStatus.NeedMore);
        Check(RequestParser.Parse(Request, ref scanned, _request, HttpLimits.Default) == ParseStatus.Complete);
        foreach (ref readonly HeaderField field in _request.Headers.Fields)
            HopByHop.IsHopByHop(field, Request, _request);
    });

    [Fact]
    public void Rejecting_requests() => AssertAllocatesNothing(() =>
    {
        int scanned = 0;
        ParseStatus status = RequestParser.Parse(
            "GET / HTTP/1.1\r\nHost: h\r\nX : 1\r\n\r\n"u8, ref scanned, _request, HttpLimits.Default);
        Check(status == ParseStatus.Rejected && !Rejections.Reason(_request.Rejection).IsEmpty);
    });

    [Fact]
    public void Reading_responses() => AssertAllocatesNothing(() =>
    {
        int scanned = 0;
        ParseStatus status = ResponseParser.Parse(
            Response, ref scanned, _response, Method.Get, HttpLimits.Default);
        Check(status == ParseStatus.Complete);
    });

    [Fact]
    public void Reading_chunks() => AssertAllocatesNothing(() =>
    {
        _decoder.Reset(HttpLimits.Default);
        Check(_decoder.Next(Body, out int consumed, out _) == ChunkStep.Data);
        ReadOnlySpan<byte> rest = Body.AsSpan(consumed);
        Check(_decoder.Next(rest, out _, out _) == ChunkStep.End);
        Check(TrailerFilter.TryCopy(_decoder.Trailers.In(rest), _output, out int written) && written == 8);
    });

    [Fact]
    public void Writing_heads() => AssertAllocatesNothing(() =>
    {
        var writer = new HeadWriter(_output);
        writer.WriteStatusLine(418);
        writer.WriteHeader("Content-Length"u8, 12345);
        Span<byte> date = stackalloc byte[HttpDate.Length];
        HttpDate.Format(784111777, date);
        writer.WriteHeader(KnownHeaders.Text(KnownHeader.Date), date);
        writer.WriteCrlf();
        Check(!writer.Overflowed && ChunkedEncoder.WriteHeader(77, _output) == 4);
    });

    private static void AssertAllocatesNothing(Action action)
    {
        for (int i = 0; i < 100; i++)
            action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
            action();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Check(bool condition)
    {
        if (!condition)
            throw new InvalidOperationException("the scenario is not what it is meant to be");
    }
}
