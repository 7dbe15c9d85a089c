using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Requests of one route that several clusters share.</summary>
public sealed class SplitTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Clusters_get_their_shares(EngineChoice engine) => Run(engine, new SplitOptions(), (scenario, _) =>
    {
        using var client = scenario.Connect();
        var answers = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            client.Send(i % 2 == 0 ? Reply.Get() : Reply.Post("body"));
            answers.Add(client.ReadAnswer().Text);
        }
        Assert.Equal((30, 10), (answers.Count(a => a == "main"), answers.Count(a => a == "canary")));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_key_keeps_its_cluster(EngineChoice engine)
    {
        foreach (var by in new[] { SplitKey.Header, SplitKey.Cookie })
        {
            Run(engine, new SplitOptions { By = by, Name = "user" }, (scenario, _) =>
            {
                using var client = scenario.Connect();
                var places = new string[64];
                for (var i = 0; i < 192; i++)
                {
                    var user = i % places.Length;
                    client.Send(Reply.Get("/", by == SplitKey.Header ? $"User: u{user}\r\n" : $"Cookie: a=b; user=u{user}\r\n"));
                    var place = client.ReadAnswer().Text;
                    Assert.Equal(places[user] ?? place, place);
                    places[user] = place;
                }
                Assert.InRange(places.Count(place => place == "canary"), 5, 30);
            });
        }
    }

    private static void Run(EngineChoice engine, SplitOptions split, Action<Scenario, Origin> body) =>
        Scenario.Run(engine, scenario =>
        {
            scenario.AddOrigin(Reply.Of("main"));
            using var canary = Origin.Answering(_ => Reply.Of("canary"));
            scenario.Options = scenario.Options with
            {
                Clusters = new Dictionary<string, ClusterOptions>
                {
                    ["canary"] = new() { Destinations = [$"http://{canary.Address}"] },
                },
            };
            scenario.Routes =
            [
                new()
                {
                    Split = split with { To = [new() { Cluster = "origins", Weight = 3 }, new() { Cluster = "canary" }] },
                },
            ];
            body(scenario, canary);
            scenario.StopAndCheck();
            canary.Check();
        });
}
