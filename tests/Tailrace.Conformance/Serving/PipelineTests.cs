using System.Text;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>Requests that do not wait for answers are answered in their order, however their bytes arrive.</summary>
public sealed class PipelineTests
{
    private const int Count = 16;

    public static TheoryData<EngineChoice, int> Pieces =>
        [.. from engine in Scenario.Loops
            from length in new[] { 1, 2, 3, 7, 61, 1000, 100_000 }
            select (engine, length)];

    [Theory, MemberData(nameof(Pieces))]
    public void Proxied_ones(EngineChoice engine, int pieceLength) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(request => request.Target.EndsWith('3')
            ? Reply.Chunked(request.Target, request.Text)
            : Reply.Of(request.Target + request.Text));
        using var client = scenario.Connect();
        client.SendSplit(Requests(), pieceLength);
        for (var i = 0; i < Count; i++) Assert.Equal(Expected(i), client.ReadAnswer().Text);
        Assert.Equal(1, scenario.Counters.UpstreamConnects);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Bodies_that_nobody_reads_are_passed_over(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Routes = [new RouteOptions { Respond = new RespondOptions { Body = "x" } }];
        using var client = scenario.Connect();
        const string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        client.Send($"{chunked}5\r\nhello\r\n0\r\nT: x\r\n\r\n{Reply.Post("hello")}{Reply.Get()}");
        for (var i = 0; i < 3; i++) Assert.False(client.ReadAnswer().IsLast);
        // What is not there yet might go on for ever.
        client.Send($"{chunked}5\r\nhel");
        Assert.True(client.ReadAnswer().IsLast);
        client.EndSending();
        client.ExpectEnd();
    });

    [Theory, MemberData(nameof(Pieces))]
    public void Ours_and_proxied_ones_in_turn(EngineChoice engine, int pieceLength) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(request => Reply.Of(request.Target + request.Text));
        scenario.Map = server =>
        {
            for (var i = 0; i < Count; i += 2) server.Map($"/{i}", AnswerAsync);
        };
        using var client = scenario.Connect();
        client.SendSplit(Requests(), pieceLength);
        for (var i = 0; i < Count; i++) Assert.Equal(Expected(i), client.ReadAnswer().Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Many_more_than_a_turn_takes(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Routes = [new RouteOptions { Respond = new RespondOptions { Body = "ok" } }];
        using var client = scenario.Connect();
        var sender = new Thread(() => client.Send(string.Concat(Enumerable.Repeat(Reply.Get(), 5000))));
        sender.Start();
        for (var i = 0; i < 5000; i++) Assert.Equal("ok", client.ReadAnswer().Text);
        sender.Join();
        Assert.Equal(5000, scenario.Counters.Requests);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_follows_the_last_one_is_not_read(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(Reply.Of("x"));
        using var client = scenario.Connect();
        client.Send(Reply.Get("/1", "Connection: close\r\n") + Reply.Get("/2"));
        Assert.True(client.ReadAnswer().IsLast);
        client.EndSending();
        client.ExpectEnd();
        Assert.Equal("/1", origin.Request.Target);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_end_behind_them_changes_nothing(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(request => Reply.Of(request.Target + request.Text));
        using var client = scenario.Connect();
        client.Send(Requests());
        client.EndSending();
        for (var i = 0; i < Count; i++) Assert.Equal(Expected(i), client.ReadAnswer().Text);
        client.ExpectEnd();
    });

    private static async Io.LoopTask AnswerAsync(Sessions.Exchange exchange)
    {
        var body = new byte[64];
        var length = 0;
        while (await exchange.ReadAsync(body.AsMemory(length)) is { IsError: false, Bytes: > 0 } read)
            length += read.Bytes;
        var path = Encoding.Latin1.GetString(exchange.Path);
        await exchange.Respond(200, path + Encoding.Latin1.GetString(body, 0, length));
    }

    private static byte[] Requests()
    {
        var all = new StringBuilder();
        for (var i = 0; i < Count; i++)
        {
            all.Append((i % 4) switch
            {
                1 => Reply.Post($"body {i}", $"/{i}"),
                2 => $"PUT /{i} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nbody \r\n"
                    + $"{$"{i}".Length}\r\n{i}\r\n0\r\n\r\n",
                _ => Reply.Get($"/{i}"),
            });
        }
        return Encoding.Latin1.GetBytes(all.ToString());
    }

    private static string Expected(int index) => index % 4 is 1 or 2 ? $"/{index}body {index}" : $"/{index}";
}
