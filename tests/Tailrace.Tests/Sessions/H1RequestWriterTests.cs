using System.Text;
using Tailrace.Http;
using Tailrace.Memory;
using Tailrace.Sessions;

namespace Tailrace.Tests.Sessions;

/// <summary>The head that an upstream gets: what is copied, what is left out, what is added.</summary>
public sealed class H1RequestWriterTests
{
    private static readonly RequestEdits s_none = new() { XForwarded = ForwardedPolicy.Off };

    private static readonly string[] s_fields =
    [
        "Accept: */*", "accept-encoding: gzip, br", "X-Custom:", "Cookie: a=b; c=d", "User-Agent: x/1 (y)", "X-Hop: 1",
        "Connection: x-hop", "Connection: keep-alive, X-HOP , other", "Keep-Alive: timeout=5", "Other: 2",
        "Upgrade: h2c",
        "TE: trailers", "Proxy-Connection: close", "Proxy-Authorization: Basic eA==", "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-Proto: https", "Forwarded: for=1.2.3.4", "Via: 1.1 x", "Content-Length: 3", "X-Last: z",
    ];

    private static readonly string[] s_alwaysDropped =
    [
        "connection", "keep-alive", "upgrade", "te", "proxy-connection", "proxy-authorization", "proxy-authenticate",
        "content-length", "transfer-encoding", "http2-settings",
    ];

