using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Forwarding;

/// <summary>How fast connections may come, and how many of one source there may be, for TCP and for HTTP.</summary>
public sealed class ConnectionLimitTests
{
    /// <summary>Every engine with either protocol.</summary>
    public static TheoryData<EngineChoice, ListenerProtocol> EnginesAndProtocols
    {
        get
        {
            var data = new TheoryData<EngineChoice, ListenerProtocol>();
            foreach (var engine in new[] { EngineChoice.Epoll, EngineChoice.IoUring, EngineChoice.Portable })
            {
                data.Add(engine, ListenerProtocol.Tcp);
                data.Add(engine, ListenerProtocol.Http);
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(EnginesAndProtocols))]
    public void A_source_has_as_many_as_it_may_over_all_workers(EngineChoice engine, ListenerProtocol protocol) =>
        Run(engine, protocol, new SourceLimitOptions { Connections = 3 }, scenario =>
        {
            scenario.Options = scenario.Options with { Workers = 2 };
            var open = new List<Wire>();
            for (var i = 0; i < 3; i++) open.Add(Greet(scenario)!);
            for (var i = 0; i < 4; i++) Assert.False(TryGreet(scenario));
            open[1].Dispose();
            Wait.Until(() => scenario.Counters.Active == 2, "it is still there");
            open.Add(Greet(scenario)!);
            Assert.False(TryGreet(scenario));
            scenario.WaitForLog("connection refused: its source has as many as it may about=main");
            Assert.Equal((9, 5, 0), (scenario.Counters.Accepted, scenario.Counters.OverSourceConnections, scenario.Counters.OverSourceRate));
            var listener = Assert.Single(scenario.Server.Listeners);
            Assert.Equal(("main", 9, 3, 5), (listener.Name, listener.Accepted, listener.Active, listener.Refused));
            foreach (var wire in open) wire.Dispose();
        });

    [Theory, MemberData(nameof(EnginesAndProtocols))]
    public void A_source_that_is_too_fast_is_refused_and_waits(EngineChoice engine, ListenerProtocol protocol) =>
        Run(engine, protocol, new SourceLimitOptions { Rate = 1, Burst = 2 }, scenario =>
        {
            for (var i = 0; i < 2; i++) Assert.True(TryGreet(scenario), "it is refused");
            Wait.Until(() => !TryGreet(scenario), "all are let in");
            Wait.Until(() => TryGreet(scenario), "none is let in again");
            scenario.WaitForLog("connection refused: those of its source come too fast about=main");
            Assert.InRange(scenario.Counters.OverSourceRate, 1, long.MaxValue);
            Assert.Equal(0, scenario.Counters.OverRate);
        });

    [Theory, MemberData(nameof(EnginesAndProtocols))]
    public void A_listener_that_gets_too_many_refuses_some(EngineChoice engine, ListenerProtocol protocol) =>
        Scenario.Run(engine, scenario =>
        {
            Configure(scenario, protocol, new ConnectionLimitOptions { Rate = 1, Burst = 3 });
            for (var i = 0; i < 3; i++) Assert.True(TryGreet(scenario), "it is refused");
            Wait.Until(() => !TryGreet(scenario), "all are let in");
            Wait.Until(() => TryGreet(scenario), "none is let in again");
            scenario.WaitForLog("connection refused: they come too fast about=main");
            Assert.InRange(scenario.Counters.OverRate, 1, long.MaxValue);
            Assert.Equal(0, scenario.Counters.OverSourceRate);
        });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Sources_are_those_that_a_trusted_proxy_tells(EngineChoice engine) =>
        Run(engine, ListenerProtocol.Tcp, new SourceLimitOptions { Connections = 1 }, scenario =>
        {
            scenario.Listener = scenario.Listener with
            {
                ProxyProtocol = new ProxyProtocolOptions { Accept = ProxyProtocolMode.Required },
            };
            // IPv6 sources are whole networks of 64 bits.
            foreach (var (source, isLetIn) in new[]
            {
                ("TCP4 192.0.2.7 198.51.100.1", true), ("TCP4 192.0.2.8 198.51.100.1", true), ("TCP4 192.0.2.7 198.51.100.1", false),
                ("TCP6 2001:db8::1 2001:db8:9::1", true), ("TCP6 2001:db8::2 2001:db8:9::1", false),
                ("TCP6 2001:db8:0:1::1 2001:db8:9::1", true),
            })
            {
                var client = scenario.Connect();
                client.Send($"PROXY {source} 1 2\r\nhello\r\n");
                if (isLetIn) Assert.Equal("hello", client.ReadLine());
                else client.ExpectReset();
            }
        });

    private static void Run(EngineChoice engine, ListenerProtocol protocol, SourceLimitOptions limits, Action<Scenario> body) =>
        Scenario.Run(engine, scenario =>
        {
            Configure(scenario, protocol, new ConnectionLimitOptions { PerSource = limits });
            body(scenario);
        });

    private static void Configure(Scenario scenario, ListenerProtocol protocol, ConnectionLimitOptions limits)
    {
        scenario.Listener = scenario.Listener with { Protocol = protocol, ConnectionLimits = limits };
        if (protocol == ListenerProtocol.Tcp)
        {
            scenario.Listener = scenario.Listener with { Cluster = "origins" };
            scenario.AddOrigin(wire =>
            {
                while (wire.HasMore()) wire.Send(wire.ReadLine() + "\r\n");
            });
        }
        else
        {
            scenario.AddOrigin(_ => Reply.Of("hello"));
        }
    }

    /// <summary>A connection that was let in, and is open; null when it was reset.</summary>
    private static Wire? Greet(Scenario scenario)
    {
        Wire? wire = null;
        try
        {
            // The reset may come before the connect has returned.
            wire = Wire.Connect(scenario.Address);
            if (scenario.Listener.Protocol == ListenerProtocol.Tcp)
            {
                wire.Send("hello\r\n");
                Assert.Equal("hello", wire.ReadLine());
            }
            else
            {
                wire.Send(Reply.Get());
                Assert.Equal("hello", wire.ReadAnswer().Text);
            }
            return wire;
        }
        catch (Exception e) when (e is SocketException || (e is IOException and not EndOfStreamException))
        {
            wire?.Dispose();
            return null;
        }
    }

    private static bool TryGreet(Scenario scenario)
    {
        using var wire = Greet(scenario);
        return wire is not null;
    }
}
