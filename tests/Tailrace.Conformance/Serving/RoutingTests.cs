using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>Which route a request takes, over the wire.</summary>
public sealed class RoutingTests
{
    private static readonly RouteOptions[] s_routes =
    [
        Route("any", "", "", ""),
        Route("any-exact", "", "/exact", ""),
        Route("host", "a.example", "", ""),
        Route("host-api", "a.example", "", "/api"),
        Route("host-api-v1", "a.example", "", "/api/v1"),
        Route("host-api-exact", "a.example", "/api", ""),
        Route("wild", "*.example", "", ""),
        Route("wild-longer", "*.b.example", "", "/only"),
    ];

    public static TheoryData<string, string, string> Cases => new()
    {
        { "a.example", "/", "host" },
        { "A.Example:8080", "/", "host" },
        { "a.example.", "/x", "host" },
        { "a.example", "/api", "host-api-exact" },
        { "a.example", "/api/", "host-api" },
        { "a.example", "/api/v1", "host-api-v1" },
        { "a.example", "/api/v1/x?y", "host-api-v1" },
        { "a.example", "/api/v10", "host-api" },
        { "a.example", "/apix", "host" },
        { "c.example", "/", "wild" },
        { "x.b.example", "/only/this", "wild-longer" },
        { "x.b.example", "/other", "wild" },
        { "example", "/", "any" },
        { "other", "/exact", "any-exact" },
        { "other", "/exact/x", "any" },
        { "[::1]:80", "/", "any" },
    };

    [Theory, MemberData(nameof(Cases))]
    public void The_most_specific_one_wins(string host, string target, string expected)
    {
        foreach (var engine in Scenario.Loops)
        {
            Scenario.Run(engine, scenario =>
            {
                scenario.Routes = s_routes;
                Assert.Equal(expected, scenario.Exchange($"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").Text);
            });
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Conditions_choose_among_routes_of_one_place(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Routes =
        [
            Route("plain", new MatchOptions { PathPrefix = "/p" }),
            Route("elsewhere", new MatchOptions { PathPrefix = "/p", Source = ["10.0.0.0/8", "::1"] }),
            Route("post", new MatchOptions { PathPrefix = "/p", Method = ["POST"], Source = ["127.0.0.0/8"] }),
            Route("canary", new MatchOptions { PathPrefix = "/p", Header = ["X-Canary"] }),
            Route("v2", new MatchOptions { PathPrefix = "/p", Query = [new() { Name = "v", Value = "2" }] }),
        ];
        Assert.Equal("plain", scenario.Exchange(Reply.Get("/p/x")).Text);
        Assert.Equal("canary", scenario.Exchange(Reply.Get("/p/x", "x-canary: 1\r\n")).Text);
        Assert.Equal("v2", scenario.Exchange(Reply.Get("/p/x?a&v=%32")).Text);
        Assert.Equal("post", scenario.Exchange(Reply.Post("", "/p?v=2")).Text);
        Assert.Equal(404, scenario.Exchange(Reply.Get("/q", "X-Canary: 1\r\n")).Status);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void No_route_is_404(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Routes = [s_routes[2]];
        using var client = scenario.Connect();
        client.Send("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
        Assert.Equal("404 Not Found\n", client.ReadAnswer().Text);
        // A body that nobody wants is passed over, and the connection goes on.
        client.Send("POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 30000\r\n\r\n");
        Assert.Equal(404, client.ReadAnswer().Status);
        client.Send(new byte[30_000]);
        client.Send(Reply.Get());
        Assert.Equal("host", client.ReadAnswer().Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Code_comes_before_configuration(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Routes = s_routes;
        scenario.Map = server => server
            .Map("/exact", exchange => exchange.Respond(200, "code"))
            .MapPrefix("/below/", exchange => exchange.Respond(201, "below"));
        Assert.Equal("code", scenario.Exchange("GET /exact HTTP/1.1\r\nHost: x\r\n\r\n").Text);
        Assert.Equal(201, scenario.Exchange("GET /below/x HTTP/1.1\r\nHost: x\r\n\r\n").Status);
        Assert.Equal("any", scenario.Exchange("GET /below HTTP/1.1\r\nHost: x\r\n\r\n").Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_handler_that_fails_is_500(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.HandlerFailures = 2;
        scenario.Map = server => server
            .Map("/throws", _ => throw new InvalidOperationException("on purpose"))
            .Map("/silent", _ => Io.LoopTask.Completed)
            .Map("/half", async exchange =>
            {
                exchange.Begin(200, 10);
                await exchange.WriteAsync("half"u8);
                throw new InvalidOperationException("on purpose");
            });
        using var client = scenario.Connect();
        client.Send(Reply.Get("/throws"));
        Assert.Equal(500, client.ReadAnswer().Status);
        client.Send(Reply.Get("/silent"));
        Assert.Equal(500, client.ReadAnswer().Status);
        client.Send(Reply.Get("/half"));
        Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
        scenario.WaitForLog("on purpose");
    });

    private static RouteOptions Route(string name, MatchOptions match) =>
        new() { Match = match, Respond = new RespondOptions { Body = name } };

    private static RouteOptions Route(string name, string host, string path, string prefix) => new()
    {
        Match = new MatchOptions { Host = host.Length == 0 ? [] : [host], Path = path, PathPrefix = prefix },
        Respond = new RespondOptions { Body = name },
    };
}
