using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Upstream connections are used again, and where it may a request survives that one dies just then.</summary>
public sealed class ReuseTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_connection_serves_many_clients(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(request => Reply.Of(request.Target));
        for (var i = 0; i < 20; i++) Assert.Equal($"/{i}", scenario.Exchange(Reply.Get($"/{i}")).Text);
        Assert.Equal(1, origin.Accepts);
        var counters = scenario.Counters;
        Assert.Equal(1, counters.UpstreamConnects);
        Assert.Equal(19, counters.UpstreamReuses);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void No_more_idle_ones_are_kept_than_configured(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Pool = new PoolOptions { IdlePerDestination = 0 } };
        scenario.AddOrigin(Reply.Of("x"));
        scenario.Exchange(Reply.Get());
        Wait.Until(() => scenario.Counters.UpstreamIdle == 0, "an idle connection is kept");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void An_idle_one_is_closed_in_time(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with
        {
            Pool = new PoolOptions { IdleTimeout = TimeSpan.FromMilliseconds(50) },
        };
        scenario.AddOrigin(Reply.Of("x"));
        scenario.Exchange(Reply.Get());
        Wait.Until(() => scenario.Counters.UpstreamIdle == 0, "an idle connection is kept");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_the_origin_closed_is_not_used(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            wire.Send(Reply.Of("once"));
        });
        for (var i = 1; i <= 5; i++)
        {
            Assert.Equal("once", scenario.Exchange(Reply.Get()).Text);
            // The answer may be here before the connection is idle.
            scenario.WaitUntilHeard();
            Wait.Until(() => scenario.Counters.UpstreamIdle == 0, "a closed connection is kept");
            Assert.Equal(i, origin.Accepts);
        }
        Assert.Equal(0, scenario.Counters.UpstreamRetries);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_sent_what_nobody_asked_for_is_not_used(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                wire.ReadRequest();
                wire.Send(Reply.Of("mine"));
                wire.Send(Reply.Of("smuggled"));
            }
        });
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("mine", scenario.Exchange(Reply.Get()).Text);
            scenario.WaitUntilHeard();
            Wait.Until(() => scenario.Counters.UpstreamIdle == 0, "a confused connection is kept");
        }
        Assert.Equal(5, origin.Accepts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_request_is_sent_again_when_a_reused_one_dies(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(DiesOnSecond(""));
        using var client = scenario.Connect();
        for (var i = 0; i < 6; i++)
        {
            client.Send(Reply.Get());
            Assert.Equal("first", client.ReadAnswer().Text);
        }
        Assert.Equal(6, origin.Accepts);
        Assert.Equal(5, scenario.Counters.UpstreamRetries);
    });

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "")]
    [InlineData("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", "")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "H")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n")]
    public void But_not_when_that_could_do_harm(string request, string received)
    {
        foreach (var engine in Scenario.Loops)
        {
            Scenario.Run(engine, scenario =>
            {
                var origin = scenario.AddOrigin(DiesOnSecond(received));
                using var client = scenario.Connect();
                client.Send(Reply.Get());
                Assert.Equal("first", client.ReadAnswer().Text);
                client.Send(request);
                Assert.Equal(502, client.ReadAnswer().Status);
                Assert.Equal(1, origin.Accepts);
                Assert.Equal(0, scenario.Counters.UpstreamRetries);
            });
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Nor_after_an_interim_answer(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(DiesOnSecond("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"));
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Assert.Equal("first", client.ReadAnswer().Text);
        client.Send(Reply.Get());
        Assert.Equal(103, client.ReadAnswer().Status);
        Assert.Equal(502, client.ReadAnswer().Status);
        Assert.Equal(1, origin.Accepts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Nor_on_a_fresh_one(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(wire => wire.ReadRequest());
        Assert.Equal(502, scenario.Exchange(Reply.Get()).Status);
        Assert.Equal(1, origin.Accepts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Nor_with_no_retries(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Retries = 0 };
        scenario.AddOrigin(DiesOnSecond(""));
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Assert.Equal("first", client.ReadAnswer().Text);
        client.Send(Reply.Get());
        Assert.Equal(502, client.ReadAnswer().Status);
    });

    /// <summary>Answers a connection's first request, and dies under its second after so many bytes.</summary>
    private static Action<Wire> DiesOnSecond(string received) => wire =>
    {
        wire.ReadRequest();
        wire.Send(Reply.Of("first"));
        wire.ReadRequest();
        wire.Send(received);
    };
}
