using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Trailer fields pass in both directions (RFC 9110 section 6.5), except those that would mislead.</summary>
public sealed class TrailerTests
{
    private const string Head = "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n";

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void They_pass_in_both_directions(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            + "3\r\nabc\r\n0\r\nX-Sum: 6\r\nX-More: b\r\n\r\n");
        var answer = scenario.Exchange(
            $"{Head}Trailer: X-Hash\r\n\r\n5\r\nhello\r\n0\r\nX-Hash: 1\r\nx-empty:\r\n\r\n");
        Assert.Equal("hello", origin.Request.Text);
        Assert.Equal("X-Hash", origin.Request.Field("Trailer"));
        Assert.Equal([("X-Hash", "1"), ("x-empty", "")], origin.Request.Trailers);
        Assert.Equal("abc", answer.Text);
        Assert.Equal("X-Sum", answer.Field("Trailer"));
        Assert.Equal([("X-Sum", "6"), ("X-More", "b")], answer.Trailers);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Those_that_frame_or_route_are_dropped(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 7\r\nX-A: 1\r\n\r\n");
        var answer = scenario.Exchange(
            $"{Head}\r\n0\r\nHost: b\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\nX-B: 2\r\n\r\n");
        Assert.Equal([("X-B", "2")], origin.Request.Trailers);
        Assert.Equal([("X-A", "1")], answer.Trailers);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Many_of_them_are_refused(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(Reply.Of("never"));
        var fields = string.Concat(Enumerable.Repeat($"X: {new string('x', 100)}\r\n", 50));
        Assert.Equal(431, scenario.Exchange($"{Head}\r\n0\r\n{fields}\r\n").Status);
    });
}
