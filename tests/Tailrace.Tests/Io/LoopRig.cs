using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Simulation;

namespace Tailrace.Tests.Io;

/// <summary>One loop with its reactor on the test's own thread, and what tests of every back end need of it.</summary>
/// <remarks>Disposing of it checks that nothing is left: no block, no timer.</remarks>
internal sealed class LoopRig : IDisposable
{
    private const int StuckAfterSeconds = 30;

    private const int SettleTurns = 20;

    private readonly Action _step;
    private bool _hasPassed = true;

    /// <summary>The back ends that every contract test runs on.</summary>
    public static TheoryData<string> Engines =>
        OperatingSystem.IsLinux() ? ["epoll", "io_uring", "portable"] : ["portable"];

    /// <summary>The same, the simulated one, and those that copy what others leave unseen.</summary>
    public static TheoryData<string> AllEngines => OperatingSystem.IsLinux()
        ? ["epoll", "io_uring", "portable", "sim", "epoll/copying", "io_uring/copying", "sim/copying"]
        : ["portable", "sim", "sim/copying"];

    /// <param name="engine">One of <see cref="AllEngines"/>.</param>
    /// <param name="limitBytes">Of the buffers.</param>
    /// <param name="pipesMax">The most pipes of a loop that does not copy.</param>
    /// <param name="receiverBytes">What a reader's system takes of what is not read, in the simulation.</param>
    internal LoopRig(
        string engine, long limitBytes = 64 << 20, int pipesMax = 64, int receiverBytes = int.MaxValue)
    {
        var copies = engine.EndsWith("/copying", StringComparison.Ordinal);
        engine = engine.Split('/')[0];
        if (engine == "sim")
        {
            var conditions = new SimConditions
            {
                Late = 0,
                SegmentBytesMax = 8192,
                WindowBytes = 1 << 20,
                ReceiverBytes = receiverBytes,
                Unseen = copies ? 0 : 1000,
            };
            var world = new SimWorld(seed: 1, _ => conditions);
            Reactor = world.CreateReactor("127.0.0.1", limitBytes, 4096, 16384);
            _step = () => world.Step();
        }
        else
        {
            var kind = Enum.Parse<Engine>(engine.Replace("_", ""), ignoreCase: true);
            var loop = Loops.Create(kind, eventsMax: 64, copies ? 0 : pipesMax);
            Reactor = new Reactor(0, loop, new BufferPools(4096, 16384, limitBytes));
            _step = Turn;
        }
        Assert.Equal(engine, Loop.Name);
        Loop.Unhandled = exception => Unhandled.Add(exception);
    }

    /// <summary>A rig of a loop that was made with settings of its own.</summary>
    internal LoopRig(EventLoop loop)
    {
        Reactor = new Reactor(0, loop, new BufferPools(4096, 16384, 64 << 20));
        _step = Turn;
        Loop.Unhandled = exception => Unhandled.Add(exception);
    }

    internal EventLoop Loop => Reactor.Loop;

    internal Reactor Reactor { get; }

    internal List<Exception> Unhandled { get; } = [];

    /// <summary>Runs the loop until <paramref name="body"/> has ended, and raises what it raised.</summary>
    internal void Run(Func<LoopTask> body)
    {
        _hasPassed = false;
        var watch = Stopwatch.StartNew();
        var task = Start(body);
        while (!task.IsCompleted)
        {
            Assert.True(watch.Elapsed.TotalSeconds < StuckAfterSeconds, "the loop is stuck");
            _step();
        }
        task.GetAwaiter().GetResult();
        _hasPassed = true;
    }

    private LoopTask Start(Func<LoopTask> body)
    {
        Loop.Enter();
        try
        {
            return body();
        }
        finally
        {
            Loop.Leave();
        }
    }

    private void Turn()
    {
        Loop.Enter();
        try
        {
            Loop.Turn(100);
        }
        finally
        {
            Loop.Leave();
        }
    }

    /// <summary>Lets the loop settle: what was queued or is under way gets its turn.</summary>
    internal async LoopTask TurnsAsync(int count)
    {
        for (var i = 0; i < count; i++) await Loop.YieldAsync();
    }

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    internal async LoopTask UntilAsync(Func<bool> condition)
    {
        while (!condition()) await Loop.YieldAsync();
    }

