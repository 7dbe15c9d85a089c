using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>What the log says at its most talkative, and that it is silent about it otherwise.</summary>
public sealed class DebugLogTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Every_connection_and_exchange(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.LogLevel = LogLevel.Debug;
        var origin = scenario.AddOrigin(Reply.Of("x", 201));
        scenario.Exchange(Reply.Get("/some/where"));
        scenario.WaitForLog("connection opened client=127.0.0.1:");
        scenario.WaitForLog("method=GET target=/some/where host=a.example status=201 bytes=1");
        scenario.WaitForLog($"upstream={origin.Address}");
        scenario.WaitForLog("connection closed client=127.0.0.1:");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Nothing_of_it_by_default(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(Reply.Of("x"));
        scenario.Exchange(Reply.Get());
        scenario.StopAndCheck();
        Assert.Empty(scenario.Log.With("exchange ended"));
        Assert.Empty(scenario.Log.With("connection opened"));
    });
}
