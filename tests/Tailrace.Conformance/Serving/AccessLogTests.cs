using System.Text.Json;
using System.Text.RegularExpressions;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>What the access log says of exchanges that went well, were refused, or were left by their client.</summary>
public sealed partial class AccessLogTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Common(EngineChoice engine)
    {
        var lines = Run(engine, AccessLogFormat.Common, out _);
        Assert.Equal(5, lines.Length);
        Assert.All(lines, line => Assert.Matches(CommonLine(), line));
        Assert.EndsWith("\"GET /a?b=\\\"c HTTP/1.1\" 200 5", lines[0]);
        Assert.EndsWith("\"POST /p HTTP/1.1\" 200 5", lines[1]);
        Assert.EndsWith("\"GET /none HTTP/1.0\" 404 14", lines[2]);
        Assert.EndsWith("\"  \" 400 0", lines[3]);
        Assert.EndsWith("\"GET /gone HTTP/1.1\" 499 0", lines[4]);
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Json(EngineChoice engine)
    {
        var lines = Run(engine, AccessLogFormat.Json, out var upstream);
        var entries = lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["200", "200", "404", "400", "499"], All("status"));
        Assert.Equal(["5", "5", "14", "0", "0"], All("bytes_sent"));
        Assert.Equal(["GET", "POST", "GET", "", "GET"], All("method"));
        Assert.Equal([upstream, upstream, "", "", upstream], All("upstream"));
        var first = entries[0];
        Assert.Equal("/a?b=\"c", first.GetProperty("target").GetString());
        Assert.Equal("a.example", first.GetProperty("host").GetString());
        Assert.Equal("127.0.0.1", first.GetProperty("client").GetString());
        Assert.Equal("agent/1", first.GetProperty("user_agent").GetString());
        Assert.Equal("http://r/", first.GetProperty("referer").GetString());
        Assert.Equal(Reply.Post("12345678", "/p").Length, entries[1].GetProperty("bytes_received").GetInt32());
        Assert.InRange(first.GetProperty("duration_us").GetInt64(), 0, 30_000_000);
        var age = DateTime.UtcNow - first.GetProperty("time").GetDateTime();
        Assert.InRange(age.TotalMinutes, -1, 5);

        IEnumerable<string> All(string name) => entries.Select(entry => entry.GetProperty(name).ToString());
    }

    private static string[] Run(EngineChoice engine, AccessLogFormat format, out string upstream)
    {
        var path = Path.GetTempFileName();
        var name = "";
        Scenario.Run(engine, scenario =>
        {
            var log = new AccessLogOptions { Format = format, Path = path };
            scenario.Options = scenario.Options with { AccessLog = log };
            var match = new MatchOptions { Host = ["a.example"] };
            scenario.Routes = [new RouteOptions { Cluster = "origins", Match = match }];
            var origin = scenario.AddOrigin(wire =>
            {
                while (wire.HasMore())
                {
                    if (wire.ReadRequest().Target == "/gone") wire.ReadToEnd();
                    wire.Send(Reply.Of("hello"));
                }
            });
            name = origin.Address.ToString();
            scenario.Exchange(Reply.Get("/a?b=\"c", "User-Agent: agent/1\r\nReferer: http://r/\r\n"));
            scenario.Exchange(Reply.Post("12345678", "/p"));
            scenario.Exchange("GET /none HTTP/1.0\r\n\r\n");
            scenario.Exchange("BAD\r\n\r\n");
            var client = scenario.Connect();
            client.Send(Reply.Get("/gone"));
            Wait.Until(() => scenario.Counters.Requests == 4, "the request has not arrived");
            client.Reset();
            scenario.WaitUntilIdle();
            Assert.Equal(0, scenario.Server.AccessLogDropped);
        });
        upstream = name;
        var lines = File.ReadAllLines(path);
        File.Delete(path);
        return lines;
    }

    [GeneratedRegex(@"^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "".*"" \d{3} \d+$")]
    private static partial Regex CommonLine();
}
