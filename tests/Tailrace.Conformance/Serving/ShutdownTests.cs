using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Conformance.Support;
using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Conformance.Serving;

/// <summary>Starting where somebody else is, and stopping with requests in flight.</summary>
public sealed class ShutdownTests
{
    public static TheoryData<EngineChoice, bool> EnginesAndDefers => new MatrixTheoryData<EngineChoice, bool>(
        Scenario.Loops, [false, true]);

    public static TheoryData<EngineChoice, AcceptMode> EnginesAndModes =>
        new MatrixTheoryData<EngineChoice, AcceptMode>(Scenario.Loops, [AcceptMode.ReusePort, AcceptMode.Handoff]);

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Requests_in_flight_end_and_idle_clients_go(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Listener = scenario.Listener with { DeferAccept = false };
        using var go = new ManualResetEventSlim();
        var origin = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("finished");
        });
        var address = scenario.Address;
        var (idle, busy) = (scenario.Connect(), scenario.Connect());
        idle.Send("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
        idle.ReadAnswer();
        busy.Send(Reply.Get());
        Wait.Until(() => origin.Requests.Count == 1, "the request has not arrived");
        var stopping = new Thread(() => scenario.StopAndCheck());
        stopping.Start();
        idle.ExpectEnd();
        Wait.Until(() => IsRefused(address), "new clients are let in");
        Wait.Until(() => scenario.Counters.Active == 1, "idle clients are still counted");
        go.Set();
        var answer = busy.ReadAnswer();
        Assert.Equal("finished", answer.Text);
        Assert.True(answer.IsLast);
        busy.ExpectEnd();
        stopping.Join();
    });

    [Theory, MemberData(nameof(EnginesAndDefers))]
    public void A_first_request_is_answered_though_it_comes_late(EngineChoice engine, bool isDeferred) =>
        Scenario.Run(engine, scenario =>
        {
            scenario.Listener = scenario.Listener with { DeferAccept = isDeferred };
            scenario.Routes = [new() { Respond = new() { Body = "finished" } }];
            var (idle, late) = (scenario.Connect(), scenario.Connect());
            idle.Send(Reply.Get());
            idle.ReadAnswer();
            var stopping = new Thread(() => scenario.StopAndCheck(graceSeconds: 30));
            stopping.Start();
            // Which is when all that goes at once has gone.
            idle.ExpectEnd();
            late.Send(Reply.Get());
            var answer = late.ReadAnswer();
            Assert.Equal("finished", answer.Text);
            Assert.True(answer.IsLast);
            late.ExpectEnd();
            stopping.Join();
        });

    /// <remarks>
    /// Many clients come all the time: wherever one is on its way when the listeners are closed, it is served or has
    /// not come in.
    /// </remarks>
    [Theory, MemberData(nameof(EnginesAndModes))]
    public void Whoever_has_come_in_is_answered(EngineChoice engine, AcceptMode mode) =>
        Scenario.Run(engine, scenario =>
        {
            scenario.Options = scenario.Options with { Workers = 2 };
            scenario.Listener = scenario.Listener with { Accept = mode };
            scenario.Routes = [new() { Respond = new() { Body = "hi" } }];
            var address = scenario.Address;
            var lost = new ConcurrentQueue<Exception>();
            var clients = Enumerable.Range(0, 24).Select(_ => new Thread(() => Ask(address, lost))).ToArray();
            foreach (var client in clients) client.Start();
            Wait.Until(() => scenario.Counters.Requests > 1_000, "nobody asks");
            scenario.StopAndCheck();
            foreach (var client in clients) client.Join();
            Assert.Empty(lost);
        });

    /// <remarks>
    /// Each worker accepts for one of four listeners. The first does not come to stop before the others have, and
    /// then finds connections to give them.
    /// </remarks>
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_waits_to_be_accepted_is_served_whichever_worker_gets_it(EngineChoice engine)
    {
        const int clientCount = 16;
        using var log = new Log(output: TextWriter.Null);
        using var server = new Server(FourWorkers(engine), log);
        server.Start();
        IPEndPoint[] addresses = [.. server.Addresses.Cast<IPEndPoint>()];
        using var go = new ManualResetEventSlim();
        using var isHeld = new ManualResetEventSlim();
        server.Workers[0].Reactor.Loop.Post(() =>
        {
            isHeld.Set();
            go.Wait(30_000);
        });
        Wait.Until(() => isHeld.IsSet, "the first worker does not run");
        var clients = Enumerable.Range(0, clientCount).Select(_ => Wire.Connect(addresses[0])).ToArray();
        foreach (var client in clients) client.Send(Reply.Get());
        // The portable loop's first accept needs no turn of it.
        var taken = engine == EngineChoice.Portable ? 1 : 0;
        Wait.Until(() => SystemSockets.Waiting(addresses[0]) == clientCount - taken, "the clients have not all come");
        var stopping = new Thread(() => server.Stop(TimeSpan.FromSeconds(10)));
        stopping.Start();
        foreach (var address in addresses[1..]) Wait.Until(() => IsRefused(address), "new clients are let in");
        go.Set();
        foreach (var client in clients)
        {
            var answer = client.ReadAnswer();
            Assert.Equal(200, answer.Status);
            client.Dispose();
        }
        stopping.Join();
        Assert.All(server.Statistics, worker => Assert.True(worker.Requests >= clientCount / 4));
        Assert.All(server.Workers, worker => Assert.Equal(0, worker.Reactor.Buffers.Rented));
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void What_does_not_end_in_time_is_ended(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var origin = scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            wire.ReadToEnd();
        });
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Wait.Until(() => origin.Accepts == 1, "the request has not arrived");
        scenario.StopAndCheck(graceSeconds: 0);
        Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
        scenario.WaitForLog("closing connections that did not end in time");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_connect_that_does_not_end_in_time_is_ended(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var timeouts = new ClusterTimeouts { Connect = TimeSpan.FromMinutes(10) };
        scenario.Cluster = scenario.Cluster with { Timeouts = timeouts };
        using var silent = new FullListener();
        scenario.AddDestination($"http://{silent.Address}");
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Wait.Until(() => scenario.Counters.Requests == 1, "the request has not arrived");
        scenario.StopAndCheck(graceSeconds: 0);
        Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
    });

    [Theory]
    [InlineData(EngineChoice.Epoll, 1)]
    [InlineData(EngineChoice.Epoll, 2)]
    [InlineData(EngineChoice.Portable, 1)]
    [InlineData(EngineChoice.Portable, 2)]
    public void A_busy_port_is_named_with_its_holder(EngineChoice engine, int workers)
    {
        var descriptors = Descriptors.Count();
        using (var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            holder.Listen();
            var address = holder.LocalEndPoint!.ToString()!;
            using var server = new Server(new TailraceOptions
            {
                Engine = engine,
                Workers = workers,
                Listeners = [new() { Address = "127.0.0.1:0" }, new() { Address = address }],
                Routes = [new RouteOptions { Respond = new RespondOptions() }],
            });
            var failure = Assert.Throws<StartException>(server.Start);
            Assert.StartsWith($"cannot listen on {address}: the address is in use by ", failure.Message);
            Assert.EndsWith($" (process {Environment.ProcessId})", failure.Message);
        }
        Wait.Until(() => Descriptors.Count() <= descriptors, "descriptors are open");
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_start_line_says_what_runs(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 2 };
        var address = scenario.Address;
        scenario.WaitForLog("started");
        var line = Assert.Single(scenario.Log.With("started"));
        Assert.Contains($"engine={ChildServer.NameOf(engine)}", line, StringComparison.Ordinal);
        Assert.Contains("workers=2", line, StringComparison.Ordinal);
        Assert.Contains($"listening={address}", line, StringComparison.Ordinal);
    });

    /// <summary>Connects and asks until nobody lets it in.</summary>
    private static void Ask(IPEndPoint address, ConcurrentQueue<Exception> lost)
    {
        while (true)
        {
            Wire? client = null;
            try
            {
                client = Wire.Connect(address);
                client.Send(Reply.Get());
                Assert.Equal("hi", client.ReadAnswer().Text);
            }
            catch (Exception failure)
            {
                if (client is not null) lost.Enqueue(failure);
                return;
            }
            finally
            {
                client?.Dispose();
            }
        }
    }

    private static TailraceOptions FourWorkers(EngineChoice engine) => new()
    {
        Engine = engine,
        Workers = 4,
        Listeners = [.. Enumerable.Range(0, 4).Select(i =>
            new ListenerOptions { Name = $"{i}", Address = "127.0.0.1:0", Accept = AcceptMode.Handoff })],
        Routes = [new RouteOptions { Respond = new RespondOptions() }],
    };

    private static bool IsRefused(IPEndPoint address)
    {
        try
        {
            using var client = Wire.Connect(address);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
