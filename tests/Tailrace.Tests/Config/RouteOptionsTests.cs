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

    private static RouteOptions Route(string yaml) => Yaml.Options($"""
        listeners: [{Open}address: ":1"{Close}]
        routes:
          - {yaml.Replace("\n", "\n    ")}
        clusters: {Open}app: {Open}destinations: ["http://a.example"]{Close}, next: {Open}destinations: ["http://b.example"]{Close}{Close}
        """).Routes.Single();

    private const string Open = "{";
    private const string Close = "}";
}
