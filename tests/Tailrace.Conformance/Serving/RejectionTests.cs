using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>Requests that get no further: a status says what the client did wrong, and the connection ends.</summary>
public sealed class RejectionTests
{
    private static readonly string s_long = new('x', 13_000);

    /// <summary>Status and request.</summary>
    public static TheoryData<int, string> Cases => new()
    {
        { 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\nHost: a\n\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab" },
        { 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na" },
        { 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { 400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" },
        { 400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX" },
        { 400, $"GET / HTTP/1.1\r\nHost: a\r\nConnection: {string.Join(',', Enumerable.Repeat('q', 5200))}\r\n\r\n" },
        { 400, "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003" },
        { 405, "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n" },
        { 405, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n" },
        { 411, "POST / HTTP/1.0\r\nHost: a\r\n\r\nhello" },
        { 413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n" },
        { 413, $"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{s_long[..1001]}\r\n" },
        { 414, $"GET /{s_long[..9000]} HTTP/1.1\r\nHost: a\r\n\r\n" },
        { 414, $"GET /{s_long}" },
        { 431, $"GET / HTTP/1.1\r\nHost: a\r\nX: {s_long}\r\n\r\n" },
        { 431, $"GET / HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Repeat("X: y\r\n", 101))}\r\n" },
        { 501, $"{s_long[..100].ToUpperInvariant()} / HTTP/1.1\r\nHost: a\r\n\r\n" },
        { 501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" },
        { 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n" },
        { 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
    };

    [Theory, MemberData(nameof(Cases))]
    public void It_is_said_and_the_connection_ends(int status, string request)
    {
        foreach (var engine in Scenario.Loops)
        {
            Scenario.Run(engine, scenario =>
            {
                scenario.Listener = scenario.Listener with { Limits = new ListenerLimits { Body = 1000 } };
                scenario.AddOrigin(wire => wire.ReadToEnd());
                using var client = scenario.Connect();
                client.Send(request);
                var answer = client.ReadAnswer();
                Assert.Equal(status, answer.Status);
                Assert.True(answer.IsLast);
                Assert.StartsWith($"{status} ", answer.Text);
                client.EndSending();
                client.ExpectEnd();
                Assert.Equal(1, scenario.Counters.Answered4xx + scenario.Counters.Answered5xx);
            });
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Earlier_requests_are_answered_first(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(Reply.Of("fine"));
        using var client = scenario.Connect();
        client.Send(Reply.Get() + Reply.Get() + "BAD\r\n\r\n" + Reply.Get());
        Assert.Equal("fine", client.ReadAnswer().Text);
        Assert.Equal("fine", client.ReadAnswer().Text);
        Assert.Equal(400, client.ReadAnswer().Status);
        client.EndSending();
        client.ExpectEnd();
        Assert.Equal(1, scenario.Counters.Rejected);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_refusal_reaches_who_is_still_sending(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { Limits = new ListenerLimits { Body = 1000 } };
        scenario.AddOrigin(Reply.Of("never"));
        using var client = scenario.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
        client.Send(new byte[200_000]);
        Assert.Equal(413, client.ReadAnswer().Status);
        client.EndSending();
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_refused_method_is_told_what_there_is(EngineChoice engine) => Scenario.Run(engine, scenario =>
        Assert.Contains("GET", scenario.Exchange("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n").Field("Allow")));
}
