using System.Text;
using System.Text.RegularExpressions;
using Tailrace.Handlers;
using Tailrace.Http;
using Tailrace.Memory;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Sessions;

/// <summary>The head of an upstream's answer that a client gets.</summary>
public sealed partial class H1ResponseWriterTests : IDisposable
{
    private static readonly H1Framing s_length = new(BodyKind.Length, 5, true, 1);

    private static readonly string[] s_fields =
    [
        "Date: today", "Server: x", "Content-Type: text/html", "Connection: x-hop", "Connection: Close", "X-Hop: 1",
        "Keep-Alive: timeout=5", "Set-Cookie: a=b", "set-cookie: c=d", "Content-Length: 5", "Proxy-Authenticate: Basic",
        "Upgrade: h2c", "Via: 1.1 x", "ETag: \"x\"", "X-Empty:",
    ];

    private readonly LoopRig _rig = new("portable");
    private readonly ServerContext _context;

    public H1ResponseWriterTests() =>
        _context = new ServerContext(_rig.Reactor, new ServerSettings(), (_, _, _) => FixedReply.NotFound, null);

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n")]
    [InlineData("HTTP/1.0 200 Fine\r\n", "HTTP/1.1 200 Fine\r\n")]
    [InlineData("HTTP/1.1 299 \r\n", "HTTP/1.1 299 \r\n")]
    [InlineData("HTTP/1.1 404\r\n", "HTTP/1.1 404 \r\n")]
    [InlineData("HTTP/1.1 200 caf\u00e9\r\n", "HTTP/1.1 200 caf\u00e9\r\n")]
    public void The_status_line_is_the_upstreams_in_our_version(string line, string expected) => Assert.Equal(
        $"{expected}Date: d\r\nContent-Length: 5\r\n\r\n",
        Write($"{line}Date: d\r\nContent-Length: 5\r\n\r\n", s_length));

    [Theory]
    [InlineData(BodyKind.Length, 5, true, 1, "Content-Length: 5\r\n")]
    [InlineData(BodyKind.Length, 0, false, 1, "Content-Length: 0\r\nConnection: close\r\n")]
    [InlineData(BodyKind.Length, 5, true, 0, "Content-Length: 5\r\nConnection: keep-alive\r\n")]
    [InlineData(BodyKind.Chunked, -1, true, 1, "Transfer-Encoding: chunked\r\n")]
    [InlineData(BodyKind.UntilClose, -1, false, 0, "Connection: close\r\n")]
    [InlineData(BodyKind.None, -1, true, 1, "")]
    [InlineData(BodyKind.None, 1000, true, 1, "Content-Length: 1000\r\n")]
    public void The_framing_is_ours(BodyKind kind, long length, bool keepAlive, int minor, string expected)
    {
        const string response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: d\r\n\r\n";
        var framing = new H1Framing(kind, length, keepAlive, minor);
        Assert.Equal($"HTTP/1.1 200 OK\r\nDate: d\r\n{expected}\r\n", Write(response, framing));
    }

    [Fact]
    public void A_date_is_added_where_there_is_none() => Assert.Equal(
        "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\n",
        Write("HTTP/1.1 200 OK\r\n\r\n", s_length));

    [Theory]
    [InlineData("HTTP/1.1", "1.1")]
    [InlineData("HTTP/1.0", "1.0")]
    public void Via_names_the_version_that_was_received(string version, string expected) => Assert.Equal(
        $"HTTP/1.1 200 OK\r\nDate: d\r\nVia: {expected} tailrace\r\nContent-Length: 5\r\n\r\n",
        Write($"{version} 200 OK\r\nDate: d\r\n\r\n", s_length, new ResponseEdits { Via = true }));

