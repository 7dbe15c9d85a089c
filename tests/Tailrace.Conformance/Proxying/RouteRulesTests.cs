using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>What routes change of requests and answers, over the wire.</summary>
public sealed class RouteRulesTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Headers_are_set_added_and_removed_both_ways(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(
            Reply.Of("fine", fields: "Server: origin\r\nX-Powered-By: x\r\nSet-Cookie: a=1\r\n"));
        scenario.Routes =
        [
            new()
            {
                Cluster = "origins",
                RequestHeaders = new()
                {
                    Set = [new("X-Client", "${client_ip}"), new("X-Forwarded-Proto", "https")],
                    Remove = ["Cookie"],
                },
                ResponseHeaders = new()
                {
                    Set = [new("Server", "mine")], Add = [new("Set-Cookie", "b=${host}")], Remove = ["x-powered-by"],
                },
            },
        ];
        var answer = scenario.Exchange(Reply.Get("/", "Cookie: c=d\r\nx-client: forged\r\nX-Forwarded-Proto: ws\r\n"));
        Assert.Equal("fine", answer.Text);
        Assert.Equal(
            ("mine", "a=1, b=a.example", null),
            (answer.Field("Server"), answer.Field("Set-Cookie"), answer.Field("X-Powered-By")));
        var request = origin.Request;
        Assert.Equal(
            ("127.0.0.1", "https", null),
            (request.Field("X-Client"), request.Field("X-Forwarded-Proto"), request.Field("Cookie")));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_of_our_own_has_the_headers_of_its_route(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        // A port that was open a moment ago and is not any more.
        using (var origin = new Origin(_ => { })) scenario.AddDestination($"http://{origin.Address}");
        var headers = new HeaderEditOptions { Set = [new("X-Route", "${path}"), new("Content-Type", "text/x")] };
        scenario.Routes =
        [
            new() { Cluster = "origins", ResponseHeaders = headers },
            new() { Match = new() { Path = "/own" }, Respond = new() { Body = "own" }, ResponseHeaders = headers },
            new() { Match = new() { Host = ["other"] }, Respond = new() { Status = 204 } },
        ];
        using var client = scenario.Connect();
        foreach (var (target, status) in new[] { ("/a", 502), ("/own", 200) })
        {
            client.Send(Reply.Get(target));
            var answer = client.ReadAnswer();
            Assert.Equal(
                (status, target, "text/x"), (answer.Status, answer.Field("X-Route"), answer.Field("Content-Type")));
        }
        client.Send("GET / HTTP/1.1\r\nHost: other\r\n\r\n");
        Assert.Null(client.ReadAnswer().Field("X-Route"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Paths_are_rewritten(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(request => Reply.Of(request.Target));
        scenario.Routes =
        [
            Rewritten("/api", new() { StripPrefix = "/api" }),
            Rewritten("/old", new() { StripPrefix = "/old", AddPrefix = "/new" }),
            Rewritten("/users", new() { Pattern = "^/users/([0-9]+)/(.*)$", Replacement = "/u/$2/$1" }),
        ];
        using var client = scenario.Connect();
        foreach (var (target, expected) in new[]
        {
            ("/api?a=%20b", "/?a=%20b"), ("/api/%2F/x", "/%2F/x"), ("/old/x?", "/new/x?"), ("/old", "/new"),
            ("/users/42/a%20b?c", "/u/a%20b/42?c"), ("/users/x/y", "/users/x/y"),
            ("/x/../old/./y//%7E?a//.", "/new/y/~?a//."), ("/old/%2e%2e/old/../old", "/new"),
            ("/%75sers/42/a", "/u/a/42"),
        })
        {
            client.Send(Reply.Get(target));
            Assert.Equal(expected, client.ReadAnswer().Text);
            client.Send(Reply.Post("hello", target));
            Assert.Equal(expected, client.ReadAnswer().Text);
        }
        client.Send(Reply.Get("/old/..%2Fx"));
        Assert.Equal(400, client.ReadAnswer().Status);
        Assert.Equal(18, origin.Requests.Count);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Redirects_keep_the_connection(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Routes =
        [
            new()
            {
                Match = new() { PathPrefix = "/docs" },
                Redirect = new() { Status = 308, Host = "docs.example" },
                Rewrite = new() { StripPrefix = "/docs" },
            },
            new() { Redirect = new() { Scheme = RedirectScheme.Https } },
        ];
        using var client = scenario.Connect();
        client.Send(Reply.Get("/docs/a%20b?q") + Reply.Post("body", "/x"));
        Assert.Equal("http://docs.example/a%20b?q", client.ReadAnswer().Field("Location"));
        var answer = client.ReadAnswer();
        Assert.Equal((307, "https://a.example/x"), (answer.Status, answer.Field("Location")));
        client.Send("HEAD /docs HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal("http://docs.example/", client.ReadAnswer(toHead: true).Field("Location"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_reply_from_a_file_is_sent_whole(EngineChoice engine)
    {
        var file = Path.GetTempFileName();
        var content = new byte[300_000];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(file, content);
        Scenario.Run(engine, scenario =>
        {
            scenario.Routes = [new() { Respond = new() { Status = 503, BodyFile = file, ContentType = "image/png" } }];
            using var client = scenario.Connect();
            client.Send(Reply.Get() + "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + Reply.Get());
            var answer = client.ReadAnswer();
            Assert.Equal((503, "image/png"), (answer.Status, answer.Field("Content-Type")));
            Assert.Equal(content, answer.Body);
            Assert.Equal("300000", client.ReadAnswer(toHead: true).Field("Content-Length"));
            Assert.Equal(content, client.ReadAnswer().Body);
        });
        File.Delete(file);
    }

    private static RouteOptions Rewritten(string prefix, RewriteOptions rewrite) =>
        new() { Match = new() { PathPrefix = prefix }, Cluster = "origins", Rewrite = rewrite };
}
