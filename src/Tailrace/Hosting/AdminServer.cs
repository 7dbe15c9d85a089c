using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Handlers;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>The admin listener: a server of its own, on a thread of its own, that says how the process is.</summary>
/// <remarks>
/// Built from what serves users, with limits of its own, so that nothing it does costs a worker anything: it reads
/// their counters as the statistics do. While the workers drain it listens no more, for the address is for whoever
/// takes over, and answers once on each connection that is open. It ends after them.
/// </remarks>
internal sealed class AdminServer : IDisposable
{
    private const int ConnectionsMax = 64;
    private const int EventsPerWait = 16;
    private const int BlockBytes = 16 * 1024;
    private const int BulkBytes = 64 * 1024;
    private const long BufferBytesMax = 8 << 20;
    private const int EndMs = 1000;

    private static readonly FixedReply s_help =
        new(404, "text/plain", "There is no such page. There are /metrics and /health.\n"u8);

    private static readonly PreparedReply s_serving = new(200, "text/plain", "serving\n"u8);
    private static readonly PreparedReply s_draining = new(503, "text/plain", "draining\n"u8);

    private readonly Worker _worker;
    private readonly Engine _engine;
    private bool _isServing;
    private bool _hasLeft;

    private AdminServer(Worker worker, Engine engine, EndPoint address) =>
        (_worker, _engine, Address) = (worker, engine, address);

    /// <summary>Where it listens.</summary>
    internal EndPoint Address { get; }

    /// <summary>Opens the listener; <see cref="Serve"/> begins to answer.</summary>
    /// <param name="options">Where.</param>
    /// <param name="index">The number of its reactor, which is none of the workers'.</param>
    /// <param name="engine">What the workers run on.</param>
    /// <param name="metrics">Writes the metrics; called on the thread of this server.</param>
    /// <param name="isServing">Whether new clients are welcome; likewise.</param>
    /// <param name="log">Where failures are told.</param>
    /// <exception cref="IoException">The address cannot be listened on.</exception>
    internal static AdminServer Open(
        AdminOptions options, int index, Engine engine, Func<byte[]> metrics, Func<bool> isServing, Log log)
    {
        var snapshot = Snapshot.Build(new TailraceOptions
        {
            Listeners =
            [
                new ListenerOptions { Name = "admin", Address = options.Address, MaxConnections = ConnectionsMax },
            ],
        });
        var plan = snapshot.Listeners[0];
        // Locked memory, which io_uring takes, is for workers.
        if (engine == Engine.IoUring) engine = Engine.Epoll;
        var loop = Loops.Create(engine, EventsPerWait);
        var reactor = new Reactor(index, loop, new BufferPools(BlockBytes, BulkBytes, BufferBytesMax));
        var worker = new Worker(reactor, snapshot, log);
        try
        {
            if (plan.Address is UnixDomainSocketEndPoint path) UnixSockets.RemoveStale(path);
            var address = worker.Listen(
                plan, plan.Address, shared: false, Routes(metrics, isServing), accessLog: null);
            return new AdminServer(worker, engine, address);
        }
        catch (IoException)
        {
            worker.Dispose();
            throw;
        }
    }

    /// <summary>Begins to answer.</summary>
    internal void Serve()
    {
        _isServing = true;
        _worker.Reactor.Start();
        _worker.Serve();
    }

    /// <summary>Leaves the address to another process.</summary>
    internal void StopListening()
    {
        if (_hasLeft) return;
        _hasLeft = true;
        UnixSockets.RemoveOwn([Address], _engine);
        if (_isServing) _worker.Reactor.Loop.Post(_worker.StopListening);
    }

    /// <summary>Ends what is under way, and the thread.</summary>
    public void Dispose()
    {
        StopListening();
        if (_isServing)
        {
            _worker.Reactor.Loop.Post(_worker.Drain);
            var deadline = Environment.TickCount64 + EndMs;
            while (Volatile.Read(ref _worker.Reactor.Counters.Active) > 0 && Environment.TickCount64 < deadline)
                Thread.Sleep(1);
            _worker.Reactor.Loop.Post(_worker.Abort);
            _worker.Reactor.Stop();
        }
        _worker.Dispose();
    }

    private static IEnumerable<CodeRoute> Routes(Func<byte[]> metrics, Func<bool> isServing)
    {
        yield return Page("/metrics", exchange => AnswerAsync(exchange, metrics()));
        yield return Page("/health", exchange =>
        {
            exchange.Respond(isServing() ? s_serving : s_draining);
            return LoopTask.Completed;
        });
        yield return new CodeRoute(Answering(s_help.HandleAsync)) { IsPrefix = true };

        CodeRoute Page(string path, HandlerDelegate answer) => new(Answering(exchange =>
        {
            if (exchange.Request.Method is Method.Get or Method.Head) return answer(exchange);
            exchange.Begin(405, 0);
            exchange.Header("Allow"u8, "GET, HEAD"u8);
            exchange.End();
            return LoopTask.Completed;
        }))
        {
            Path = path,
        };

        Handler Answering(HandlerDelegate answer) => Handler.From(exchange =>
        {
            // Whoever asks again is to find who listens at the address by then.
            if (!isServing()) exchange.CloseAfterwards();
            return answer(exchange);
        });
    }

    private static async LoopTask AnswerAsync(Exchange exchange, ReadOnlyMemory<byte> text)
    {
        exchange.Begin(200, text.Length);
        exchange.Header("Content-Type"u8, System.Text.Encoding.ASCII.GetBytes(MetricsWriter.ContentType));
        while (text.Length > 0)
        {
            var piece = text[..Math.Min(text.Length, Exchange.PieceBytesMax)];
            if ((await exchange.WriteAsync(piece.Span)).IsError) return;
            text = text[piece.Length..];
        }
        exchange.End();
    }
}
