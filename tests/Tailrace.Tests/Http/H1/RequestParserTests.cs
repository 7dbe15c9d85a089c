using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Tests.Http.H1;

public sealed class RequestParserTests
{
    private const string Host = "Host: h.example\r\n";

    [Fact]
    public void A_plain_request_is_read()
    {
        const string Text = "GET /a/b?x=1?y HTTP/1.1\r\nHost: h.example:80\r\n\r\nbody";
        RequestHead head = Wire.Request(Text);
        Assert.Equal((Method.Get, TargetForm.Origin, 1), (head.Method, head.Form, head.MinorVersion));
        Assert.Equal("GET", Wire.Text(head.MethodText, Text));
        Assert.Equal("/a/b?x=1?y", Wire.Text(head.Target, Text));
        Assert.Equal("/a/b", Wire.Text(head.Path, Text));
        Assert.Equal("x=1?y", Wire.Text(head.Query, Text));
        Assert.Equal("h.example:80", Wire.Text(head.Authority, Text));
        Assert.Equal(Text.Length - 4, head.Length);
        Assert.Equal((BodyKind.None, -1), (head.Body, head.ContentLength));
        Assert.True(head.KeepAlive);
        Assert.False(head.ExpectContinue || head.IsUpgrade || head.TeTrailers || head.HasConnectionOptions);
    }

    [Theory]
    [InlineData("GET", "/", TargetForm.Origin, "/", "", "h.example")]
    [InlineData("GET", "/?", TargetForm.Origin, "/", "", "h.example")]
    [InlineData("GET", "//x//y", TargetForm.Origin, "//x//y", "", "h.example")]
    [InlineData("GET", "/*", TargetForm.Origin, "/*", "", "h.example")]
    [InlineData("GET", "/a?b=http://c/?d", TargetForm.Origin, "/a", "b=http://c/?d", "h.example")]
    [InlineData("GET", "/%2F%zz%00\\'\"{}|^`[]", TargetForm.Origin, "/%2F%zz%00\\'\"{}|^`[]", "", "h.example")]
    [InlineData("GET", "http://o.example/p?q", TargetForm.Absolute, "/p", "q", "o.example")]
    [InlineData("GET", "HTTP://O.example:80/p", TargetForm.Absolute, "/p", "", "O.example:80")]
    [InlineData("GET", "hTTpS://[::1]:8/p", TargetForm.Absolute, "/p", "", "[::1]:8")]
    [InlineData("GET", "http://o.example", TargetForm.Absolute, "", "", "o.example")]
    [InlineData("GET", "http://o.example?q=/x", TargetForm.Absolute, "", "q=/x", "o.example")]
    [InlineData("OPTIONS", "*", TargetForm.Asterisk, "*", "", "h.example")]
    [InlineData("OPTIONS", "/x", TargetForm.Origin, "/x", "", "h.example")]
    [InlineData("OPTIONS", "http://o.example", TargetForm.Absolute, "", "", "o.example")]
    [InlineData("CONNECT", "o.example:443", TargetForm.Authority, "", "", "o.example:443")]
    [InlineData("CONNECT", "[::1]:443", TargetForm.Authority, "", "", "[::1]:443")]
    public void A_target_is_split_by_its_form(
        string method, string target, TargetForm form, string path, string query, string authority)
    {
        string text = $"{method} {target} HTTP/1.1\r\n{Host}\r\n";
        RequestHead head = Wire.Request(text);
        Assert.Equal(form, head.Form);
        Assert.Equal(target, Wire.Text(head.Target, text));
        Assert.Equal(path, Wire.Text(head.Path, text));
        Assert.Equal(query, Wire.Text(head.Query, text));
        Assert.Equal(authority, Wire.Text(head.Authority, text));
    }

