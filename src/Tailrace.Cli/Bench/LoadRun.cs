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
/// is slow gets fewer requests, and what it would have done to those that never came is not in the figures. Requests
/// that begin while this process warms up (its code is compiled, its connections are opened) are not in them either.
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
    private readonly ManualResetEventSlim _ended = new();
    private volatile bool _isCounting;
    private volatile bool _isOver;
    private volatile bool _hasAnswer;
    private volatile FetchError _lastError;

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
        using var stopping = stop.Register(_ended.Set);
        _isCounting = _plan.WarmUp == TimeSpan.Zero;
        var workers = Enumerable.Range(0, Math.Min(_plan.Workers, _plan.Connections))
            .Select(index => new LoadWorker(CreateReactor(index, engine), BulkBytes)).ToArray();
        for (var i = 0; i < _plan.Connections; i++)
        {
            var worker = workers[i % workers.Length];
            worker.Reactor.Loop.Post(() => RepeatAsync(worker).Detach());
        }
        foreach (var worker in workers) worker.Reactor.Start();

        _ended.Wait(_plan.WarmUp, CancellationToken.None);
        if (!_hasAnswer && _lastError is FetchError.Refused or FetchError.Unreachable) _ended.Set();
        _isCounting = true;
        var startedAt = Stopwatch.GetTimestamp();
        _ended.Wait(_plan.Duration, CancellationToken.None);
        _isOver = true;
        var total = new LoadResult { Elapsed = Stopwatch.GetElapsedTime(startedAt) };
        // Waiting for one that is late is no time in which others were asked.
        if (_open.Wait(GraceMs, CancellationToken.None)) total.Elapsed = Stopwatch.GetElapsedTime(startedAt);
        foreach (var worker in workers)
        {
            worker.Reactor.Stop();
            worker.Reactor.Dispose();
            total.Add(worker.Result);
            total.WarmUpAnswers += worker.WarmUp.Latencies.Count;
        }
        total.Unanswered = _open.CurrentCount;
        total.Unreachable = _hasAnswer || stop.IsCancellationRequested || !_ended.IsSet ? FetchError.None : _lastError;
        return total;
    }

    private static Reactor CreateReactor(int index, Engine engine) =>
        new(index, Loops.Create(engine, EventsPerWait), new BufferPools(BlockBytes, BulkBytes, limitBytes: 1L << 30));

    private async LoopTask RepeatAsync(LoadWorker worker)
    {
        do
        {
            // Who refuses is not asked as fast as a processor can.
            if (!await AskAsync(worker) && !_isOver) await Task.Delay(ErrorPauseMs);
        }
        while (!_isOver);
        _open.Signal();
    }

    private async LoopTask<bool> AskAsync(LoadWorker worker)
    {
        var result = _isCounting ? worker.Result : worker.WarmUp;
        var startedAt = Stopwatch.GetTimestamp();
        using var answer = await _client.SendAsync(worker.Reactor, _request);
        var length = 0L;
        while (!answer.IsError)
        {
            var read = await answer.ReadAsync(worker.Buffer);
            length += read.Bytes;
            if (read.IsError || read.Bytes == 0) break;
        }
        if (answer.IsError)
        {
            result.Failed(answer.Error);
            OnError(answer.Error);
            return false;
        }
        _hasAnswer = true;
        result.Answered(answer.Status, length, (long)Stopwatch.GetElapsedTime(startedAt).TotalMicroseconds);
        return true;
    }

    /// <summary>A name that is not found will not be found by asking on.</summary>
    private void OnError(FetchError error)
    {
        _lastError = error;
        if (!_hasAnswer && error is FetchError.NameNotFound or FetchError.BadUrl) _ended.Set();
    }

    private static Engine EngineOf(EngineChoice choice) => choice switch
    {
        EngineChoice.Epoll => Engine.Epoll,
        EngineChoice.IoUring => Engine.IoUring,
        EngineChoice.Portable => Engine.Portable,
        _ => Engine.Auto,
    };

    /// <summary>A reactor of its own, what came of its requests, and one place that all bodies are read into.</summary>
    private sealed class LoadWorker(Reactor reactor, int bufferBytes)
    {
        internal Reactor Reactor { get; } = reactor;

        internal LoadResult WarmUp { get; } = new();

        internal LoadResult Result { get; } = new();

        internal byte[] Buffer { get; } = new byte[bufferBytes];
    }
}
