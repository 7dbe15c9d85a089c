using Tailrace.Http;

namespace Tailrace.Tests.Http.H1;

/// <summary>Field lines, which are the same in requests, responses and trailers.</summary>
public sealed class HeaderParserTests
{
    private const string LongName = "A-name-that-is-longer-than-a-vector_and.has_odd~bytes|that^look`like#its!end";

    private const string LongValue = "a value that is longer than any vector of this machine, with\ttabs\tin it";

    [Theory]
    [InlineData("X-A:1", "X-A", "1")]
    [InlineData("X-A: 1", "X-A", "1")]
    [InlineData("X-A:\t  1 2\t ", "X-A", "1 2")]
    [InlineData("X-A:", "X-A", "")]
    [InlineData("X-A: \t ", "X-A", "")]
    [InlineData("X-A: b: c::", "X-A", "b: c::")]
    [InlineData("X-A: \u00e9\u00ff\u0080", "X-A", "\u00e9\u00ff\u0080")]
    [InlineData("X-A: a\tb", "X-A", "a\tb")]
    [InlineData("a: ,", "a", ",")]
    [InlineData("X!#$%&'*+-.^_`|~9: 1", "X!#$%&'*+-.^_`|~9", "1")]
    [InlineData(LongName + ": 1", LongName, "1")]
    [InlineData("X: " + LongValue + "\t", "X", LongValue)]
    public void A_line_is_a_name_a_colon_and_a_trimmed_value(string line, string name, string value)
    {
        string text = $"GET / HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\n";
        RequestHead head = Wire.Request(text);
        Assert.Equal(2, head.Headers.Count);
        Assert.Equal(name, Wire.Text(head.Headers[1].Name, text));
        Assert.Equal(value, Wire.Text(head.Headers[1].Value, text));
        Assert.Equal(text.Length - 2, head.Headers[1].LineEnd);
    }

    [Theory]
    [InlineData("X-A : 1", Rejection.BadHeaderName)]
    [InlineData("X-A\t: 1", Rejection.BadHeaderName)]
    [InlineData("Transfer-Encoding : chunked", Rejection.BadHeaderName)]
    [InlineData("FooBar", Rejection.BadHeaderName)]
    [InlineData(": 1", Rejection.BadHeaderName)]
    [InlineData("X A: 1", Rejection.BadHeaderName)]
    [InlineData("X\0A: 1", Rejection.BadHeaderName)]
    [InlineData("X\u0080A: 1", Rejection.BadHeaderName)]
    [InlineData("X(A: 1", Rejection.BadHeaderName)]
    [InlineData("X/A: 1", Rejection.BadHeaderName)]
    [InlineData("X[]A: 1", Rejection.BadHeaderName)]
    [InlineData("X\"A: 1", Rejection.BadHeaderName)]
    [InlineData("X@A: 1", Rejection.BadHeaderName)]
    [InlineData("X=A: 1", Rejection.BadHeaderName)]
    [InlineData("X,A: 1", Rejection.BadHeaderName)]
    [InlineData("X\u0001A: 1", Rejection.BadHeaderName)]
    [InlineData("X\u007fA: 1", Rejection.BadHeaderName)]
    [InlineData("X-A: 1\r\n 2", Rejection.ObsoleteFold)]
    [InlineData("X-A: 1\r\n\t2", Rejection.ObsoleteFold)]
    [InlineData("X-A:\r\n 2", Rejection.ObsoleteFold)]
    [InlineData(" X-A: 1", Rejection.ObsoleteFold)]
    [InlineData(" ", Rejection.ObsoleteFold)]
    [InlineData("X-A: a\0b", Rejection.BadHeaderValue)]
    [InlineData("X-A: a\u0001b", Rejection.BadHeaderValue)]
    [InlineData("X-A: a\u007fb", Rejection.BadHeaderValue)]
    [InlineData("X-A: \va", Rejection.BadHeaderValue)]
    [InlineData("X-A: 1\nX-B: 2", Rejection.BareLineFeed)]
    [InlineData("X-A\n: 1", Rejection.BareLineFeed)]
    [InlineData("\nX-A: 1", Rejection.BareLineFeed)]
    [InlineData("X-A: 1\rX-B: 2", Rejection.BareCarriageReturn)]
    [InlineData("X-A: 1\rTransfer-Encoding: chunked", Rejection.BareCarriageReturn)]
    [InlineData("X-A: 1\r", Rejection.BareCarriageReturn)]
    [InlineData("\rX-A: 1", Rejection.BareCarriageReturn)]
    [InlineData("\r", Rejection.BareCarriageReturn)]
    public void A_line_that_could_be_read_two_ways_is_rejected(string lines, Rejection expected)
    {
        AssertRejected($"GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n\r\n", expected);
        AssertRejected($"GET / HTTP/1.1\r\n{lines}\r\nHost: h\r\n\r\n", expected);
        ResponseHead response = Wire.Response($"HTTP/1.1 200 OK\r\n{lines}\r\n\r\n", out ParseStatus status);
        Assert.Equal((ParseStatus.Rejected, expected), (status, response.Rejection));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\n\n", Rejection.BareLineFeed)]
    [InlineData("GET / HTTP/1.1\r\nHost: h\n\r\n", Rejection.BareLineFeed)]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", Rejection.BareCarriageReturn)]
    public void The_empty_line_is_CRLF_too(string text, Rejection expected) => AssertRejected(text, expected);

    [Fact]
    public void A_bad_line_is_unfinished_until_its_end_has_come()
    {
        RequestHead head = Wire.Request("GET / HTTP/1.1\r\nX A", out ParseStatus status);
        Assert.Equal((ParseStatus.NeedMore, Rejection.None), (status, head.Rejection));
        AssertRejected("GET / HTTP/1.1\r\nX A\n", Rejection.BadHeaderName);
    }

    [Fact]
    public void Nobody_waits_for_the_end_of_a_line_that_begins_with_CR()
    {
        Wire.Request("GET / HTTP/1.1\r\nHost: h\r\n\r", out ParseStatus status);
        Assert.Equal(ParseStatus.NeedMore, status);
        AssertRejected("GET / HTTP/1.1\r\nHost: h\r\n\rX", Rejection.BareCarriageReturn);
    }

    [Fact]
    public void As_many_fields_as_the_limit_are_read_and_no_more()
    {
        var limits = new HttpLimits { HeaderCountMax = 3 };
        string three = "GET / HTTP/1.1\r\nHost: h\r\na: 1\r\nb: 2\r\n";
        Wire.Request(three + "\r\n", out ParseStatus status, limits);
        Assert.Equal(ParseStatus.Complete, status);
        RequestHead head = Wire.Request(three + "c: 3\r\n", out status, limits);
        Assert.Equal((ParseStatus.Rejected, Rejection.TooManyHeaders), (status, head.Rejection));
    }

    private static void AssertRejected(string text, Rejection expected)
    {
        RequestHead head = Wire.Request(text, out ParseStatus status);
        Assert.Equal((ParseStatus.Rejected, expected), (status, head.Rejection));
    }
}