    [Fact]
    public void Copying_in_runs_is_copying_line_by_line()
    {
        var random = new Random(11);
        string[] dropped = ["connection", "keep-alive", "content-length", "proxy-authenticate", "upgrade"];
        for (var round = 0; round < 3000; round++)
        {
            var lines = s_fields.Where(_ => random.Next(2) == 0).ToArray();
            random.Shuffle(lines);
            var isNominated = lines.Contains("Connection: x-hop");
            var kept = lines.Where(line => line[..line.IndexOf(':')].ToLowerInvariant() is var name
                && !dropped.Contains(name) && !(isNominated && name == "x-hop")).ToList();
            if (!lines.Contains("Date: today")) kept.Add("Date: now");
            kept.Add("Content-Length: 5");
            Assert.Equal(
                $"HTTP/1.1 200 OK\r\n{Join(kept)}\r\n", Write($"HTTP/1.1 200 OK\r\n{Join(lines)}\r\n", s_length));
        }

        static string Join(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\r\n"));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: {0}\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: {0}\r\nServer: x\r\n\r\n")]
    [InlineData("HTTP/1.1 404 Not Found\r\nA: b\r\ncontent-length:0{0} \r\nKeep-Alive: timeout=5\r\nX-Last: z\r\n\r\n")]
    [InlineData("HTTP/1.1 299 \r\nProxy-Authenticate: Basic\r\nContent-Length: {0}\r\n\r\n")]
    public void A_whole_answer_is_its_head_and_its_body(string form)
    {
        foreach (var length in new[] { 0, 7, 8, 16, 17, 32, 33, 4096, 4097 })
        {
            var body = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + i % 26)));
            var response = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, length);
            var expected = Write(response, new H1Framing(BodyKind.Length, length, true, 1)) + body;
            var head = Heads.Response(response, out _);
            var message = Encoding.Latin1.GetBytes(response + body);
            Assert.True(H1ResponseWriter.IsPlain(head));
            var output = new byte[H1ResponseWriter.RoomForWhole(message)];
            var written = H1ResponseWriter.ForwardWhole(output, head, message, _context.DateAndLength());
            Assert.Equal(expected, OurDate().Replace(Encoding.Latin1.GetString(output, 0, written), "Date: now\r\n"));
            Assert.Equal(0, H1ResponseWriter.ForwardWhole(output.AsSpan(0, written - 1), head, message, _context.DateAndLength()));
        }
    }

    [Fact]
    public void An_interim_answer_has_neither_framing_nor_date()
    {
        using var pools = new BufferPools(4096, 16384, 1 << 20);
        var output = new ByteBuffer(pools);
        const string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\nX: 1\r\n\r\n";
        var head = Heads.Response(hints, out var bytes);
        Assert.True(H1ResponseWriter.TryForwardInterim(output, head, bytes));
        Assert.Equal("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", Encoding.Latin1.GetString(output.Unread));
        output.Clear();
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_nothing_is_written()
    {
        using var pools = new BufferPools(64, 128, 1024);
        var output = new ByteBuffer(pools);
        var head = Heads.Response($"HTTP/1.1 200 OK\r\nX: {new string('x', 200)}\r\n\r\n", out var bytes);
        Assert.False(H1ResponseWriter.TryForward(output, head, bytes, s_length, new ResponseEdits(), _context.DateLine()));
        Assert.False(H1ResponseWriter.TryForwardInterim(output, head, bytes));
        Assert.True(output.IsEmpty);
    }

    private string Write(string response, H1Framing framing, ResponseEdits? edits = null)
    {
        using var pools = new BufferPools(4096, 16384, 1 << 20);
        var output = new ByteBuffer(pools);
        var head = Heads.Response(response, out var bytes);
        Assert.True(H1ResponseWriter.TryForward(output, head, bytes, framing, edits ?? new ResponseEdits(), _context.DateLine()));
        var text = Encoding.Latin1.GetString(output.Unread);
        output.Clear();
        return OurDate().Replace(text, "Date: now\r\n");
    }

    [GeneratedRegex("Date: [^\r]+GMT\r\n")]
    private static partial Regex OurDate();
}