    [Theory]
    [InlineData("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: \r\n\r\n")]
    [InlineData("GET / HTTP/1.0\r\nHost: h\r\nA: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n")]
    [InlineData("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET http://x HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET http://x? HTTP/1.1\r\nHost: h\r\n\r\n", "GET /? HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("OPTIONS http://x? HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS /? HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET http://x?q HTTP/1.1\r\nHost: h\r\n\r\n", "GET /?q HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET http://x/p?q HTTP/1.1\r\nHost: h\r\n\r\n", "GET /p?q HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("OPTIONS http://x HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 007\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n")]
    [InlineData(
        "POST / HTTP/1.1\r\nTransfer-Encoding: CHUNKED\r\nHost: h\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData(
        "GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n\r\n")]
    public void Without_edits(string request, string expected) => Assert.Equal(expected, Write(request, s_none));

    [Theory]
    [InlineData(HostPolicy.Keep, "Host: h:1\r\nA: b\r\n")]
    [InlineData(HostPolicy.Destination, "Host: origin:81\r\nA: b\r\n")]
    [InlineData(HostPolicy.Fixed, "Host: fixed\r\nA: b\r\n")]
    public void Host(HostPolicy policy, string expected)
    {
        var edits = s_none with { Host = policy, FixedHost = "fixed"u8.ToArray() };
        Assert.Equal($"GET / HTTP/1.1\r\n{expected}\r\n", Write("GET / HTTP/1.1\r\nHost: h:1\r\nA: b\r\n\r\n", edits));
        var behind = Write("GET / HTTP/1.1\r\nA: b\r\nHost: h:1\r\n\r\n", edits);
        Assert.Equal($"GET / HTTP/1.1\r\n{expected}\r\n", behind.Replace("A: b\r\nHost: h:1", "Host: h:1\r\nA: b"));
    }

    [Theory]
    [InlineData("10.0.0.1", "for=10.0.0.1;host=\"h:1\";proto=http")]
    [InlineData("unix", "for=unknown;host=\"h:1\";proto=http")]
    [InlineData("fe80::1", "for=\"[fe80::1]\";host=\"h:1\";proto=http")]
    public void Forwarding_fields(string client, string element)
    {
        const string request =
            "GET / HTTP/1.1\r\nHost: h:1\r\nX-Forwarded-For: a\r\nForwarded: for=a\r\nX-Forwarded-For: b\r\n\r\n";
        var append = new RequestEdits { Forwarded = ForwardedPolicy.Append, Via = true };
        Assert.Equal(
            $"GET / HTTP/1.1\r\nHost: h:1\r\nForwarded: for=a\r\nX-Forwarded-For: a, b, {client}\r\n"
            + $"X-Forwarded-Proto: http\r\nX-Forwarded-Host: h:1\r\nForwarded: {element}\r\nVia: 1.1 tailrace\r\n\r\n",
            Write(request, append, client));
        var set = new RequestEdits { XForwarded = ForwardedPolicy.Set, Forwarded = ForwardedPolicy.Set };
        Assert.Equal(
            $"GET / HTTP/1.1\r\nHost: h:1\r\nX-Forwarded-For: {client}\r\nX-Forwarded-Proto: http\r\n"
            + $"X-Forwarded-Host: h:1\r\nForwarded: {element}\r\n\r\n",
            Write(request, set, client));
        Assert.Equal(request, Write(request, s_none, client));
    }

    [Fact]
    public void What_an_earlier_hop_alone_can_know_is_kept_unless_nobody_is_trusted()
    {
        const string request = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: site\r\n"
            + "X-Forwarded-Port: 443\r\nX-Real-IP: 9.9.9.9\r\n\r\n";
        var kept = Write(request, new RequestEdits());
        Assert.Equal(request[..^2] + "X-Forwarded-For: 10.0.0.1\r\n\r\n", kept);
        var replaced = Write(request, new RequestEdits { XForwarded = ForwardedPolicy.Set });
        Assert.Equal(
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n\r\n",
            replaced);
    }

    [Fact]
    public void Copying_in_runs_is_copying_line_by_line()
    {
        var random = new Random(7);
        for (var round = 0; round < 3000; round++)
        {
            var lines = s_fields.Where(_ => random.Next(3) == 0).Append("Host: h").ToArray();
            random.Shuffle(lines);
            var request = $"GET / HTTP/1.1\r\n{string.Concat(lines.Select(line => line + "\r\n"))}\r\n";
            Assert.Equal(LineByLine(lines), Write(request, s_none));
        }
    }

    [Theory]
    [InlineData("GET /a?b HTTP/1.1\r\nHost: h:1\r\nAccept: */*\r\n\r\n")]
    [InlineData("\r\nGET / HTTP/1.1\r\nA: b\r\nHost: a-host-name-that-is-longer-than-one-vector.example\r\n\r\n")]
    [InlineData("DELETE / HTTP/1.1\r\nHost:h\r\nVia: 1.0 x\r\nForwarded: for=a\r\n\r\n")]
    [InlineData("ODD / HTTP/1.2\r\nHost: 127.0.0.1:8080\r\nX: \r\n\r\n")]
    public void The_usual_way_writes_what_the_strict_way_does(string request)
    {
        foreach (var policy in new[] { ForwardedPolicy.Append, ForwardedPolicy.Set })
        {
            foreach (var via in new[] { false, true })
            {
                var edits = new RequestEdits { XForwarded = policy, Via = via };
                Assert.True(edits.AddsOnly);
                for (var length = 2; length <= 45; length++)
                {
                    var client = "[2001:db8:1:2:3:4:192.168.100.200%interface12]"[..length];
                    Assert.Equal(WriteStrictly(request, edits, client), Write(request, edits, client));
                }
            }
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_nothing_is_written()
    {
        using var pools = new BufferPools(64, 128, 1024);
        var output = new ByteBuffer(pools);
        var head = Heads.Request($"GET / HTTP/1.1\r\nHost: h\r\nX: {new string('x', 200)}\r\n\r\n", out var bytes);
        Assert.False(H1RequestWriter.TryWrite(output, head, bytes, s_none, "c"u8, "d"u8));
        Assert.True(output.IsEmpty);
    }

    [Theory]
    [InlineData(HostPolicy.Fixed)]
    [InlineData(HostPolicy.Destination)]
    public void There_is_room_for_the_host_that_was_asked_for_twice_more(HostPolicy policy)
    {
        var host = new string('h', 3000);
        var edits = new RequestEdits { Host = policy, FixedHost = "f"u8.ToArray(), Forwarded = ForwardedPolicy.Append };
        var written = Write($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n", edits);
        Assert.Contains($"X-Forwarded-Host: {host}\r\n", written);
        Assert.Contains($";host=\"{host}\"", written);
    }

    private static string LineByLine(string[] lines)
    {
        var nominated = lines.Where(line => line.StartsWith("Connection:", StringComparison.Ordinal))
            .SelectMany(line => line["Connection:".Length..].Split(',')).Select(name => name.Trim().ToLowerInvariant());
        var dropped = s_alwaysDropped.Concat(nominated).ToHashSet();
        var kept = lines.Where(line => !dropped.Contains(line[..line.IndexOf(':')].ToLowerInvariant()));
        var te = lines.Contains("TE: trailers") ? "TE: trailers\r\nConnection: TE\r\n" : "";
        var length = lines.Contains("Content-Length: 3") ? "Content-Length: 3\r\n" : "";
        return $"GET / HTTP/1.1\r\n{string.Concat(kept.Select(line => line + "\r\n"))}{te}{length}\r\n";
    }

    private static string Write(string request, RequestEdits edits, string client = "10.0.0.1") => Write(
        request, client, (output, head, bytes, from) =>
            H1RequestWriter.TryWrite(output, head, bytes, edits, from, "origin:81"u8));

    private static string WriteStrictly(string request, RequestEdits edits, string client) => Write(
        request, client, (output, head, bytes, from) =>
            H1RequestWriter.TryWriteEdited(output, head, bytes, edits, from, "origin:81"u8, path: default));

    private static string Write(
        string request, string client, Func<ByteBuffer, RequestHead, byte[], byte[], bool> tryWrite)
    {
        using var pools = new BufferPools(4096, 16384, 1 << 20);
        var output = new ByteBuffer(pools);
        var head = Heads.Request(request, out var bytes);
        var from = Encoding.ASCII.GetBytes(client);
        Assert.True(tryWrite(output, head, bytes, from));
        var text = Encoding.Latin1.GetString(output.Unread);
        output.Clear();
        return text;
    }
}