    [Theory]
    [InlineData("GET", "foo")]
    [InlineData("GET", "../x")]
    [InlineData("GET", "?q")]
    [InlineData("GET", "*")]
    [InlineData("OPTIONS", "**")]
    [InlineData("OPTIONS", "*?q")]
    [InlineData("GET", "h.example:80")]
    [InlineData("GET", "ftp://h.example/")]
    [InlineData("GET", "http:/h.example/")]
    [InlineData("GET", "http://")]
    [InlineData("GET", "http:///p")]
    [InlineData("GET", "http://?q")]
    [InlineData("GET", "http://u:p@h.example/")]
    [InlineData("GET", "http://h.example:x/")]
    [InlineData("GET", "/#fragment")]
    [InlineData("GET", "/?q#fragment")]
    [InlineData("GET", "/\u0001x")]
    [InlineData("GET", "/\0x")]
    [InlineData("GET", "/\tx")]
    [InlineData("GET", "/?q\u007f")]
    [InlineData("GET", "/\u00c3\u00a9")]
    [InlineData("CONNECT", "/")]
    [InlineData("CONNECT", "*")]
    [InlineData("CONNECT", "h.example")]
    [InlineData("CONNECT", "h.example:")]
    [InlineData("CONNECT", "http://h.example:80")]
    [InlineData("CONNECT", "h.example:80?q")]
    [InlineData("CONNECT", "u@h.example:80")]
    public void A_target_of_no_allowed_form_is_rejected(string method, string target) =>
        AssertRejected($"{method} {target} HTTP/1.1\r\n{Host}\r\n", Rejection.BadTarget);

    [Theory]
    [InlineData(" GET / HTTP/1.1\r\n", Rejection.BadRequestLine)]
    [InlineData("GET  / HTTP/1.1\r\n", Rejection.BadRequestLine)]
    [InlineData("GET HTTP/1.1\r\n", Rejection.BadRequestLine)]
    [InlineData("GET\r\n", Rejection.BadRequestLine)]
    [InlineData("GET\n", Rejection.BadRequestLine)]
    [InlineData("GET /\r\n", Rejection.BadRequestLine)]
    [InlineData("GET /\n", Rejection.BadRequestLine)]
    [InlineData("GET /\rx HTTP/1.1\r\n", Rejection.BadRequestLine)]
    [InlineData("GET / \r\n", Rejection.BadVersion)]
    [InlineData("GET /  HTTP/1.1\r\n", Rejection.BadVersion)]
    [InlineData("GET / /x HTTP/1.1\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/1.1 \r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/1.1\t\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/1.1 HTTP/1.1\r\n", Rejection.BadVersion)]
    [InlineData("GET\t/\tHTTP/1.1\r\n", Rejection.BadMethod)]
    [InlineData("GET\v/ HTTP/1.1\r\n", Rejection.BadMethod)]
    [InlineData("GE(T / HTTP/1.1\r\n", Rejection.BadMethod)]
    [InlineData("GE\0T / HTTP/1.1\r\n", Rejection.BadMethod)]
    [InlineData("GET: / HTTP/1.1\r\n", Rejection.BadMethod)]
    [InlineData("G\u00c9T / HTTP/1.1\r\n", Rejection.BadMethod)]
    [InlineData("HTTP/1.1 200 OK\r\n", Rejection.BadMethod)]
    [InlineData("\u0016\u0003\u0001\0\u00c8", Rejection.BadMethod)]
    [InlineData("\0\0", Rejection.BadMethod)]
    [InlineData("\r\n\r\n\r\nGET / HTTP/1.1\r\n", Rejection.BadRequestLine)]
    [InlineData("\n", Rejection.BadRequestLine)]
    [InlineData("\rG", Rejection.BadRequestLine)]
    [InlineData("GET / http/1.1\r\n", Rejection.BadVersion)]
    [InlineData("GET / HtTP/1.1\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTPS/1.1\r\n", Rejection.BadVersion)]
    [InlineData("GET / ICAP/1.0\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/1.10\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/01.1\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/1\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/1.\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/11\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/1,1\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/ 1.1\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/-1.1\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/x.y\r\n", Rejection.BadVersion)]
    [InlineData("GET / HTTP/2.0\r\n", Rejection.UnsupportedVersion)]
    [InlineData("GET / HTTP/0.9\r\n", Rejection.UnsupportedVersion)]
    [InlineData("PRI * HTTP/2.0\r\n", Rejection.UnsupportedVersion)]
    [InlineData("GET / HTTP/1.1\n", Rejection.BareLineFeed)]
    [InlineData("GET / HTTP/1.0\n", Rejection.BareLineFeed)]
    [InlineData("GET / HTTP/1.1\rH", Rejection.BareCarriageReturn)]
    [InlineData("OPTIONS sip:x@h.example SIP/2.0\r\n", Rejection.BadVersion)]
    public void A_request_line_that_is_not_exact_is_rejected_before_any_field(string line, Rejection expected) =>
        AssertRejected(line, expected);

