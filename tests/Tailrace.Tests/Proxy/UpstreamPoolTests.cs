using System.Net;
using System.Net.Sockets;
using Tailrace.Conformance.Support;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>Which addresses of a destination are connected to, and what is known of them afterwards.</summary>
public sealed class UpstreamPoolTests
{
    public static TheoryData<string> Engines => LoopRig.Engines;

    [Theory, MemberData(nameof(Engines))]
    public void Who_leaves_while_finding_out_whether_an_address_is_back_leaves_that_to_the_next(string engine)
    {
        using var full = new FullListener();
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            var (silent, sound) = (full.Address.Serialize(), rig.AddressOf(listener));
            var destination = new Destination("a", weight: 1, [silent, sound]);
            // So long that the sound address is reached within it on a busy machine too.
            var settings = new ClusterSettings { Name = "test", ConnectTimeoutMs = 1000 };
            var pool = new Cluster(rig.Reactor, settings, [destination]).Pool;
            // It failed so long ago that it is tried by one.
            destination.Ring.Failed(silent, rig.Loop.Now - AddressRing.LeftOutMs);
            var (other, client) = await rig.PairAsync();
            client.Abort();
            Assert.Equal(IoError.Aborted, (await pool.ConnectAsync(destination, client)).Error);
            // It has had its turn, and will have the next.
            foreach (var failures in new[] { 0, 1 })
            {
                var next = await pool.ConnectAsync(destination, client: null);
                Assert.Equal((sound, failures), (next.Address, next.Failures));
                pool.Close(destination, next.Connection!);
            }
            Assert.Equal((0, 0, 0), (destination.Active, destination.ConnectionCount, pool.Load.Connections));
            client.Close();
            other.Close();
            rig.Loop.Close(listener);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_connection_that_was_aborted_is_not_kept(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var listener = rig.Listen();
            var (pool, destination) = PoolOf(rig, rig.AddressOf(listener));
            var upstream = (await pool.OpenAsync(destination)).Upstream!;
            upstream.Connection.Abort();
            pool.Keep(upstream);
            Assert.Null(pool.TryRent(destination));
            Assert.Equal((0, 0), (destination.Active, destination.ConnectionCount));
            Assert.Equal(0, rig.Reactor.Counters.UpstreamIdle);
            rig.Loop.Close(listener);
        });
    }

    [Theory, InlineData("epoll"), InlineData("io_uring")]
    public void An_address_that_resets_at_once_is_passed_over_for_requests_though_it_says_something(string engine)
    {
        using var rig = new LoopRig(engine);
        using var hasty = new TcpListener(IPAddress.Loopback, 0);
        hasty.Start();
        rig.Run(async () =>
        {
            await rig.TurnsAsync(2);
            var listener = rig.Listen();
            var (bad, sound) = (hasty.LocalEndpoint.Serialize(), rig.AddressOf(listener));
            var (pool, destination) = PoolOf(rig, bad, sound);
            // For a tunnel its words are what was asked for.
            var connecting = pool.ConnectAsync(destination, client: null);
            LoopRig.AcceptAndReset(hasty, "x"u8);
            var connected = await connecting;
            Assert.Equal((bad, 0), (connected.Address, connected.Failures));
            Assert.Equal(1, (await connected.Connection!.FillAsync()).Bytes);
            pool.Close(destination, connected.Connection);

            (pool, destination) = PoolOf(rig, bad, sound);
            var opening = pool.OpenAsync(destination);
            LoopRig.AcceptAndReset(hasty, "x"u8);
            var opened = await opening;
            Assert.Equal(sound, opened.Upstream!.Address);
            Assert.Equal(1, rig.Reactor.Counters.UpstreamConnectErrors);
            pool.Close(opened.Upstream);
            Assert.Equal((0, 0), (destination.Active, destination.ConnectionCount));
            rig.Loop.Close(listener);
        });
    }

    private static (UpstreamPool Pool, Destination Destination) PoolOf(LoopRig rig, params SocketAddress[] addresses)
    {
        var destination = new Destination("a", weight: 1, addresses);
        return (new Cluster(rig.Reactor, new ClusterSettings { Name = "test" }, [destination]).Pool, destination);
    }
}
