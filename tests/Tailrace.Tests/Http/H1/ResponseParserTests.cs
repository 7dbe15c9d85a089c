using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Tests.Http.H1;

public sealed class ResponseParserTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK", 200, 1, "OK")]
    [InlineData("HTTP/1.0 404 Not Found", 404, 0, "Not Found")]
    [InlineData("HTTP/1.2 599 x", 599, 1, "x")]
    [InlineData("HTTP/1.1 200 ", 200, 1, "")]
    [InlineData("HTTP/1.1 200", 200, 1, "")]
    [InlineData("HTTP/1.1 100 Continue", 100, 1, "Continue")]
    [InlineData("HTTP/1.1 200 Anything: goes, HTTP/1.1 404 Not", 200, 1, "Anything: goes, HTTP/1.1 404 Not")]
    [InlineData("HTTP/1.1 200 \t\u00e9\u00ff ", 200, 1, "\t\u00e9\u00ff ")]
    public void A_status_line_is_read(string line, int status, int minor, string reason)
    {
        string text = $"{line}\r\nX-A: 1\r\n\r\n";
        ResponseHead head = Wire.Response(text + "body");
        Assert.Equal((status, minor), (head.Status, head.MinorVersion));
        Assert.Equal(reason, Wire.Text(head.Reason, text));
        Assert.Equal((text.Length, 1), (head.Length, head.Headers.Count));
    }

    [Theory]
    [InlineData("HTTP/1.1 99 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1 099 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1 600 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1 1000 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1 2xx OK\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1 +200 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1 -200 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1  200 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1 \r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1 200\tOK\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.1 200 O\0K\r\n", Rejection.BadStatusLine)]
    [InlineData("HTTP/1.10 200 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("http/1.1 200 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("ICY 200 OK\r\n", Rejection.BadStatusLine)]
    [InlineData(" 200 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n", Rejection.BadStatusLine)]
    [InlineData("<html>", Rejection.BadStatusLine)]
    [InlineData("GET / HTTP/1.1\r\n", Rejection.BadStatusLine)]
    [InlineData("\0\0\u0012\u0004", Rejection.BadStatusLine)]
    [InlineData("HTTP/2.0 200 OK\r\n", Rejection.UnsupportedVersion)]
    [InlineData("HTTP/0.9 200 OK\r\n", Rejection.UnsupportedVersion)]
    [InlineData("HTTP/1.1 200 OK\n", Rejection.BareLineFeed)]
    [InlineData("HTTP/1.1 200\n", Rejection.BareLineFeed)]
    [InlineData("HTTP/1.1 200 O\rK\r\n", Rejection.BareCarriageReturn)]
    public void What_is_no_status_line_is_rejected_before_any_field(string line, Rejection expected)
    {
        ResponseHead head = Wire.Response(line, out ParseStatus status);
        Assert.Equal((ParseStatus.Rejected, expected), (status, head.Rejection));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true)]
    [InlineData("HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", true)]
    [InlineData("HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n", true)]
    [InlineData("HTTP/1.1 100 X\r\n\r\n", true)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", false)]
    [InlineData("HTTP/1.1 204 X\r\nContent-Length: 6\r\n\r\n", false)]
    [InlineData("HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n", false)]
    [InlineData("HTTP/1.1 103 X\r\nContent-Length: 6\r\n\r\n", false)]
    public void A_connection_is_kept_when_the_next_response_has_a_certain_beginning(string text, bool expected) =>
        Assert.Equal(expected, Wire.Response(text).KeepAlive);

    [Theory]
    [InlineData(100, true)]
    [InlineData(103, true)]
    [InlineData(199, true)]
    [InlineData(101, false)]
    [InlineData(200, false)]
    public void An_interim_response_is_followed_by_another(int status, bool expected) =>
        Assert.Equal(expected, Wire.Response($"HTTP/1.1 {status} X\r\n\r\n").IsInterim);

    [Fact]
    public void A_head_is_as_new_for_the_next_response()
    {
        var head = new ResponseHead();
        Read(head, "HTTP/1.1 404 Gone away\r\nConnection: X\r\nContent-Length: 5\r\n\r\n");
        Assert.True(head.HasConnectionOptions);
        Read(head, "HTTP/1.0 200\r\n\r\n");
        Assert.Equal((200, 0, -1L, 0), (head.Status, head.MinorVersion, head.ContentLength, head.Headers.Count));
        Assert.True(head.Reason.IsEmpty);
        Assert.False(head.HasConnectionOptions);
        head.Clear();
        Assert.Equal(0, head.Status);
        Assert.False(head.IsInterim);
    }

    private static void Read(ResponseHead head, string text)
    {
        int scanned = 0;
        ParseStatus status = ResponseParser.Parse(
            Wire.Bytes(text), ref scanned, head, Method.Get, HttpLimits.Default);
        Assert.Equal(ParseStatus.Complete, status);
        Assert.Equal(text.Length, scanned);
    }
}
