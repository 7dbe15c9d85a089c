using System.Net;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>IPv4, IPv6, both on one socket, and names.</summary>
public sealed class AddressTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void IPv6_on_both_sides(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with
        {
            Address = "[::1]:0",
            Forwarded = new ForwardedOptions { Forwarded = ForwardedMode.Set },
        };
        scenario.Routes = [new RouteOptions { Cluster = "origins", HostHeader = "destination" }];
        var origin = scenario.AddOrigin(_ => Reply.Of("six"), address: IPAddress.IPv6Loopback);
        Assert.Equal("six", scenario.Exchange(Reply.Get()).Text);
        Assert.Equal("::1", origin.Request.Field("X-Forwarded-For"));
        Assert.Equal("for=\"[::1]\";host=\"a.example\";proto=http", origin.Request.Field("Forwarded"));
        Assert.Equal(origin.Address.ToString(), origin.Request.Field("Host"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_listener_on_every_address_takes_both(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { Address = ":0" };
        var origin = scenario.AddOrigin(Reply.Of("x"));
        foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            using var client = Wire.Connect(new IPEndPoint(address, scenario.Address.Port));
            client.Send(Reply.Get());
            Assert.Equal("x", client.ReadAnswer().Text);
        }
        // A client of IPv4 is told as one, although its socket is of IPv6.
        Assert.Equal(["127.0.0.1", "::1"], origin.Requests.Select(request => request.Field("X-Forwarded-For")));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_destination_by_name(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        using var origin = Origin.Answering(_ => Reply.Of("by name"));
        scenario.AddDestination($"http://localhost:{origin.Address.Port}");
        scenario.Routes = [new RouteOptions { Cluster = "origins", HostHeader = "destination" }];
        // The name may stand for ::1 too, where nobody listens: then the next address is taken.
        var answers = Enumerable.Range(0, 4).Select(_ => scenario.Exchange(Reply.Get()).Status).ToArray();
        Assert.All(answers, status => Assert.Equal(200, status));
        Assert.Equal($"localhost:{origin.Address.Port}", origin.Requests.First().Field("Host"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Several_workers_share_a_port(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 4 };
        scenario.AddOrigin(Reply.Of("x"));
        for (var i = 0; i < 40; i++) Assert.Equal("x", scenario.Exchange(Reply.Get()).Text);
        Assert.Single(scenario.Server.Addresses);
        Assert.True(scenario.Server.Statistics.Count(counters => counters.Accepted > 0) > 1, "one worker got them all");
    });
}
