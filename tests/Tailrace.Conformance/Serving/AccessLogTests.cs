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

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_time_is_that_of_the_beginning_also_of_a_tunnel(EngineChoice engine)
    {
        var path = Path.GetTempFileName();
        const int lastsMs = 600;
        var ends = new List<DateTime>();
        Scenario.Run(engine, scenario =>
        {
            scenario.Options = scenario.Options with { AccessLog = new AccessLogOptions { Format = AccessLogFormat.Json, Path = path } };
            scenario.Routes = [new RouteOptions { Cluster = "origins" }];
            scenario.AddOrigin(wire =>
            {
                var request = wire.ReadHead();
                Thread.Sleep(lastsMs);
                if (request.Field("Upgrade") is null)
                {
                    wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                    return;
                }
                wire.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
                Thread.Sleep(lastsMs);
            });
            Assert.Equal(200, scenario.Exchange(Reply.Get()).Status);
            ends.Add(DateTime.UtcNow);
            using var client = scenario.Connect();
            client.Send("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
            Assert.Equal(101, client.ReadHead().Status);
            client.ReadToEnd();
            client.EndSending();
            scenario.WaitUntilIdle();
            ends.Add(DateTime.UtcNow);
        });
        var entries = File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        File.Delete(path);
        Assert.Equal(2, entries.Length);
        foreach (var (entry, ended) in entries.Zip(ends))
        {
            // The loop's clock may be a turn old.
            var begun = ended - entry.GetProperty("time").GetDateTime();
            Assert.True(begun.TotalMilliseconds > lastsMs / 2, $"it began {begun} before its end");
            Assert.InRange(entry.GetProperty("duration_us").GetInt64(), lastsMs * 1000L - 10_000, 60_000_000);
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_request_begins_with_its_first_bytes_also_one_that_cannot_be_read(EngineChoice engine)
    {
        var path = Path.GetTempFileName();
        const int lastsMs = 300;
        var begins = new List<(DateTime Sent, DateTime Taken)>();
        Scenario.Run(engine, scenario =>
        {
            scenario.Options = scenario.Options with { AccessLog = new AccessLogOptions { Format = AccessLogFormat.Json, Path = path } };
            scenario.Listener = scenario.Listener with
            {
                // The last never comes; the others have to come before it is over, on a busy machine too.
                Timeouts = new ListenerTimeouts { Head = TimeSpan.FromMilliseconds(7 * lastsMs) },
            };
            scenario.Routes = [new RouteOptions { Respond = new RespondOptions { Status = 204 } }];
            SendInPieces("GET / HTTP/1.1\r\nHo", "st: a.example\r\nConnection: close\r\n\r\n");
            SendInPieces("GET / HTTP/1.1\r\nHo", "st : a.example\r\n\r\n");
            SendInPieces("GET / HTTP/1.1\r\nHo", "st: a.exam");

            void SendInPieces(string first, string rest)
            {
                using var client = scenario.Connect();
                var sent = DateTime.UtcNow;
                client.Send(first);
                Wait.Until(() => scenario.Ask(reactor => reactor.Buffers.Rented) == 1, "the first bytes have not come");
                begins.Add((sent, DateTime.UtcNow));
                Thread.Sleep(lastsMs);
                client.Send(rest);
                client.ReadToEnd();
            }
        });
        var entries = File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        File.Delete(path);
        Assert.Equal([204, 400, 408], entries.Select(entry => entry.GetProperty("status").GetInt32()));
        foreach (var (entry, begun) in entries.Zip(begins))
        {
            var time = entry.GetProperty("time").GetDateTime();
            Assert.InRange((time - begun.Sent).TotalMilliseconds, -lastsMs / 2, double.MaxValue);
            Assert.InRange((time - begun.Taken).TotalMilliseconds, double.MinValue, lastsMs / 2);
            Assert.InRange(entry.GetProperty("duration_us").GetInt64(), lastsMs * 1000L / 2, 60_000_000);
        }
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
