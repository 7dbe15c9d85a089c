using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Answers that do not wait for the request's end, and interim ones.</summary>
public sealed class DuplexTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_may_come_while_the_body_is_still_sent(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            wire.Send(Reply.Of("too large", 413, "Connection: close\r\n"));
            wire.ReadToEnd();
        });
        using var client = scenario.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin");
        var answer = client.ReadAnswer();
        Assert.Equal("too large", answer.Text);
        Assert.True(answer.IsLast);
        // The proxy reads on for a while, so that the answer is not destroyed by a reset.
        client.Send(new byte[100_000]);
        client.EndSending();
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_without_room_leaves_the_body_alone(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        // The path a hundred times is longer than any block.
        var value = string.Concat(Enumerable.Repeat("${path}", 10));
        var fields = Enumerable.Range(0, 10).Select(i => new HeaderOptions($"X-{i}", value));
        scenario.Routes =
            [new RouteOptions { Cluster = "origins", ResponseHeaders = new() { Set = [.. fields] } }];
        using var go = new ManualResetEventSlim();
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            go.Wait(30_000);
            wire.Send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
            wire.ReadToEnd();
        });
        using var client = scenario.Connect();
        client.Send($"POST /{new string('p', 700)} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        // Payload that is the end of a body to whoever takes it for framing.
        var payload = System.Text.Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Repeat("000000000000000\r\n\r\n", 250)));
        var sender = new Thread(() =>
        {
            try
            {
                while (true) client.SendChunk(payload);
            }
            catch (IOException)
            {
                // It has been told enough.
            }
        });
        sender.Start();
        // Nobody reads: the body stands still in the middle of a piece.
        Wait.Standstill(() => client.Sent);
        go.Set();
        var answer = client.ReadAnswer();
        Assert.Equal((500, true), (answer.Status, answer.IsLast));
        Assert.Equal(0, Assert.Single(scenario.Server.Destinations).Failures);
        client.Dispose();
        sender.Join();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Both_directions_may_stream_at_once(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            wire.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (wire.ReadLine() is var size and not "0")
            {
                var piece = wire.ReadExactly(Convert.ToInt32(size, 16));
                wire.ReadLine();
                wire.SendChunk(piece);
            }
            wire.ReadLine();
            wire.Send("0\r\n\r\n");
        });
        using var client = scenario.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.SendChunk("0"u8);
        client.ReadHead();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("1", client.ReadLine());
            client.ReadExactly(3);
            client.SendChunk([(byte)'x']);
        }
        client.Send("0\r\n\r\n");
        client.ReadExactly("1\r\nx\r\n".Length);
        Assert.Equal("0", client.ReadLine());
        Assert.Equal("", client.ReadLine());
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_expectation_is_the_origins_to_meet(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(wire =>
        {
            Assert.Equal("100-continue", wire.ReadHead().Field("Expect"));
            wire.Send("HTTP/1.1 100 Continue\r\n\r\n");
            wire.Send(Reply.Of(System.Text.Encoding.ASCII.GetString(wire.ReadExactly(5))));
        });
        using var client = scenario.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue", client.ReadAnswer().StartLine);
        client.Send("hello");
        Assert.Equal("hello", client.ReadAnswer().Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_expectation_may_be_refused(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadHead();
            wire.Send(Reply.Of("no", 417));
            wire.ReadToEnd();
        });
        using var client = scenario.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        var answer = client.ReadAnswer();
        Assert.Equal(417, answer.Status);
        // Whether the body comes is the client's choice, so the place of the next request is not known.
        Assert.True(answer.IsLast);
        client.EndSending();
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Interim_answers_are_passed_on_at_once(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var go = new ManualResetEventSlim();
        scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            wire.Send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n");
            go.Wait(30_000);
            wire.Send("HTTP/1.1 102 Processing\r\n\r\n" + Reply.Of("done"));
            wire.ReadToEnd();
        });
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        var hints = client.ReadAnswer();
        Assert.Equal("HTTP/1.1 103 Early Hints", hints.StartLine);
        Assert.Equal([("Link", "</a.css>")], hints.Fields);
        go.Set();
        Assert.Equal(102, client.ReadAnswer().Status);
        Assert.Equal("done", client.ReadAnswer().Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Interim_answers_are_nothing_for_HTTP_1_0(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin("HTTP/1.1 103 Early Hints\r\n\r\n" + Reply.Of("done"));
        Assert.Equal("done", scenario.Exchange("GET / HTTP/1.0\r\nHost: a\r\n\r\n").Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Our_own_handlers_ask_for_the_body(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Map = server => server.Map("/read", async exchange =>
        {
            var total = 0;
            var buffer = new byte[16];
            while (await exchange.ReadAsync(buffer) is { IsError: false, Bytes: > 0 } read) total += read.Bytes;
            await exchange.Respond(200, $"{total}");
        });
        using var client = scenario.Connect();
        client.Send("POST /read HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n");
        Assert.Equal(100, client.ReadAnswer().Status);
        client.Send(new byte[40]);
        Assert.Equal("40", client.ReadAnswer().Text);
        client.Send(Reply.Post("abc", "/read"));
        Assert.Equal("3", client.ReadAnswer().Text);
    });
}