    [Theory]
    [InlineData("HTTP/1.0", 0)]
    [InlineData("HTTP/1.1", 1)]
    [InlineData("HTTP/1.2", 1)]
    [InlineData("HTTP/1.9", 1)]
    public void A_later_minor_version_is_treated_as_the_last_known(string version, int minor) =>
        Assert.Equal(minor, Wire.Request($"GET / {version}\r\n{Host}\r\n").MinorVersion);

    [Theory]
    [InlineData("get", Method.Other)]
    [InlineData("POST", Method.Post)]
    [InlineData("A!#$%&'*+-.^_`|~9", Method.Other)]
    [InlineData("MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM", Method.Other)]
    public void Any_token_is_a_method(string method, Method expected)
    {
        string text = $"{method} / HTTP/1.1\r\n{Host}\r\n";
        RequestHead head = Wire.Request(text);
        Assert.Equal((expected, method), (head.Method, Wire.Text(head.MethodText, text)));
    }

    [Fact]
    public void A_method_longer_than_any_is_turned_away_without_waiting_for_its_end() =>
        AssertRejected(new string('M', 33), Rejection.MethodTooLong);

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\r\n\r\n")]
    public void Empty_lines_before_a_request_count_into_its_length(string lines)
    {
        string text = $"{lines}GET /x HTTP/1.1\r\n{Host}\r\n";
        RequestHead head = Wire.Request(text);
        Assert.Equal(text.Length, head.Length);
        Assert.Equal(lines.Length, head.MethodText.Offset);
        Assert.Equal("/x", Wire.Text(head.Path, text));
        Assert.Equal("h.example", Wire.Text(head.Authority, text));
    }

    [Theory]
    [InlineData("", Rejection.MissingHost)]
    [InlineData("X-Host: h\r\n", Rejection.MissingHost)]
    [InlineData("Host: h\r\nHost: h\r\n", Rejection.DuplicateHost)]
    [InlineData("Host: h\r\nhOST: evil\r\n", Rejection.DuplicateHost)]
    [InlineData("Host:\r\n", Rejection.BadHost)]
    [InlineData("Host: a b\r\n", Rejection.BadHost)]
    [InlineData("Host: a.example, b.example\r\n", Rejection.BadHost)]
    [InlineData("Host: h/x\r\n", Rejection.BadHost)]
    [InlineData("Host: u@h\r\n", Rejection.BadHost)]
    public void There_is_one_Host_and_it_is_valid(string fields, Rejection expected)
    {
        AssertRejected($"GET / HTTP/1.1\r\n{fields}\r\n", expected);
        AssertRejected($"GET http://h.example/ HTTP/1.1\r\n{fields}\r\n", expected);
    }

    [Fact]
    public void Host_may_be_absent_in_the_old_version_only()
    {
        Assert.True(Wire.Request("GET / HTTP/1.0\r\n\r\n").Authority.IsEmpty);
        AssertRejected("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", Rejection.BadHost);
        AssertRejected("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", Rejection.DuplicateHost);
    }

    [Theory]
    [InlineData(1, "", true)]
    [InlineData(0, "", false)]
    [InlineData(1, "Connection: close\r\n", false)]
    [InlineData(1, "Connection: foo, CLOSE\r\n", false)]
    [InlineData(1, "Connection: keep-alive\r\nConnection: close\r\n", false)]
    [InlineData(0, "Connection: Keep-Alive\r\n", true)]
    [InlineData(0, "Connection: keep-alive, close\r\n", false)]
    [InlineData(1, "Connection: closed\r\n", true)]
    [InlineData(1, "Connection:\r\n", true)]
    public void Persistence_follows_version_and_Connection(int minor, string fields, bool expected) =>
        Assert.Equal(expected, Wire.Request($"GET / HTTP/1.{minor}\r\n{Host}{fields}\r\n").KeepAlive);

