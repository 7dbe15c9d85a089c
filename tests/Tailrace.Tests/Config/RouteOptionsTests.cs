using Tailrace.Config;

namespace Tailrace.Tests.Config;

/// <summary>Values of routes arrive where they belong.</summary>
public sealed class RouteOptionsTests
{
    [Fact]
    public void Conditions()
    {
        MatchOptions match = Route("""
            match:
              method: [GET, PROPFIND]
              header: [X-There, {name: X-Is, value: a}, {name: X-Begins, prefix: b}, {name: X-Like, pattern: ^c}]
              query: [{name: gone, absent: true}]
              source: [10.0.0.0/8, ::1]
            respond: {}
            """).Match;

        Assert.Equal(["GET", "PROPFIND"], match.Method);
        Assert.Equal(
            [
                "X-There", new ValueMatchOptions { Name = "X-Is", Value = "a" },
                new ValueMatchOptions { Name = "X-Begins", Prefix = "b" },
                new ValueMatchOptions { Name = "X-Like", Pattern = "^c" },
            ],
            match.Header);
        Assert.Equal([new ValueMatchOptions { Name = "gone", Absent = true }], match.Query);
        Assert.Equal(["10.0.0.0/8", "::1"], match.Source);
        Assert.True(match.HasConditions);
    }

    [Fact]
    public void A_single_method_and_a_single_range_need_no_brackets()
    {
        MatchOptions match = Route("match: {method: GET, source: 10.0.0.1}\nrespond: {}").Match;
        Assert.Equal(["GET"], match.Method);
        Assert.Equal(["10.0.0.1"], match.Source);
    }

    [Fact]
    public void Header_edits()
    {
        RouteOptions route = Route("""
            cluster: app
            request_headers: {set: {X-A: "${host}", X-B: 5}, add: {X-C: [c, d]}, remove: [X-D, X-E]}
            response_headers: {remove: X-F}
            """);

        Assert.Equal([new HeaderOptions("X-A", "${host}"), new HeaderOptions("X-B", "5")], route.RequestHeaders.Set);
        Assert.Equal([new HeaderOptions("X-C", "c"), new HeaderOptions("X-C", "d")], route.RequestHeaders.Add);
        Assert.Equal(["X-D", "X-E"], route.RequestHeaders.Remove);
        Assert.Equal(["X-F"], route.ResponseHeaders.Remove);
    }

    [Fact]
    public void Rewrites_redirects_and_replies()
    {
        RouteOptions route = Route("""
            redirect: {status: 301, scheme: https, host: b.example, port: 8443, keep_query: false}
            rewrite: {pattern: "^/a(.*)$", replacement: "/b$1", time_limit: 5ms}
            """);
        Assert.Equal(
            new RedirectOptions
            {
                Status = 301,
                Scheme = RedirectScheme.Https,
                Host = "b.example",
                Port = 8443,
                KeepQuery = false,
            },
            route.Redirect);
        Assert.Equal(
            new RewriteOptions
            {
                Pattern = "^/a(.*)$",
                Replacement = "/b$1",
                TimeLimit = TimeSpan.FromMilliseconds(5),
            },
            route.Rewrite);
        Assert.Equal(
            new RewriteOptions { StripPrefix = "/a", AddPrefix = "/b" },
            Route("cluster: app\nrewrite: {strip_prefix: /a, add_prefix: /b}").Rewrite);
        Assert.Equal(
            new RewriteOptions { Path = "/c" }, Route("cluster: app\nrewrite: {path: /c}").Rewrite);
        Assert.Equal(
            new RespondOptions { Status = 503, BodyFile = "down.html" },
            Route("respond: {status: 503, body_file: down.html}").Respond);
    }

    [Fact]
    public void Splits_and_mirrors()
    {
        RouteOptions route = Route("""
            split: {to: [{cluster: app, weight: 95}, {cluster: next}], by: cookie, name: uid}
            mirror: {cluster: next, percent: 5, body: 1KiB, in_flight: 7}
            """);
        Assert.Equal(
            [new SplitTargetOptions { Cluster = "app", Weight = 95 }, new SplitTargetOptions { Cluster = "next" }],
            route.Split!.To);
        Assert.Equal((SplitKey.Cookie, "uid"), (route.Split.By, route.Split.Name));
        Assert.Equal(
            new MirrorOptions { Cluster = "next", Percent = 5, Body = 1024, InFlight = 7 }, route.Mirror);
    }

    private static RouteOptions Route(string yaml) => Yaml.Options($"""
        listeners: [{Open}address: ":1"{Close}]
        routes:
          - {yaml.Replace("\n", "\n    ")}
        clusters: {Open}app: {Open}destinations: ["http://a.example"]{Close}, next: {Open}destinations: ["http://b.example"]{Close}{Close}
        """).Routes.Single();

    private const string Open = "{";
    private const string Close = "}";
}
