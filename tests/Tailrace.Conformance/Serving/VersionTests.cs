using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>HTTP/1.0 on either side (RFC 9112 sections 9.3 and 6.3).</summary>
public sealed class VersionTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_of_1_0_is_closed_after_its_answer(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(Reply.Of("hello"));
        using var client = scenario.Connect();
        client.Send("GET / HTTP/1.0\r\n\r\n");
        var answer = client.ReadAnswer();
        Assert.Equal("hello", answer.Text);
        Assert.Equal("HTTP/1.1 200 Fine", answer.StartLine);
        client.ExpectEnd();
        Assert.Equal("GET / HTTP/1.1", origin.Request.StartLine);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_of_1_0_may_ask_to_be_kept(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(Reply.Of("hello"));
        using var client = scenario.Connect();
        for (var i = 0; i < 3; i++)
        {
            client.Send("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n");
            var answer = client.ReadAnswer();
            Assert.Equal("hello", answer.Text);
            Assert.Equal("keep-alive", answer.Field("Connection"));
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_of_1_0_gets_no_chunks(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(Reply.Chunked("hel", "lo"));
        using var client = scenario.Connect();
        client.Send("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n");
        var answer = client.ReadAnswer();
        Assert.Null(answer.Field("Transfer-Encoding"));
        Assert.Equal("close", answer.Field("Connection"));
        Assert.Equal("hello", answer.Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_origin_of_1_0_is_closed_after_its_answer(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        using var client = scenario.Connect();
        for (var i = 1; i <= 3; i++)
        {
            client.Send(Reply.Get());
            var answer = client.ReadAnswer();
            Assert.Equal("hello", answer.Text);
            Assert.StartsWith("HTTP/1.1 ", answer.StartLine);
            Assert.Equal(i, origin.Accepts);
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_origin_of_1_0_may_offer_to_be_kept(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello");
        for (var i = 0; i < 3; i++) Assert.Equal("hello", scenario.Exchange(Reply.Get()).Text);
        Assert.Equal(1, origin.Accepts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_until_the_end_is_chunked(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            wire.Send("HTTP/1.0 200 OK\r\n\r\nuntil the end");
        });
        using var client = scenario.Connect();
        for (var i = 0; i < 3; i++)
        {
            client.Send(Reply.Get());
            var answer = client.ReadAnswer();
            Assert.Equal("chunked", answer.Field("Transfer-Encoding"));
            Assert.Equal("until the end", answer.Text);
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Answers_without_a_body_have_none(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(request => request.Target switch
        {
            "/204" => "HTTP/1.1 204 No Content\r\n\r\n",
            "/304" => "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: \"x\"\r\n\r\n",
            "/head-chunked" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
        });
        using var client = scenario.Connect();
        client.Send(Reply.Get("/204") + Reply.Get("/304"));
        Assert.Null(client.ReadAnswer().Field("Content-Length"));
        Assert.Equal("7", client.ReadAnswer().Field("Content-Length"));
        foreach (var target in new[] { "/head-chunked", "/head" })
        {
            client.Send($"HEAD {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.Equal(target == "/head" ? "7" : null, client.ReadAnswer(toHead: true).Field("Content-Length"));
        }
        Assert.Equal(1, scenario.Counters.UpstreamConnects);
    });
}
