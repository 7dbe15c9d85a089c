using Tailrace.Handlers;
using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Tests.Http;
using Tailrace.Tests.Io;
using Tailrace.Tests.Sessions;

namespace Tailrace.Tests.Proxy;

/// <summary>The most specific route wins, whatever the order they were added in.</summary>
public sealed class RouteTableTests : IDisposable
{
    private readonly LoopRig _rig = new("portable");

    public void Dispose() => _rig.Dispose();

    private static readonly (string Host, string Path, bool IsPrefix)[] s_routes =
    [
        ("", "", false), ("", "/any", false), ("", "/any/", true), ("", "/any/deep", true),
        ("a.example", "/p", true), ("a.example", "/p/q", true), ("a.example", "/p", false), ("a.example", "/S", false),
        ("*.example", "", true), ("*.b.example", "/only", true), ("[::1]", "", true), ("final.", "", true),
    ];

    [Theory]
    [InlineData("a.example", "/p", "a.example /p")]
    [InlineData("A.EXAMPLE", "/p", "a.example /p")]
    [InlineData("a.example:8080", "/p", "a.example /p")]
    [InlineData("a.example.", "/p", "a.example /p")]
    [InlineData("a.example.:80", "/p", "a.example /p")]
    [InlineData("a.example", "/p?query", "a.example /p")]
    [InlineData("a.example", "/p/", "a.example /p*")]
    [InlineData("a.example", "/p/qq", "a.example /p*")]
    [InlineData("a.example", "/p/q", "a.example /p/q*")]
    [InlineData("a.example", "/p/q/r", "a.example /p/q*")]
    [InlineData("a.example", "/S", "a.example /S")]
    [InlineData("a.example", "/s", "*.example *")]
    [InlineData("a.example", "/pp", "*.example *")]
    [InlineData("x.y.example", "/", "*.example *")]
    [InlineData("x.b.example", "/only/x", "*.b.example /only*")]
    [InlineData("x.b.example", "/else", "*.example *")]
    [InlineData("b.example", "/only", "*.example *")]
    [InlineData("example", "/", " ")]
    [InlineData("other", "/any", " /any")]
    [InlineData("other", "/any/", " /any/*")]
    [InlineData("other", "/any/deep", " /any/deep*")]
    [InlineData("other", "/any/deeper", " /any/*")]
    [InlineData("other", "/anything", " ")]
    [InlineData("[::1]:8080", "/", "[::1] *")]
    [InlineData("[::2]", "/", " ")]
    [InlineData("final", "/", "final. *")]
    public void The_most_specific_one_wins(string host, string target, string expected)
    {
        var order = s_routes.ToArray();
        for (var seed = 0; seed < 20; seed++)
        {
            Assert.Equal(expected, Find(order, $"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
            new Random(seed).Shuffle(order);
        }
    }

    [Theory]
    [InlineData("GET http://a.example/p HTTP/1.1\r\nHost: other\r\n\r\n", "a.example /p")]
    [InlineData("GET http://a.example:81/p/x HTTP/1.1\r\nHost: other\r\n\r\n", "a.example /p*")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: other\r\n\r\n", " ")]
    [InlineData("GET /any HTTP/1.0\r\n\r\n", " /any")]
    public void The_host_is_the_one_that_is_meant(string request, string expected) =>
        Assert.Equal(expected, Find(s_routes, request));

    [Theory]
    [InlineData("example", "*.example *")]
    [InlineData("b.example", "*.b.example /only*")]
    [InlineData("c.b.example", "*.b.example /only*")]
    [InlineData("xb.example", "*.example *")]
    [InlineData("", " ")]
    public void A_host_of_any_length_ends_as_it_does(string end, string expected)
    {
        var front = string.Concat(Enumerable.Repeat("a.", 4000));
        Assert.Equal(expected, Find(s_routes, $"GET /only HTTP/1.1\r\nHost: {front}{end}\r\n\r\n"));
        // As many ends are looked up as the longest wildcard has bytes, at most.
        Assert.Equal("*.b.example".Length - 1, RouteTable.EndOf(Wire.Bytes(front + end), "b.example".Length).Length);
    }

    [Fact]
    public void A_target_without_a_path_is_the_root() => Assert.Equal(
        " /", Find([("", "/", false)], "GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n"));

    [Fact]
    public void Of_two_that_match_the_same_the_first_wins()
    {
        var table = new RouteTable();
        var (first, second) = (new FixedReply(200, "", default), new FixedReply(201, "", default));
        foreach (var isPrefix in new[] { true, false })
        {
            table.Add("a", "/x", isPrefix, first);
            table.Add("A", "/x", isPrefix, second);
        }
        foreach (var target in new[] { "/x", "/x/y" })
        {
            var head = Heads.Request($"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n", out var bytes);
            Assert.Same(first, table.Find(head, bytes, new FakeClient(_rig.Reactor, default)));
        }
    }

    [Fact]
    public void Without_a_match_there_is_none() =>
        Assert.Null(Find([("a", "/x", false)], "GET /x HTTP/1.1\r\nHost: b\r\n\r\n"));

    private string? Find((string Host, string Path, bool IsPrefix)[] routes, string request)
    {
        var (table, names) = (new RouteTable(), new Dictionary<Handler, string>());
        foreach (var (host, path, isPrefix) in routes)
        {
            var handler = new FixedReply(200, "", default);
            names.Add(handler, $"{host} {path}{(isPrefix ? "*" : "")}");
            table.Add(host, path, isPrefix, handler);
        }
        var head = Heads.Request(request, out var bytes);
        return table.Find(head, bytes, new FakeClient(_rig.Reactor, default)) is { } found ? names[found] : null;
    }
}
