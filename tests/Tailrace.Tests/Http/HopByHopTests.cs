using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Tests.Http;

public sealed class HopByHopTests
{
    private static string[] RemovedOf(string fields, out RequestHead head)
    {
        string text = $"POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n";
        byte[] bytes = Wire.Bytes(text);
        head = Wire.Request(text);
        var removed = new List<string>();
        foreach (HeaderField field in head.Headers.Fields)
        {
            if (HopByHop.IsHopByHop(field, bytes, head))
                removed.Add(Wire.Text(field.Name, text));
        }
        return [.. removed];
    }

    [Fact]
    public void Fields_of_the_hop_are_removed_whatever_Connection_says()
    {
        string[] hop =
        [
            "Keep-Alive", "proxy-connection", "TE", "Upgrade", "Proxy-Authenticate", "Proxy-Authorization",
            "HTTP2-Settings", "Connection", "Transfer-Encoding",
        ];
        string fields = string.Concat(hop[..^1].Select(name => $"{name}: x\r\n")) + "Transfer-Encoding: chunked\r\n";
        Assert.Equal(hop, RemovedOf(fields, out _));
    }

    [Fact]
    public void Fields_of_the_message_pass()
    {
        Assert.Empty(RemovedOf("Trailer: X\r\nContent-Length: 5\r\nX-A: 1\r\nCookie: a\r\n", out RequestHead head));
        Assert.False(head.HasConnectionOptions);
    }

    [Fact]
    public void Fields_that_Connection_names_are_removed_in_any_case()
    {
        string[] removed = RemovedOf(
            "X-Stay: 1\r\nConnection: close, x-HOP , X-Hip\r\nX-Hop: 1\r\nX-Hip: 2\r\nX-Hop-Not: 3\r\n",
            out RequestHead head);
        Assert.Equal(["Connection", "X-Hop", "X-Hip"], removed);
        Assert.True(head.HasConnectionOptions);
        Assert.False(head.KeepAlive);
    }

    [Fact]
    public void Every_Connection_line_counts()
    {
        string[] removed = RemovedOf(
            "Connection: X-One\r\nX-One: 1\r\nX-Two: 2\r\nConnection: keep-alive\r\nConnection: ,X-Two\r\n",
            out RequestHead head);
        Assert.Equal(["Connection", "X-One", "X-Two", "Connection", "Connection"], removed);
        Assert.True(head.HasConnectionOptions);
        Assert.True(head.KeepAlive);
    }

    [Fact]
    public void Connection_has_no_say_in_where_a_message_goes_or_ends()
    {
        string[] removed = RemovedOf(
            "Content-Length: 5\r\nConnection: Host, Content-Length, host\r\n", out RequestHead head);
        Assert.Equal(["Connection"], removed);
        Assert.Equal(BodyKind.Length, head.Body);
        Assert.Equal(1, head.Authority.Length);
    }

    [Fact]
    public void Known_options_alone_are_no_reason_to_look_at_every_field()
    {
        Assert.Equal(
            ["Connection", "Upgrade", "TE"],
            RemovedOf("Connection: Keep-Alive, upgrade, TE,,\r\nUpgrade: x\r\nTE: trailers\r\n", out RequestHead head));
        Assert.False(head.HasConnectionOptions);
        Assert.True(head.IsUpgrade && head.TeTrailers);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(16, true)]
    [InlineData(17, false)]
    [InlineData(5200, false)]
    public void Connection_may_name_a_few_fields_that_are_not_well_known(int count, bool isAccepted)
    {
        string names = string.Join(',', Enumerable.Repeat("q", count));
        Wire.Request($"GET / HTTP/1.1\r\nHost: h\r\nConnection: {names}\r\n\r\n", out ParseStatus status);
        Assert.Equal(isAccepted ? ParseStatus.Complete : ParseStatus.Rejected, status);
        Wire.Response($"HTTP/1.1 200 OK\r\nConnection: {names}\r\nContent-Length: 0\r\n\r\n", out status);
        Assert.Equal(isAccepted ? ParseStatus.Complete : ParseStatus.Rejected, status);
    }

    [Fact]
    public void All_Connection_lines_together_may_name_that_many()
    {
        string lines = string.Concat(Enumerable.Range(0, 9).Select(i => $"Connection: close, X-{i}, y-{i}\r\n"));
        Wire.Request($"GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n", out ParseStatus status);
        Assert.Equal(ParseStatus.Rejected, status);
        Wire.Request($"GET / HTTP/1.1\r\nHost: h\r\n{lines[..lines.IndexOf("Connection: close, X-8")]}\r\n");
    }

    [Fact]
    public void Options_and_well_known_fields_may_be_named_at_any_length()
    {
        string names = string.Concat(Enumerable.Repeat("close, TE,,cookie,Host , X-Forwarded-For,", 200));
        string[] removed = RemovedOf(
            $"Connection: {names}\r\nCookie: a\r\nAccept: b\r\nx-forwarded-for: c\r\nX: d\r\n", out RequestHead head);
        Assert.Equal(["Connection", "Cookie", "x-forwarded-for"], removed);
        Assert.True(head.HasConnectionOptions);
    }

    [Theory]
    [InlineData("q,")]
    [InlineData("close,")]
    [InlineData("cookie,")]
    [InlineData(", ,")]
    [InlineData("close\r\nConnection: ")]
    [InlineData("close, x-accept, x-hop, accept\r\nConnection: ")]
    public void What_a_field_costs_does_not_grow_with_what_Connection_says(string part)
    {
        var limits = new HttpLimits { HeadBytesMax = 64 * 1024, HeaderCountMax = 4096 };
        for (int count = 1; count * part.Length < 60_000; count += 1 + count / 4)
        {
            string names = string.Concat(Enumerable.Repeat(part, count));
            string text = $"GET / HTTP/1.1\r\nHost: h\r\nConnection: {names}\r\n\r\n";
            var head = new RequestHead(limits.HeaderCountMax);
            int scanned = 0;
            ParseStatus status = RequestParser.Parse(Wire.Bytes(text), ref scanned, head, limits);
            int others = status == ParseStatus.Complete && head.HasConnectionOptions ? head.Nominated.OtherCount : 0;
            // It is compared with so many names, and nothing is walked.
            Assert.InRange(others, 0, NominatedFields.OthersMax);
            Assert.Equal(status == ParseStatus.Rejected, head.Rejection == Rejection.TooManyConnectionOptions);
        }
    }
}
