using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>What origins are told about the client and the way of a request, and what ends at this hop.</summary>
public sealed class ForwardedTests
{
    private const string Earlier = "X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: https\r\n"
        + "X-Forwarded-Host: site.example\r\nForwarded: for=10.0.0.9\r\n";

    public static TheoryData<EngineChoice, ForwardedMode, string, string, string> XForwarded =>
        [.. from engine in Scenario.Loops
            from row in new (ForwardedMode, string, string, string)[]
            {
                (ForwardedMode.Append, "10.0.0.9, 127.0.0.1", "https", "site.example"),
                (ForwardedMode.Set, "127.0.0.1", "http", "a.example"),
                (ForwardedMode.Off, "10.0.0.9", "https", "site.example"),
            }
            select (engine, row.Item1, row.Item2, row.Item3, row.Item4)];

    [Theory, MemberData(nameof(XForwarded))]
    public void X_Forwarded(EngineChoice engine, ForwardedMode mode, string client, string proto, string host) =>
        Scenario.Run(engine, scenario =>
        {
            scenario.Listener = scenario.Listener with { Forwarded = new ForwardedOptions { XForwarded = mode } };
            var request = RequestOf(scenario, Reply.Get("/", Earlier));
            Assert.Equal(client, request.Field("X-Forwarded-For"));
            Assert.Equal(proto, request.Field("X-Forwarded-Proto"));
            Assert.Equal(host, request.Field("X-Forwarded-Host"));
            Assert.Equal("for=10.0.0.9", request.Field("Forwarded"));
        });

    [Theory]
    [InlineData(ForwardedMode.Append, "for=10.0.0.9, for=127.0.0.1;host=\"a.example\";proto=http")]
    [InlineData(ForwardedMode.Set, "for=127.0.0.1;host=\"a.example\";proto=http")]
    [InlineData(ForwardedMode.Off, "for=10.0.0.9")]
    public void The_Forwarded_field(ForwardedMode mode, string expected)
    {
        foreach (var engine in Scenario.Loops)
        {
            Scenario.Run(engine, scenario =>
            {
                scenario.Listener = scenario.Listener with { Forwarded = new ForwardedOptions { Forwarded = mode } };
                Assert.Equal(expected, RequestOf(scenario, Reply.Get("/", Earlier)).Field("Forwarded"));
            });
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_of_a_Unix_socket_is_unknown_where_there_is_no_other_word(EngineChoice engine)
    {
        var folder = Directory.CreateTempSubdirectory();
        var path = Path.Combine(folder.FullName, "front");
        Scenario.Run(engine, scenario =>
        {
            var both = new ForwardedOptions { Forwarded = ForwardedMode.Append };
            scenario.Listener = scenario.Listener with { Address = $"unix:{path}", Forwarded = both };
            var origin = scenario.AddOrigin(Reply.Of("x"));
            Assert.Equal(path, scenario.Server.Addresses[0].ToString());
            using var client = Wire.Connect(new UnixDomainSocketEndPoint(path));
            client.Send(Reply.Get());
            Assert.Equal("x", client.ReadAnswer().Text);
            Assert.Equal("unix", origin.Request.Field("X-Forwarded-For"));
            Assert.Equal("for=unknown;host=\"a.example\";proto=http", origin.Request.Field("Forwarded"));
        });
        folder.Delete(recursive: true);
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Via(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { Forwarded = new ForwardedOptions { Via = true } };
        var origin = scenario.AddOrigin(Reply.Of("x", 200, "Via: 1.1 behind\r\n"));
        var answer = scenario.Exchange(Reply.Get("/", "Via: 1.1 before\r\n"));
        Assert.Equal("1.1 before, 1.1 tailrace", origin.Request.Field("Via"));
        Assert.Equal("1.1 behind, 1.1 tailrace", answer.Field("Via"));
    });

    [Theory]
    [InlineData("keep", "a.example")]
    [InlineData("fixed.example:81", "fixed.example:81")]
    [InlineData("destination", null)]
    public void Host(string policy, string? expected)
    {
        foreach (var engine in Scenario.Loops)
        {
            Scenario.Run(engine, scenario =>
            {
                scenario.Routes = [new RouteOptions { Cluster = "origins", HostHeader = policy }];
                var origin = scenario.AddOrigin(Reply.Of("x"));
                scenario.Exchange(Reply.Get());
                Assert.Equal(expected ?? origin.Address.ToString(), origin.Request.Field("Host"));
            });
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_is_for_this_hop_ends_here(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(Reply.Of(
            "x", 200, "Connection: x-origin, close\r\nX-Origin: 1\r\nKeep-Alive: timeout=5\r\n"
            + "Proxy-Authenticate: Basic\r\nX-Stays: 2\r\n"));
        var answer = scenario.Exchange(Reply.Get(
            "/", "Connection: keep-alive, X-Mine\r\nKeep-Alive: 1\r\nX-Mine: 1\r\nTE: gzip, trailers\r\n"
            + "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nUpgrade: h2c\r\nX-Theirs: 2\r\n"));
        Assert.Equal(
            ["Host", "X-Theirs", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "TE", "Connection"],
            origin.Request.Fields.Select(field => field.Name));
        Assert.Equal("trailers", origin.Request.Field("TE"));
        Assert.Equal("TE", origin.Request.Field("Connection"));
        Assert.Equal(["X-Stays", "Date", "Content-Length"], answer.Fields.Select(field => field.Name));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_frames_cannot_be_named_away(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(Reply.Of("x"));
        scenario.Exchange(Reply.Post("hello", "/", "Connection: content-length, host\r\n"));
        Assert.Equal("hello", origin.Request.Text);
        Assert.Equal("a.example", origin.Request.Field("Host"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_absolute_target_decides_the_host(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(Reply.Of("x"));
        scenario.Exchange("GET http://b.example:81/p?q HTTP/1.1\r\nHost: a.example\r\n\r\n");
        Assert.Equal("GET /p?q HTTP/1.1", origin.Request.StartLine);
        Assert.Equal("b.example:81", origin.Request.Field("Host"));
        Assert.Equal("b.example:81", origin.Request.Field("X-Forwarded-Host"));
    });

    private static Message RequestOf(Scenario scenario, string request)
    {
        var origin = scenario.AddOrigin(Reply.Of("x"));
        Assert.Equal(200, scenario.Exchange(request).Status);
        return origin.Request;
    }
}