    /// <summary>Accepts a connection as no loop does: it says something, or nothing, and resets it.</summary>
    internal static void AcceptAndReset(TcpListener listener, ReadOnlySpan<byte> words)
    {
        Assert.True(listener.Server.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead), "nobody connects");
        using var accepted = listener.AcceptSocket();
        accepted.Send(words);
        accepted.LingerState = new LingerOption(true, 0);
    }

    internal IoHandle Listen(IPAddress? address = null) =>
        Loop.Listen(new IPEndPoint(address ?? IPAddress.Loopback, 0), new ListenSettings(128, Shared: false));

    internal SocketAddress AddressOf(IoHandle listener) => Loop.LocalAddress(listener).Serialize();

    /// <summary>A connected pair; the listener is closed again.</summary>
    internal async LoopTask<(SocketConnection Client, SocketConnection Server)> PairAsync()
    {
        var listener = Listen();
        var client = SocketConnection.Rent(Reactor);
        var connecting = client.ConnectAsync(AddressOf(listener));
        var accept = new AcceptOperation();
        var accepted = await Loop.AcceptAsync(listener, accept);
        Assert.False(accepted.IsError, accepted.ToString());
        var connected = await connecting;
        Assert.False(connected.IsError, connected.ToString());
        var server = SocketConnection.Adopt(Reactor, accept.Opened!);
        Loop.Close(listener);
        return (client, server);
    }

    /// <summary>Connects a socket of .NET's, and accepts it; the listener is closed again.</summary>
    internal async LoopTask<SocketConnection> AcceptAsync(Socket peer)
    {
        var listener = Listen();
        peer.Connect((IPEndPoint)Loop.LocalAddress(listener));
        var accept = new AcceptOperation();
        var accepted = await Loop.AcceptAsync(listener, accept);
        Assert.False(accepted.IsError, accepted.ToString());
        Loop.Close(listener);
        return SocketConnection.Adopt(Reactor, accept.Opened!);
    }

    internal static async LoopTask SendAsync(Connection connection, string text)
    {
        Assert.True(connection.Output.TryAppend(System.Text.Encoding.ASCII.GetBytes(text)));
        var sent = await connection.FlushAsync();
        Assert.Equal(text.Length, sent.Bytes);
    }

    /// <summary>Receives exactly as many bytes as <paramref name="text"/> has, and compares.</summary>
    internal static async LoopTask ExpectAsync(Connection connection, string text)
    {
        while (connection.Input.Length < text.Length)
        {
            var filled = await connection.FillAsync();
            Assert.True(filled.Bytes > 0, filled.ToString());
        }
        Assert.Equal(text, System.Text.Encoding.ASCII.GetString(connection.Input.Unread));
        connection.Input.Consume(text.Length);
        connection.Input.Release();
    }

    /// <summary>What a thread has forbidden itself stays forbidden: so it has one to itself.</summary>
    internal static Exception? OnThreadOfItsOwn(Action body)
    {
        Exception? failure = null;
        // A loop that never comes out of its turn is not waited for.
        var thread = new Thread(() =>
        {
            try
            {
                body();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        Assert.True(thread.Join(TimeSpan.FromSeconds(2 * StuckAfterSeconds)), "the loop is stuck in a turn");
        return failure;
    }

    /// <summary>Runs something on several threads at once, each with its number, until all have ended.</summary>
    internal static void OnThreads(int count, Action<int> body)
    {
        var failures = new Exception?[count];
        var threads = Enumerable.Range(0, count)
            .Select(i => new Thread(() => failures[i] = Record.Exception(() => body(i)))).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        Assert.All(failures, Assert.Null);
    }

    public void Dispose()
    {
        // What is left after a failure says nothing.
        if (!_hasPassed) return;
        // A closed stream may still have its last bytes under way.
        for (var i = 0; i < SettleTurns && (Reactor.Buffers.Rented > 0 || Loop.Timers.Count > 0); i++) _step();
        Assert.Empty(Unhandled);
        Assert.Equal(0, Reactor.Buffers.Rented);
        Assert.Equal(0, Loop.Timers.Count);
        Assert.Equal(0, Loop.UnseenHeld);
        Reactor.Dispose();
    }
}

/// <summary>Counts, over all threads, how many are in at once, and how many were at most.</summary>
internal sealed class Crowd
{
    private int _inside;
    private int _most;

    internal int Most => _most;

    internal void Enter()
    {
        var now = Interlocked.Increment(ref _inside);
        for (var seen = _most; now > seen; seen = _most) Interlocked.CompareExchange(ref _most, now, seen);
    }

    internal void Leave() => Interlocked.Decrement(ref _inside);
}
