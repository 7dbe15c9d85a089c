using System.Net;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Simulation;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Proxy.Udp;

/// <summary>A UDP listener on a simulated reactor, whose socket may be broken for a while.</summary>
public sealed class UdpServerTests
{
    private const string Host = "10.0.0.1";
    private const int LastsMs = 5_000;

    [Fact]
    public void A_socket_that_goes_on_failing_is_tried_now_and_then_until_it_works_again()
    {
        using var world = new SimWorld(seed: 1, _ => new SimConditions());
        using var log = new Log(LogLevel.Error, output: TextWriter.Null);
        var plan = Snapshot.Build(Options()).Listeners[0];
        var reactor = world.CreateReactor(Host, limitBytes: 1 << 20, 4096, 32768);
        var worker = new Worker(reactor, Snapshot.Build(Options()), log);
        worker.SetAddresses("origins", 0, [new IPEndPoint(IPAddress.Parse("10.0.1.1"), 53).Serialize()]);
        worker.Bind(plan, plan.Address, shared: false, accessLog: null);
        worker.Serve();

        world.Datagrams.IsBroken = true;
        var outside = world.CreateReactor();
        IoHandle? client = null;
        world.Call(outside, () => client = Connect(outside.Loop, plan.Address));
        world.Call(outside, () => SendOne(outside.Loop, client!));
        var end = world.Clock.Now + LastsMs;
        world.RunUntil(() => world.Clock.Now >= end, 2 * LastsMs, () => "time stands still");
        Assert.InRange(world.Datagrams.BrokenReceives, 1, 200);
        Assert.Equal(0, reactor.Counters.Udp.Opened);

        world.Datagrams.IsBroken = false;
        world.RunUntil(() => reactor.Counters.Udp.Opened == 1, LastsMs, () => "what waited is not received");
        world.Call(outside, () => outside.Loop.Close(client!));
        world.Call(reactor, worker.Drain);
        world.CheckClean();
    }

    [Fact]
    public void A_socket_that_is_closed_while_it_fails_is_not_tried_again()
    {
        using var world = new SimWorld(seed: 1, _ => new SimConditions());
        using var log = new Log(LogLevel.Error, output: TextWriter.Null);
        var plan = Snapshot.Build(Options()).Listeners[0];
        var reactor = world.CreateReactor(Host, limitBytes: 1 << 20, 4096, 32768);
        var worker = new Worker(reactor, Snapshot.Build(Options()), log);
        worker.Bind(plan, plan.Address, shared: false, accessLog: null);
        worker.Serve();
        world.Datagrams.IsBroken = true;
        var end = world.Clock.Now + LastsMs;
        world.RunUntil(() => world.Clock.Now >= end, 2 * LastsMs, () => "time stands still");
        world.Call(reactor, worker.Drain);
        var tries = world.Datagrams.BrokenReceives;
        world.CheckClean();
        Assert.Equal(tries, world.Datagrams.BrokenReceives);
    }

    private static IoHandle Connect(EventLoop loop, EndPoint address)
    {
        Assert.False(loop.ConnectDatagrams(address.Serialize(), out var socket).IsError);
        return socket!;
    }

    private static void SendOne(EventLoop loop, IoHandle socket)
    {
        var batch = loop.Datagrams;
        batch[batch.Used] = new Datagram { Length = 3 };
        var run = new DatagramRun { First = batch.Used, Count = 1 };
        batch.Add(1);
        loop.SendDatagrams(socket, new Span<DatagramRun>(ref run));
        batch.Used = 0;
    }

    private static TailraceOptions Options() => new()
    {
        Listeners =
        [
            new ListenerOptions { Address = $"{Host}:53", Protocol = ListenerProtocol.Udp, Cluster = "origins" },
        ],
        Clusters = new Dictionary<string, ClusterOptions>
        {
            ["origins"] = new() { Destinations = [new DestinationOptions { Address = "udp://10.0.1.1:53" }] },
        },
    };
}
