using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Which destination gets a request, and what happens when it does not want it.</summary>
public sealed class BalancingTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void In_turn_by_weight(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(_ => Reply.Of("a"), weight: 5);
        scenario.AddOrigin(_ => Reply.Of("b"));
        scenario.AddOrigin(_ => Reply.Of("c"));
        var turns = string.Concat(Enumerable.Range(0, 14).Select(_ => scenario.Exchange(Reply.Get()).Text));
        Assert.Equal("aabacaaaabacaa", turns);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Another_one_when_the_first_refuses(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddDestination($"http://127.0.0.1:{Silence.UnusedPort()}", weight: 9);
        var origin = scenario.AddOrigin(request => Reply.Of(request.Text));
        for (var i = 0; i < 5; i++) Assert.Equal("body", scenario.Exchange(Reply.Post("body")).Text);
        Assert.Equal(5, origin.Requests.Count);
        Assert.InRange(scenario.Counters.UpstreamConnectErrors, 4, 5);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Another_one_when_the_first_has_all_it_may(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Limits = new ClusterLimits { ConnectionsPerDestination = 1 } };
        using var go = new ManualResetEventSlim();
        var slow = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("slow");
        }, weight: 100);
        scenario.AddOrigin(_ => Reply.Of("quick"));
        using var first = scenario.Connect();
        first.Send(Reply.Get());
        Wait.Until(() => slow.Requests.Count == 1, "the request has not arrived");
        for (var i = 0; i < 5; i++) Assert.Equal("quick", scenario.Exchange(Reply.Get()).Text);
        go.Set();
        Assert.Equal("slow", first.ReadAnswer().Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void All_of_many_refuse(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        // Every address of 127.0.0.0/8 is this machine's own.
        var port = Silence.UnusedPort();
        for (var i = 0; i < 70; i++) scenario.AddDestination($"http://127.9.9.{i + 1}:{port}");
        Assert.Equal(502, scenario.Exchange(Reply.Get()).Status);
        Assert.Equal(502, scenario.Exchange(Reply.Get()).Status);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Every_worker_balances_for_itself(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 3 };
        scenario.AddOrigin(_ => Reply.Of("a"));
        scenario.AddOrigin(_ => Reply.Of("b"));
        for (var i = 0; i < 30; i++) Assert.Contains(scenario.Exchange(Reply.Get()).Text, new[] { "a", "b" });
        Assert.Equal(3, scenario.Server.Statistics.Count);
        Assert.Equal(30, scenario.Counters.Requests);
    });
}
