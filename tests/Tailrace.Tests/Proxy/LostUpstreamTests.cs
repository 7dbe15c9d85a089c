using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Tailrace.Conformance.Support;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>An origin that vanishes: the system gives its connection up in the midst of an exchange.</summary>
[SupportedOSPlatform("linux")]
public sealed class LostUpstreamTests
{
    private const uint TimedOut = 110;

    private static uint ReceiveCall => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 207u : 45u;

    [Theory, InlineData("epoll"), InlineData("portable")]
    public void A_request_that_is_still_being_sent_ends_with_its_connection(string engine)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var failure = LoopRig.OnThreadOfItsOwn(() =>
        {
            using var rig = new LoopRig(engine);
            rig.Run(async () =>
            {
                var destination = new Destination("a", weight: 1, [listener.LocalEndpoint.Serialize()]);
                var cluster = new Cluster(rig.Reactor, new ClusterSettings { Name = "test" }, [destination]);
                var told = new List<(Destination?, string)>();
                cluster.Failed = (whose, reason) => told.Add((whose, reason));
                var handler = new ForwardHandler(cluster, new RequestEdits(), new ResponseEdits());
                var context = new ServerContext(rig.Reactor, new ServerSettings(), (_, _, _) => handler, null);
                context.Serve(await rig.AcceptAsync(client));
                client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"u8);
                await rig.UntilAsync(listener.Pending);
                using var origin = listener.AcceptSocket();
                await rig.UntilAsync(() => origin.Available > 0);
                Seccomp.DenyCall(ReceiveCall, TimedOut);
                // What wakes the loop is not what it gets to hear.
                origin.Send("x"u8);
                await rig.UntilAsync(() => client.Available > 0);
                // It waits for the rest of the request, so that its client gets to read the answer.
                context.Abort();
                await rig.UntilAsync(() => context.Count == 0);
                Assert.Equal([(destination, "the connection was lost before an answer")], told);
                Assert.Equal((1, 0), (rig.Reactor.Counters.UpstreamErrors, rig.Reactor.Counters.UpstreamTimeouts));
                Assert.Equal((0, 0), (destination.Active, destination.ConnectionCount));
            });
        });
        if (failure is not null) Assert.Fail(failure.ToString());
        var answer = new byte[4096];
        var text = Encoding.ASCII.GetString(answer, 0, client.Receive(answer));
        Assert.StartsWith("HTTP/1.1 502 ", text);
    }
}
