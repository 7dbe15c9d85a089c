using Tailrace.Http;

namespace Tailrace.Tests.Http;

/// <summary>The table of RFC 9112 section 6.3, row by row, as this reads it.</summary>
public sealed class BodyFramingTests
{
    private const string Chunked = "Transfer-Encoding: chunked\r\n";

    [Theory]
    [InlineData("GET", 1, "", BodyKind.None, -1)]
    [InlineData("POST", 1, "", BodyKind.None, -1)]
    [InlineData("PUT", 0, "", BodyKind.None, -1)]
    [InlineData("POST", 1, "Content-Length: 0\r\n", BodyKind.Length, 0)]
    [InlineData("POST", 1, "Content-Length: 5\r\n", BodyKind.Length, 5)]
    [InlineData("POST", 0, "Content-Length: 5\r\n", BodyKind.Length, 5)]
    [InlineData("POST", 1, "content-length:\t 0005 \t\r\n", BodyKind.Length, 5)]
    [InlineData("POST", 1, "Content-Length: 9223372036854775807\r\n", BodyKind.Length, long.MaxValue)]
    [InlineData("GET", 1, "Content-Length: 5\r\n", BodyKind.Length, 5)]
    [InlineData("HEAD", 1, "Content-Length: 5\r\n", BodyKind.Length, 5)]
    [InlineData("DELETE", 1, Chunked, BodyKind.Chunked, -1)]
    [InlineData("POST", 1, Chunked, BodyKind.Chunked, -1)]
    [InlineData("POST", 1, "transfer-ENCODING: \tcHuNkEd\t \r\n", BodyKind.Chunked, -1)]
    [InlineData("CONNECT", 1, "Content-Length: 0\r\n", BodyKind.Length, 0)]
    public void A_request_has_the_body_its_fields_say(
        string method, int minor, string fields, BodyKind kind, long length)
    {
        RequestHead head = Wire.Request(RequestWith(method, minor, fields));
        Assert.Equal((kind, length), (head.Body, head.ContentLength));
    }

    [Fact]
    public void A_post_of_1_0_says_how_long_it_is() => AssertRejected("POST", 0, "", Rejection.LengthRequired);

    [Theory]
    [InlineData("Content-Length: 5\r\n" + Chunked, Rejection.ConflictingFraming)]
    [InlineData(Chunked + "Content-Length: 5\r\n", Rejection.ConflictingFraming)]
    [InlineData("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", Rejection.ConflictingFraming)]
    [InlineData("Transfer-Encoding:\r\nContent-Length: 5\r\n", Rejection.ConflictingFraming)]
    [InlineData("Content-Length: x\r\n" + Chunked, Rejection.ConflictingFraming)]
    [InlineData(Chunked + Chunked, Rejection.BadTransferEncoding)]
    [InlineData(Chunked + "Transfer-Encoding: identity\r\n", Rejection.BadTransferEncoding)]
    [InlineData("Transfer-Encoding: gzip\r\n" + Chunked, Rejection.BadTransferEncoding)]
    [InlineData("Content-Length: 5\r\nContent-Length: 5\r\n", Rejection.BadContentLength)]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n", Rejection.BadContentLength)]
    [InlineData("Content-Length: 5\r\nContent-Length: x\r\n", Rejection.BadContentLength)]
    public void Framing_fields_that_repeat_or_contradict_are_rejected(string fields, Rejection expected) =>
        AssertRejected("POST", 1, fields, expected);

    [Theory]
    [InlineData("")]
    [InlineData("chunked;")]
    [InlineData("chunked;q=1")]
    [InlineData("chunked, chunked")]
    [InlineData("gzip, chunked, chunked")]
    [InlineData("chunked, gzip")]
    [InlineData("chunked,")]
    [InlineData(", chunked")]
    [InlineData("xchunked")]
    [InlineData("chunkedx")]
    [InlineData("identity")]
    [InlineData("gzip")]
    [InlineData("\"chunked\"")]
    [InlineData("'chunked'")]
    [InlineData("chunked x")]
    [InlineData(": chunked")]
    [InlineData("[chunked]")]
    [InlineData("gz\"ip, chunked")]
    [InlineData("\u00a0chunked")]
    [InlineData("chun\u00e2\u0084\u00aaed")]
    public void Only_chunked_ends_a_body(string value) =>
        AssertRejected("POST", 1, $"Transfer-Encoding: {value}\r\n", Rejection.BadTransferEncoding);

    [Theory]
    [InlineData("gzip, chunked")]
    [InlineData("gzip , deflate,\tCHUNKED")]
    public void A_coding_before_chunked_is_understood_and_not_supported(string value) =>
        AssertRejected("POST", 1, $"Transfer-Encoding: {value}\r\n", Rejection.UnsupportedTransferEncoding);

    [Theory]
    [InlineData("")]
    [InlineData("+5")]
    [InlineData("-5")]
    [InlineData("-0")]
    [InlineData("0x5")]
    [InlineData("5a")]
    [InlineData("5;q=1")]
    [InlineData("5.0")]
    [InlineData("5e0")]
    [InlineData("5 5")]
    [InlineData("5, 6")]
    [InlineData("5, 5")]
    [InlineData(",5")]
    [InlineData("5,")]
    [InlineData("\"5\"")]
    [InlineData("5_0")]
    [InlineData("\u00ef\u00bc\u0095")]
    [InlineData("9223372036854775808")]
    [InlineData("18446744073709551621")]
    [InlineData("00000000000000000005")]
    [InlineData("99999999999999999999999999999999999999999999999999999999999999999999999999")]
    public void A_length_is_digits_within_63_bits(string value) =>
        AssertRejected("POST", 1, $"Content-Length: {value}\r\n", Rejection.BadContentLength);

