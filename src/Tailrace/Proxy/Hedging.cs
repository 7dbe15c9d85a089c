using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>
/// Sends a request that takes unusually long to another destination as well, and goes on with whoever answers first.
/// </summary>
/// <remarks>
/// <para>One for each cluster and worker, made only where it is asked for. What is unusual is measured: so many percent
/// of the answers of late began sooner. A request whose race is lost is counted with the time that it had until then,
/// so that the share of requests that are sent twice stays what was asked for.</para>
/// <para>Each second request is taken out of the <see cref="RetryBudget"/>.</para>
/// </remarks>
internal sealed class Hedging(Cluster cluster, HedgeSettings settings, RetryBudget budget)
{
    /// <summary>After so many measurements the percentile is looked up anew.</summary>
    private const int LookUpEvery = 64;

    private readonly LatencyHistogram _latencies = new();
    private readonly FreeList<HedgeRace> _races = new(1024);
    private int _sinceLookUp = LookUpEvery;
    private int _delayMs = settings.DelayMinMs;

    /// <summary>The cluster it is of.</summary>
    internal Cluster Cluster => cluster;

    /// <summary>After how many milliseconds a request is sent to another destination as well; 0 for never.</summary>
    internal int DelayOf(Exchange exchange, Attempts attempts, UpstreamConnection upstream)
    {
        var request = exchange.Request;
        if (request.Body != BodyKind.None || request.IsUpgrade || !Methods.IsIdempotent(request.Method)) return 0;
        if (attempts.IsTrial || _latencies.Total < settings.RequestsMin) return 0;
        return _delayMs < upstream.FirstByteMs ? _delayMs : 0;
    }

    /// <summary>Takes a measurement: the time to the beginning of an answer, or as much of it as is known.</summary>
    internal void Record(long milliseconds)
    {
        _latencies.Record(milliseconds);
        if (++_sinceLookUp < LookUpEvery) return;
        _sinceLookUp = 0;
        _delayMs = Math.Max(_latencies.Percentile(settings.Percentile), settings.DelayMinMs);
    }

    /// <summary>
    /// The delay has passed without an answer. Waits on, together with another destination if there is one to be had.
    /// </summary>
    /// <returns>The connection to go on with, and what its receive came to.</returns>
    internal async LoopTask<RaceResult> RaceAsync(
        Exchange exchange, Attempts attempts, UpstreamConnection upstream, RequestEdits edits)
    {
        var now = cluster.Reactor.Loop.Now;
        upstream.HedgeMs = 0;
        upstream.Connection.SetTimeout(upstream.FirstByteLeftMs(now));
        if (upstream.Client.HasReceived || !upstream.IsRequestSent || Choose(attempts, upstream) is not { } other)
            return new RaceResult(upstream, await upstream.Connection.FillAsync());
        if (!budget.TryTake(now))
        {
            cluster.Reactor.Counters.UpstreamHedgesDenied++;
            return new RaceResult(upstream, await upstream.Connection.FillAsync());
        }
        cluster.Reactor.Counters.UpstreamHedges++;
        var race = _races.TryTake() ?? new HedgeRace(this);
        race.Start(exchange, attempts, upstream, other, edits);
        var result = await race;
        if (result.Upstream == upstream) return result;
        // From here on the other one is this exchange's, in all respects.
        cluster.Reactor.Counters.UpstreamHedgeWins++;
        exchange.Lease = result.Upstream;
        exchange.Upstream = result.Upstream.Destination.NameBytes;
        exchange.Downstream.AbortWith(result.Upstream.Connection);
        return result;
    }

    /// <summary>Takes back a race that nobody is in any more.</summary>
    internal void Return(HedgeRace race) => _races.Return(race);

    private Destination? Choose(Attempts attempts, UpstreamConnection upstream)
    {
        if (cluster.Breaker is { IsOpen: true } || cluster.HasWaiting) return null;
        var tried = attempts.Tried.Clone();
        tried.Add(upstream.Destination.Index);
        return cluster.Pick(attempts.Key, tried);
    }
}

/// <summary>Who has answered, or has failed last.</summary>
/// <param name="Upstream">The connection to go on with.</param>
/// <param name="Received">What its receive came to.</param>
internal readonly record struct RaceResult(UpstreamConnection Upstream, IoResult Received);

/// <summary>When a request is sent to another destination as well. Immutable.</summary>
internal sealed record HedgeSettings
{
    /// <summary>Of a hundred answers so many begin sooner.</summary>
    internal int Percentile { get; init; } = 97;

    /// <summary>The least delay, in milliseconds.</summary>
    internal int DelayMinMs { get; init; } = 10;

    /// <summary>Answers that have to have been measured.</summary>
    internal int RequestsMin { get; init; } = 100;
}
