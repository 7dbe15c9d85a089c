using Tailrace.Http;

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
            if (HopByHop.IsHopByHop(field, bytes, head.Headers))
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
}
