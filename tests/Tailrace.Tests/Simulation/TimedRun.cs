using System.Net;
using System.Text;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Simulation;
using Tailrace.Simulation.Scenarios;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Simulation;

/// <summary>
/// A worker of the real server between clients and origins that take a given time, in virtual time: what is measured
/// is the same in every run.
/// </summary>
internal sealed class TimedRun : IDisposable
{
    private const string Host = "10.0.0.1";
    private const int LimitMs = 3_600_000;

    private static readonly Log s_log = new(LogLevel.Error, output: TextWriter.Null);

    private readonly SimWorld _world = new(1, _ => new SimConditions
    {
        LatencyMsMax = 0,
        SegmentBytesMax = 65536,
        WindowBytes = 1 << 20,
        Late = 0,
        ShortRead = 0,
        Busy = 0,
    });

    private readonly List<(Reactor Reactor, IoHandle Listener, EndPoint Address)> _origins = [];
    private int _running;

    /// <summary>The worker, once started.</summary>
    internal Worker Worker { get; private set; } = null!;

    /// <summary>How long each request took, in virtual milliseconds.</summary>
    internal List<int> Latencies { get; } = [];

    /// <summary>The status of each answer.</summary>
    internal List<int> Statuses { get; } = [];

    /// <summary>Requests that have come to origins.</summary>
    internal int Arrivals { get; private set; }

    /// <summary>Virtual time.</summary>
    internal long Now => _world.Clock.Now;

    internal Counters Counters => Worker.Reactor.Counters;

    internal Cluster Cluster => Worker.Clusters["origins"];

    /// <summary>Adds an origin; each of its answers takes as long as is said when its request has come.</summary>
    internal void AddOrigin(Func<long, int> delayAt)
    {
        var reactor = _world.CreateReactor($"10.0.1.{_origins.Count + 1}", 64 << 20, 4096, 32768);
        var listener = StreamServer.Listen(_world, reactor, connection => ServeAsync(connection, delayAt));
        _origins.Add((reactor, listener, reactor.Loop.LocalAddress(listener)));
    }

    /// <summary>Starts the worker with a cluster of these origins.</summary>
    internal void Start(ClusterOptions cluster)
    {
        var snapshot = Snapshot.Build(new TailraceOptions
        {
            Listeners = [new ListenerOptions { Address = $"{Host}:8080" }],
            Routes = [new RouteOptions { Cluster = "origins" }],
            Clusters = new Dictionary<string, ClusterOptions>
            {
                ["origins"] = cluster with
                {
                    Destinations = [.. _origins.Select((_, i) => new DestinationOptions { Address = $"http://10.0.1.{i + 1}" })],
                },
            },
        });
        var reactor = _world.CreateReactor(Host, 64 << 20, 4096, 32768);
        Worker = new Worker(reactor, snapshot, s_log);
        for (var i = 0; i < _origins.Count; i++) Worker.SetAddresses("origins", i, [_origins[i].Address.Serialize()]);
        Worker.Listen(snapshot.Listeners[0], snapshot.Listeners[0].Address, shared: false, [], accessLog: null);
        Worker.Serve();
    }

    /// <summary>So many clients ask again and again until a time, each as soon as it has its answer.</summary>
    internal void Ask(int clients, int milliseconds, Action? eachStep = null)
    {
        var outside = _world.CreateReactor();
        var until = Now + milliseconds;
        for (var i = 0; i < clients; i++)
        {
            _running++;
            _world.Start(outside, () => AskAsync(outside, until));
        }
        _world.RunUntil(() =>
        {
            eachStep?.Invoke();
            return _running == 0;
        }, LimitMs, () => $"{_running} clients are still there");
    }

    /// <summary>The time that so many percent of the requests did not exceed.</summary>
    internal int Percentile(double percent)
    {
        var sorted = Latencies.Order().ToArray();
        return sorted[(int)(sorted.Length * percent / 100)];
    }

    /// <summary>Stops everything and checks that nothing is left.</summary>
    internal void Stop()
    {
        _world.Start(Worker.Reactor, () =>
        {
            Worker.Drain();
            return LoopTask.Completed;
        });
        foreach (var (reactor, listener, _) in _origins) reactor.Loop.Close(listener);
        _world.CheckClean();
        Assert.Equal((0, 0), (Cluster.Pool.Load.Active, Cluster.Pool.Load.Unanswered));
        Assert.Equal(0, Cluster.Pool.Load.Connections);
    }

    public void Dispose() => _world.Dispose();

    private async LoopTask AskAsync(Reactor outside, long until)
    {
        var connection = SocketConnection.Rent(outside);
        var address = new IPEndPoint(IPAddress.Parse(Host), 8080).Serialize();
        var pause = new SimPause(outside.Loop);
        Assert.False((await connection.ConnectAsync(address)).IsError);
        while (Now < until)
        {
            var began = Now;
            connection.Output.TryAppend("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8);
            await connection.FlushAsync();
            while (connection.Input.Unread.IndexOf("\r\n\r\n"u8) < 0)
                Assert.True((await connection.FillAsync()).Bytes > 0, "no answer");
            var head = Encoding.ASCII.GetString(connection.Input.Unread);
            var length = int.Parse(head.Split("Content-Length: ")[1].Split('\r')[0]);
            var end = head.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
            while (connection.Input.Length < end + length)
                Assert.True((await connection.FillAsync()).Bytes > 0, "no body");
            Assert.Equal(end + length, connection.Input.Length);
            connection.Input.Consume(end + length);
            Statuses.Add(int.Parse(head.Split(' ')[1]));
            Latencies.Add((int)(Now - began));
            // Who is refused does not come back at once.
            if (Statuses[^1] != 200) await pause.For(50);
        }
        connection.Close();
        _running--;
    }

    private async LoopTask ServeAsync(SocketConnection connection, Func<long, int> delayAt)
    {
        var pause = new SimPause(connection.Reactor.Loop);
        while (true)
        {
            int end;
            while ((end = connection.Input.Unread.IndexOf("\r\n\r\n"u8)) < 0)
            {
                if ((await connection.FillAsync()).Bytes > 0) continue;
                connection.Close();
                return;
            }
            connection.Input.Consume(end + 4);
            Arrivals++;
            await pause.For(delayAt(Now));
            connection.Output.TryAppend("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"u8);
            if (!(await connection.FlushAsync()).IsError) continue;
            connection.Close();
            return;
        }
    }
}
