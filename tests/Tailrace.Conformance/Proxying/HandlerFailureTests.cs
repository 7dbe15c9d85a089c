using Tailrace.Conformance.Support;
using Tailrace.Config;
using Tailrace.Proxy;
using Tailrace.Sessions;

namespace Tailrace.Conformance.Proxying;

/// <summary>An exception in the middle of a forwarded exchange: nothing is left behind, and nothing is confused.</summary>
public sealed class HandlerFailureTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_answer_that_has_begun_is_cut(EngineChoice engine) => Run(engine, scenario =>
    {
        using var client = scenario.Connect();
        client.Send("POST /forward HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin");
        Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
    }, new RequestEdits());

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_rest_of_a_body_is_no_request(EngineChoice engine) => Run(engine, scenario =>
    {
        using var client = scenario.Connect();
        client.Send("POST /forward HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nbegin");
        Assert.Equal(500, client.ReadAnswer().Status);
        client.Send(new string('x', 50_000 - 5) + Reply.Get("/ours"));
        Assert.Equal("ours", client.ReadAnswer().Text);
    }, edits: null);

    // Without edits no head can be written; with them it fails when it tells of an answer that was cut short.
    private static void Run(EngineChoice engine, Action<Scenario> body, RequestEdits? edits) => Scenario.Run(engine, scenario =>
    {
        using var origin = new Origin(wire =>
        {
            if (!wire.HasMore()) return;
            wire.ReadHead();
            wire.ReadExactly(5);
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut");
            wire.EndSending();
            wire.ReadToEnd();
        });
        ForwardHandler? forward = null;
        scenario.HandlerFailures = 1;
        scenario.Map = server => server
            .Map("/forward", exchange => (forward ??= Build(exchange, origin, edits)).HandleAsync(exchange))
            .Map("/ours", exchange => exchange.Respond(200, "ours"));
        body(scenario);
        scenario.WaitForLog("a handler failed");
        scenario.StopAndCheck();
        origin.Check();
    });

    private static ForwardHandler Build(Exchange exchange, Origin origin, RequestEdits? edits)
    {
        var address = origin.Address.Serialize();
        var destination = new Destination("origin", 1, [address]);
        var cluster = new Cluster(exchange.Reactor, new ClusterSettings { Name = "c" }, [destination])
        {
            Failed = (_, reason) => throw new InvalidOperationException(reason),
        };
        return new ForwardHandler(cluster, edits!, new ResponseEdits());
    }
}
