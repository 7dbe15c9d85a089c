using System.Diagnostics;
using Tailrace.Config;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Proxy;

namespace Tailrace.Cli.Bench;

/// <summary>Makes the same request over and over on a number of connections, until the time is over.</summary>
/// <remarks>
/// A closed loop: each connection sends its next request when it has read the answer to the last one. So a server that
/// is slow gets fewer requests, and what it would have done to those that never came is not in the figures.
/// </remarks>
internal sealed class LoadRun
{
    private const int BlockBytes = 16 * 1024;
    private const int BulkBytes = 64 * 1024;
    private const int EventsPerWait = 128;
    private const int ErrorPauseMs = 20;

    /// <summary>How long what is under way at the end may still take.</summary>
    private const int GraceMs = 2_000;

    private readonly LoadPlan _plan;
    private readonly FetchClient _client;
    private readonly FetchRequest _request;
    private readonly CountdownEvent _open;
    private volatile bool _isOver;

    private LoadRun(LoadPlan plan)
    {
        _plan = plan;
        _request = new FetchRequest(Method.Get, plan.Url);
        _client = new FetchClient(new ClusterSettings { Name = "bench", PoolIdleMax = plan.Connections, Retries = 0 });
        _open = new CountdownEvent(plan.Connections);
    }

    /// <summary>Does it. Blocks until all answers are in, or late.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="stop">Ends it before its time.</param>
    /// <exception cref="IoException">The engine that is asked for cannot run here.</exception>
    public static LoadResult Do(LoadPlan plan, CancellationToken stop = default)
    {
        var engine = Loops.Choose(EngineOf(plan.Engine), out _);
        return new LoadRun(plan).Run(engine, stop);
    }

    private LoadResult Run(Engine engine, CancellationToken stop)
    {
        var workers = Enumerable.Range(0, Math.Min(_plan.Workers, _plan.Connections))
            .Select(index => (Reactor: CreateReactor(index, engine), Result: new LoadResult())).ToArray();
        var buffers = Array.ConvertAll(workers, _ => new byte[BulkBytes]);
        var startedAt = Stopwatch.GetTimestamp();
        for (var i = 0; i < _plan.Connections; i++)
        {
            var (reactor, result) = workers[i % workers.Length];
            // What the bodies say is not looked at: all of a worker's are read into one place.
            var buffer = buffers[i % workers.Length];
            reactor.Loop.Post(() => RepeatAsync(reactor, result, buffer).Detach());
        }
        foreach (var (reactor, _) in workers) reactor.Start();
        stop.WaitHandle.WaitOne(_plan.Duration);
        _isOver = true;
        var total = new LoadResult { Elapsed = Stopwatch.GetElapsedTime(startedAt) };
        // Waiting for one that is late is no time in which others were asked.
        if (_open.Wait(GraceMs, CancellationToken.None)) total.Elapsed = Stopwatch.GetElapsedTime(startedAt);
        foreach (var (reactor, result) in workers)
        {
            reactor.Stop();
            reactor.Dispose();
            total.Add(result);
        }
        total.Unanswered = _open.CurrentCount;
        return total;
    }

    private static Reactor CreateReactor(int index, Engine engine) =>
        new(index, Loops.Create(engine, EventsPerWait), new BufferPools(BlockBytes, BulkBytes, limitBytes: 1L << 30));

    private async LoopTask RepeatAsync(Reactor reactor, LoadResult result, byte[] buffer)
    {
        do
        {
            // Who refuses is not asked as fast as a processor can.
            if (!await AskAsync(reactor, result, buffer) && !_isOver) await Task.Delay(ErrorPauseMs);
        }
        while (!_isOver);
        _open.Signal();
    }

    private async LoopTask<bool> AskAsync(Reactor reactor, LoadResult result, byte[] buffer)
    {
        var startedAt = Stopwatch.GetTimestamp();
        using var answer = await _client.SendAsync(reactor, _request);
        var length = 0L;
        while (!answer.IsError)
        {
            var read = await answer.ReadAsync(buffer);
            length += read.Bytes;
            if (read.IsError || read.Bytes == 0) break;
        }
        if (answer.IsError)
        {
            result.Failed(answer.Error);
            return false;
        }
        result.Answered(answer.Status, length, (long)Stopwatch.GetElapsedTime(startedAt).TotalMicroseconds);
        return true;
    }

    private static Engine EngineOf(EngineChoice choice) => choice switch
    {
        EngineChoice.Epoll => Engine.Epoll,
        EngineChoice.IoUring => Engine.IoUring,
        EngineChoice.Portable => Engine.Portable,
        _ => Engine.Auto,
    };
}