    [Fact]
    public void Transfer_Encoding_does_not_exist_in_the_old_version() =>
        AssertRejected("POST", 0, Chunked, Rejection.ConflictingFraming);

    [Theory]
    [InlineData("Content-Length: 1\r\n")]
    [InlineData(Chunked)]
    public void A_tunnel_has_no_body_to_begin_with(string fields) =>
        AssertRejected("CONNECT", 1, fields, Rejection.ConflictingFraming);

    [Theory]
    [InlineData("GET", 200, 1, "", BodyKind.UntilClose, -1)]
    [InlineData("GET", 200, 0, "", BodyKind.UntilClose, -1)]
    [InlineData("GET", 200, 1, "Content-Length: 5\r\n", BodyKind.Length, 5)]
    [InlineData("GET", 404, 0, "Content-Length: 0\r\n", BodyKind.Length, 0)]
    [InlineData("GET", 200, 1, Chunked, BodyKind.Chunked, -1)]
    [InlineData("HEAD", 200, 1, "", BodyKind.None, -1)]
    [InlineData("HEAD", 200, 1, "Content-Length: 500\r\n", BodyKind.None, 500)]
    [InlineData("HEAD", 404, 1, Chunked, BodyKind.None, -1)]
    [InlineData("GET", 100, 1, "", BodyKind.None, -1)]
    [InlineData("GET", 103, 1, "Content-Length: 5\r\n", BodyKind.None, 5)]
    [InlineData("GET", 101, 1, "", BodyKind.None, -1)]
    [InlineData("GET", 204, 1, "", BodyKind.None, -1)]
    [InlineData("GET", 204, 1, Chunked, BodyKind.None, -1)]
    [InlineData("GET", 205, 1, "", BodyKind.UntilClose, -1)]
    [InlineData("GET", 304, 1, "Content-Length: 500\r\n", BodyKind.None, 500)]
    [InlineData("CONNECT", 200, 1, "Content-Length: 5\r\n", BodyKind.None, 5)]
    [InlineData("CONNECT", 299, 1, Chunked, BodyKind.None, -1)]
    [InlineData("CONNECT", 300, 1, "", BodyKind.UntilClose, -1)]
    [InlineData("CONNECT", 407, 1, "Content-Length: 5\r\n", BodyKind.Length, 5)]
    public void A_response_has_the_body_its_request_and_status_allow(
        string method, int status, int minor, string fields, BodyKind kind, long length)
    {
        ResponseHead head = Wire.Response(ResponseWith(status, minor, fields), Methods.FromBytes(Wire.Bytes(method)));
        Assert.Equal((kind, length), (head.Body, head.ContentLength));
    }

    [Theory]
    [InlineData(200, 1, "Content-Length: 5\r\n" + Chunked, Rejection.ConflictingFraming)]
    [InlineData(200, 0, Chunked, Rejection.ConflictingFraming)]
    [InlineData(200, 1, Chunked + Chunked, Rejection.BadTransferEncoding)]
    [InlineData(200, 1, "Transfer-Encoding: frob\r\n", Rejection.BadTransferEncoding)]
    [InlineData(200, 1, "Transfer-Encoding: frob, chunked\r\n", Rejection.UnsupportedTransferEncoding)]
    [InlineData(200, 1, "Content-Length: 5\r\nContent-Length: 5\r\n", Rejection.BadContentLength)]
    [InlineData(200, 1, "Content-Length: 5, 5\r\n", Rejection.BadContentLength)]
    [InlineData(200, 1, "Content-Length:\r\n", Rejection.BadContentLength)]
    [InlineData(204, 1, "Content-Length: x\r\n", Rejection.BadContentLength)]
    public void A_response_without_one_meaning_is_rejected(int status, int minor, string fields, Rejection expected)
    {
        ResponseHead head = Wire.Response(ResponseWith(status, minor, fields), out ParseStatus outcome);
        Assert.Equal((ParseStatus.Rejected, expected), (outcome, head.Rejection));
    }

    [Theory]
    [InlineData(5, 5, true)]
    [InlineData(5, 6, false)]
    [InlineData(0, 6, true)]
    public void A_body_beyond_the_limit_is_turned_away_by_its_length(long max, long length, bool isAccepted)
    {
        var limits = new HttpLimits { BodyBytesMax = max };
        RequestHead head = Wire.Request(
            RequestWith("POST", 1, $"Content-Length: {length}\r\n"), out ParseStatus status, limits);
        Assert.Equal(isAccepted ? Rejection.None : Rejection.BodyTooLarge, head.Rejection);
        Assert.Equal(isAccepted ? ParseStatus.Complete : ParseStatus.Rejected, status);
        ResponseHead response = Wire.Response(
            ResponseWith(200, 1, $"Content-Length: {length}\r\n"), out _, Method.Get, limits);
        Assert.Equal(head.Rejection, response.Rejection);
        response = Wire.Response(ResponseWith(200, 1, $"Content-Length: {length}\r\n"), out _, Method.Head, limits);
        Assert.Equal(Rejection.None, response.Rejection);
    }

    private static void AssertRejected(string method, int minor, string fields, Rejection expected)
    {
        RequestHead head = Wire.Request(RequestWith(method, minor, fields), out ParseStatus status);
        Assert.Equal((ParseStatus.Rejected, expected), (status, head.Rejection));
    }

    private static string RequestWith(string method, int minor, string fields) =>
        $"{method} {(method == "CONNECT" ? "h:1" : "/")} HTTP/1.{minor}\r\nHost: h\r\n{fields}\r\n";

    private static string ResponseWith(int status, int minor, string fields) =>
        $"HTTP/1.{minor} {status} X\r\n{fields}\r\n";
}
