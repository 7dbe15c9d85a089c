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
            var pool = new Cluster(rig.Reactor, new ClusterSettings { Name = "test", ConnectTimeoutMs = 50 }, [destination]).Pool;
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
}
