using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Proxy.Balancing;
using Tailrace.Sessions;
using Tailrace.Telemetry;

namespace Tailrace.Proxy;

/// <summary>Decides whether a request that a destination did not answer well is sent to another one.</summary>
/// <remarks>
/// <para>One for each cluster and worker, made only where it is asked for; used on the worker's thread. Each try beyond
/// the first is taken out of the <see cref="RetryBudget"/>.</para>
/// <para>Only what can be sent again is: a request without a body, or with one that is kept in the client's input. And
/// only what may be: twice has to be the same as once, unless the settings say otherwise.</para>
/// </remarks>
internal sealed class Retries(Cluster cluster, RetrySettings settings, RetryBudget budget, ulong seed)
{
    private readonly Reactor _reactor = cluster.Reactor;
    private readonly int _firstByteMs = cluster.Settings.FirstByteTimeoutMs;
    private readonly Dice _dice = new(seed);

    private Counters Counters => _reactor.Counters;

    private long Now => _reactor.Loop.Now;

    /// <summary>
    /// How long this try may take to its first byte: less than the last one, where another may follow.
    /// </summary>
    internal int TimeoutOf(Exchange exchange, Attempts attempts) =>
        settings is { OnTimeout: true, TryTimeoutMs: > 0 } && CanRepeat(exchange, attempts)
            ? Math.Min(settings.TryTimeoutMs, _firstByteMs)
            : _firstByteMs;

    /// <summary>
    /// Sends a short body that is there whole as a copy, so that it can be sent again: it stays in the input until
    /// <see cref="ReleaseBody"/>.
    /// </summary>
    internal bool TryHoldBody(Exchange exchange, ByteBuffer output)
    {
        var request = exchange.Request;
        var input = exchange.Downstream.Input;
        if (request.Body != BodyKind.Length || request.ContentLength > Math.Min(settings.BodyBytesMax, input.Length))
            return false;
        // Whoever waits to be told to send has not been told.
        if (request.ExpectContinue || !IsAllowed(request.Method) || exchange.RequestBody.Received > 0) return false;
        return output.TryAppend(input.Unread[..(int)request.ContentLength]);
    }

    /// <summary>Takes a body that was kept out of the way: it is not sent again.</summary>
    internal static void ReleaseBody(Exchange exchange)
    {
        while (exchange.RequestBody.Next(out var count) == BodyStep.Data) exchange.Downstream.Input.Consume(count);
    }

    /// <summary>
    /// Whether an answer that is late may take as long as the last one: nothing is left for another try.
    /// </summary>
    internal bool GrantsMore(UpstreamConnection upstream)
    {
        if (upstream.FirstByteMs >= _firstByteMs || budget.HasRoom(Now)) return false;
        Counters.UpstreamRetriesDenied++;
        upstream.FirstByteMs = _firstByteMs;
        upstream.Connection.SetTimeout(upstream.FirstByteLeftMs(Now));
        return true;
    }

    /// <summary>Whether a request is to be sent again; if so it is taken out of the budget.</summary>
    internal bool MayRetry(Exchange exchange, Attempts attempts, UpstreamConnection upstream, UpstreamFailure failure)
    {
        if (ReasonOf(upstream, failure) is not { } reason || !CanRepeat(exchange, attempts)) return false;
        if (!budget.TryTake(Now))
        {
            Counters.UpstreamRetriesDenied++;
            cluster.Retried?.Invoke(upstream.Destination, "upstream: no retry, the budget is used up");
            return false;
        }
        attempts.TryFailed(upstream.Destination.Index);
        cluster.Retried?.Invoke(upstream.Destination, reason);
        return true;
    }

    /// <summary>Waits before the next try, if it is to be later.</summary>
    /// <returns>False when the client has left meanwhile; its exchange is aborted then.</returns>
    internal LoopTask<bool> PauseAsync(Exchange exchange, Attempts attempts) =>
        settings.BackoffMs == 0 || attempts.Retries == 0
            ? new LoopTask<bool>(true)
            : PauseForAsync(exchange, attempts);

    private async LoopTask<bool> PauseForAsync(Exchange exchange, Attempts attempts)
    {
        var pause = (int)Math.Min((long)settings.BackoffMs << (attempts.Retries - 1), settings.BackoffMaxMs);
        // Those that failed together do not come back together.
        pause -= (int)_dice.Below(pause / 2 + 1);
        if (await attempts.PauseFor(exchange.Downstream, pause) != PauseEnd.Lost) return true;
        exchange.Abort();
        return false;
    }

    /// <summary>Reads past an answer that nobody gets, if it is there whole: its connection is of use.</summary>
    internal static void Skip(H1Client client)
    {
        client.BeginBody();
        var (body, input) = (client.Body, client.Connection.Input);
        BodyStep step;
        while ((step = body.Next(out var count)) == BodyStep.Data) input.Consume(count);
        if (step == BodyStep.End) body.TakeTrailers();
    }

    private bool CanRepeat(Exchange exchange, Attempts attempts) =>
        attempts.Retries + 1 < settings.Tries && IsAllowed(exchange.Request.Method) && !exchange.IsAborted
        && (exchange.Request.Body == BodyKind.None || attempts.HoldsBody)
        && cluster.Breaker is not { IsOpen: true };

    private bool IsAllowed(Method method) => settings.AnyMethod || Methods.IsIdempotent(method);

    /// <summary>What to say of a failure that another try is for; null for any other.</summary>
    private string? ReasonOf(UpstreamConnection upstream, UpstreamFailure failure) => failure switch
    {
        UpstreamFailure.None => Array.IndexOf(settings.Statuses, upstream.Client.Head.Status) < 0
            ? null
            : upstream.Client.Head.Status switch
            {
                502 => "upstream: answered 502, the request is sent again",
                503 => "upstream: answered 503, the request is sent again",
                504 => "upstream: answered 504, the request is sent again",
                _ => "upstream: answered with an error, the request is sent again",
            },
        UpstreamFailure.Closed when settings.OnReset =>
            "upstream: the connection was closed before an answer, the request is sent again",
        UpstreamFailure.Lost when settings.OnReset =>
            "upstream: the connection was lost before an answer, the request is sent again",
        UpstreamFailure.Invalid when settings.OnReset =>
            "upstream: the answer is not valid HTTP, the request is sent again",
        UpstreamFailure.Flooded when settings.OnReset =>
            "upstream: the interim answers do not end, the request is sent again",
        UpstreamFailure.TimedOut when settings.OnTimeout => "upstream: no answer in time, the request is sent again",
        _ => null,
    };
}