    [Theory]
    [InlineData(1, "Expect: 100-continue\r\nContent-Length: 5\r\n", true)]
    [InlineData(1, "Expect: 100-CONTINUE\r\nTransfer-Encoding: chunked\r\n", true)]
    [InlineData(0, "Expect: 100-continue\r\nContent-Length: 5\r\n", false)]
    [InlineData(1, "Expect: 100-continue\r\n", false)]
    [InlineData(1, "Expect: 100-continue\r\nContent-Length: 0\r\n", false)]
    [InlineData(1, "Expect: frob\r\nContent-Length: 5\r\n", false)]
    public void A_client_waits_for_100_only_with_a_body_to_send(int minor, string fields, bool expected) =>
        Assert.Equal(expected, Wire.Request($"POST / HTTP/1.{minor}\r\n{Host}{fields}\r\n").ExpectContinue);

    [Theory]
    [InlineData(1, "Connection: Upgrade\r\nUpgrade: websocket\r\n", true)]
    [InlineData(1, "Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\n", true)]
    [InlineData(1, "Upgrade: websocket\r\n", false)]
    [InlineData(1, "Connection: Upgrade\r\n", false)]
    [InlineData(0, "Connection: Upgrade\r\nUpgrade: websocket\r\n", false)]
    public void An_upgrade_is_asked_for_with_both_fields(int minor, string fields, bool expected) =>
        Assert.Equal(expected, Wire.Request($"GET / HTTP/1.{minor}\r\n{Host}{fields}\r\n").IsUpgrade);

    [Theory]
    [InlineData("TE: trailers\r\n", true)]
    [InlineData("TE: gzip\r\nTE: gzip;q=0.5, Trailers\r\n", true)]
    [InlineData("TE: trailers;q=0.5\r\n", false)]
    [InlineData("TE: gzip\r\n", false)]
    [InlineData("TE:\r\n", false)]
    [InlineData("", false)]
    public void Trailers_are_welcome_when_TE_says_so(string fields, bool expected) =>
        Assert.Equal(expected, Wire.Request($"GET / HTTP/1.1\r\n{Host}{fields}\r\n").TeTrailers);

    [Fact]
    public void A_head_is_as_new_for_the_next_request()
    {
        var head = new RequestHead();
        string full = $"POST http://o:1/p?q HTTP/1.1\r\n{Host}Connection: close, X, upgrade\r\nUpgrade: x\r\n"
            + "TE: trailers\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        Read(head, full);
        Assert.True(head.ExpectContinue && head.IsUpgrade && head.TeTrailers && head.HasConnectionOptions);
        Read(head, "OPTIONS * HTTP/1.0\r\n\r\n");
        Assert.Equal((Method.Options, TargetForm.Asterisk, 0), (head.Method, head.Form, head.MinorVersion));
        Assert.Equal((BodyKind.None, -1L, 0), (head.Body, head.ContentLength, head.Headers.Count));
        Assert.True(head.Query.IsEmpty && head.Authority.IsEmpty);
        Assert.False(head.ExpectContinue || head.IsUpgrade || head.TeTrailers || head.HasConnectionOptions);
        Assert.False(head.KeepAlive);
    }

    private static void Read(RequestHead head, string text)
    {
        int scanned = 0;
        ParseStatus status = RequestParser.Parse(Wire.Bytes(text), ref scanned, head, HttpLimits.Default);
        Assert.Equal(ParseStatus.Complete, status);
        Assert.Equal(text.Length, scanned);
    }

    private static void AssertRejected(string text, Rejection expected)
    {
        RequestHead head = Wire.Request(text, out ParseStatus status);
        Assert.Equal((ParseStatus.Rejected, expected), (status, head.Rejection));
    }
}
