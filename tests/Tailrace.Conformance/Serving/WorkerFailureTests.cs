using System.Text.Json;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>A worker that the system lets down, beside one that goes on.</summary>
public sealed class WorkerFailureTests
{
    private const uint RingEnter = 426;

    [Theory]
    [InlineData(EngineChoice.IoUring, ListenerProtocol.Http)]
    [InlineData(EngineChoice.IoUring, ListenerProtocol.Tcp)]
    [InlineData(EngineChoice.Epoll, ListenerProtocol.Http)]
    [InlineData(EngineChoice.Epoll, ListenerProtocol.Tcp)]
    public void Its_connections_end_in_order_and_its_sibling_goes_on(EngineChoice engine, ListenerProtocol protocol)
    {
        var path = Path.GetTempFileName();
        var (expected, cut) = (0, 0);
        Scenario.Run(engine, scenario =>
        {
            Exception? failure = null;
            using var gate = new ManualResetEventSlim();
            scenario.Options = scenario.Options with
            {
                Workers = 2,
                AccessLog = new AccessLogOptions { Format = AccessLogFormat.Json, Path = path },
            };
            scenario.Listener = protocol == ListenerProtocol.Tcp
                ? scenario.Listener with { Protocol = protocol, Cluster = "origins" }
                : scenario.Listener with { DeferAccept = false };
            scenario.Map = server => server.WorkerFailed = reason => Volatile.Write(ref failure, reason);
            var asked = 0;
            scenario.AddOrigin((Message request) =>
            {
                Interlocked.Increment(ref asked);
                if (request.Target == "/held") gate.Wait(30_000);
                return Reply.Of("x");
            });
            var clients = ConnectToBoth(scenario);
            foreach (var client in clients.SelectMany(one => one)) client.Send(Reply.Get("/held"));
            Wait.Until(() => asked == scenario.Counters.Active, "not all are asked for");

            // Only this thread gets no completions any more.
            var worker = scenario.Server.Workers[1].Reactor;
            worker.Loop.Post(() => Deny(engine));
            Wait.Until(() => Volatile.Read(ref failure) is not null, "nobody is told");
            Assert.Contains(
                engine == EngineChoice.Epoll ? "epoll_wait: errno 1" : "io_uring_enter: EPERM", failure!.Message);
            Assert.True(scenario.Server.HasFailed);
            scenario.WaitForLog("a worker cannot go on");
            Assert.Contains("worker=1", Assert.Single(scenario.Log.With("a worker cannot go on")));
            foreach (var client in clients[1]) client.ExpectReset();
            Assert.Equal(0, scenario.Server.Statistics[1].Active);
            Assert.Equal(clients[0].Count, scenario.Server.Listeners[0].Active);
            Assert.Equal(0, worker.Buffers.Rented);

            gate.Set();
            foreach (var client in clients[0]) Assert.Equal("x", client.ReadAnswer().Text);
            // Who comes now has no other to go to.
            for (var i = 0; i < 8; i++) Assert.Equal("x", scenario.Exchange(Reply.Get()).Text);
            foreach (var client in clients[0])
            {
                client.Send(Reply.Get());
                Assert.Equal("x", client.ReadAnswer().Text);
                client.Dispose();
            }
            cut = clients[1].Count;
            expected = protocol == ListenerProtocol.Tcp ? cut + clients[0].Count + 8 : cut + 2 * clients[0].Count + 8;
            scenario.StopAndCheck();
        });
        var entries = File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        File.Delete(path);
        Assert.Equal(expected, entries.Length);
        Assert.Equal(cut, entries.Count(IsCut));

        bool IsCut(JsonElement entry) => protocol == ListenerProtocol.Tcp
            ? entry.ToString().Contains("\"stopped\"")
            : entry.GetProperty("status").ToString() != "200";
    }

    [Theory, InlineData(EngineChoice.IoUring), InlineData(EngineChoice.Epoll)]
    public void What_waits_for_a_time_alone_ends_with_it(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        const int total = 60_000;
        using var hasReset = new ManualResetEventSlim();
        scenario.Listener = scenario.Listener with { Protocol = ListenerProtocol.Tcp, Cluster = "origins" };
        // So the system takes all that the client does not read.
        scenario.Options = scenario.Options with
        {
            Buffers = scenario.Options.Buffers with { Socket = total },
        };
        Exception? failure = null;
        scenario.Map = server => server.WorkerFailed = reason => Volatile.Write(ref failure, reason);
        scenario.AddOrigin(wire =>
        {
            wire.Send(Payload.Of(total));
            Wait.Until(() => wire.Owed == 0, "the proxy's system has not taken it");
            wire.Reset();
            hasReset.Set();
        });
        var before = Descriptors.Count();
        var pipes = Descriptors.CountPipes();
        // It reads nothing, so its tunnel waits for what is on its way to it, and asks from time to time.
        using var client = scenario.Connect(windowBytes: 8 << 10);
        Assert.True(hasReset.Wait(30_000), "the origin has not sent all");
        Wait.Until(
            () => scenario.Server.TcpStates().Contains(("closing", 1)) && scenario.Counters.Tcp.BytesDown == total,
            "the reset has not been heard of");

        scenario.Server.Workers[0].Reactor.Loop.Post(() => Deny(engine));
        Wait.Until(() => Volatile.Read(ref failure) is not null, "nobody is told");
        Assert.Equal((0, 0), (scenario.Counters.Active, scenario.Counters.Tcp.Active));
        Assert.Equal(0, scenario.Server.Listeners[0].Active);
        Assert.Equal(0, scenario.Server.Workers[0].Reactor.Buffers.Rented);
        client.Dispose();
        Wait.Until(() => Descriptors.Count() <= before, "descriptors are open");
        Assert.InRange(Descriptors.CountPipes(), 0, pipes);
    });

    private static void Deny(EngineChoice engine)
    {
        if (engine == EngineChoice.Epoll) Seccomp.DenyEpollWait();
        else Seccomp.DenyCall(RingEnter);
    }

    /// <summary>Some clients of each worker.</summary>
    private static List<Wire>[] ConnectToBoth(Scenario scenario)
    {
        var clients = new List<Wire>[] { [], [] };
        while (clients[0].Count < 3 || clients[1].Count < 3)
        {
            var before = scenario.Server.Statistics[0].Active;
            var all = scenario.Counters.Active;
            var client = scenario.Connect();
            Wait.Until(() => scenario.Counters.Active == all + 1, "it is not accepted");
            clients[scenario.Server.Statistics[0].Active > before ? 0 : 1].Add(client);
        }
        return clients;
    }
}
