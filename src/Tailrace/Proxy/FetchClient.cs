using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>The HTTP client for handlers: requests of one's own, on the reactor that the handler runs on.</summary>
/// <remarks>
/// <para>One object serves all workers, because what it remembers is a <see cref="ReactorLocal{T}"/>: each reactor has
/// its own origins and idle connections. Make one and keep it.</para>
/// <para>Built from what the proxy is built from: the same pool, the same connections, the same codec. It follows no
/// redirects, keeps no cookies and speaks no TLS.</para>
/// </remarks>
public sealed class FetchClient
{
    private readonly ClusterSettings _settings;
    private readonly ReactorLocal<FetchOrigins> _origins;

    /// <summary>Creates a client.</summary>
    /// <param name="settings">Timeouts and limits, which hold for each origin; null for the defaults.</param>
    public FetchClient(ClusterSettings? settings = null)
    {
        _settings = settings ?? new ClusterSettings { Name = "fetch" };
        _origins = new ReactorLocal<FetchOrigins>(
            reactor => new FetchOrigins(reactor, _settings, policy: null, new RequestEdits(), Resolver));
    }

    /// <summary>Looks names up, for all reactors.</summary>
    internal Resolver Resolver { get; init; } = new();

    /// <summary>Gets a URL.</summary>
    /// <param name="reactor">The handler's: <see cref="Exchange.Reactor"/>.</param>
    /// <param name="url">An absolute <c>http</c> URL.</param>
    /// <returns>The answer, its body still to be read; or why there is none. Dispose of it.</returns>
    public LoopTask<FetchAnswer> GetAsync(Reactor reactor, string url) =>
        SendAsync(reactor, new FetchRequest(Method.Get, url));

    /// <summary>Makes a request.</summary>
    /// <param name="reactor">The handler's: <see cref="Exchange.Reactor"/>.</param>
    /// <param name="request">What to ask.</param>
    /// <returns>The answer, its body still to be read; or why there is none. Dispose of it.</returns>
    public async LoopTask<FetchAnswer> SendAsync(Reactor reactor, FetchRequest request)
    {
        // 1. Find the origin; look its name up when that is due.
        if (!FetchUrl.TryParse(request.Url, out var url)) return new FetchAnswer(FetchError.BadUrl);
        var origin = _origins.Of(reactor).Of(url);
        var unresolved = await origin.ResolveAsync();
        if (unresolved != FetchError.None) return Fail(reactor, unresolved);

        var attempts = new Attempts(_settings.Retries);
        while (true)
        {
            // 2. Lease a connection to it.
            var lease = await origin.LeaseAsync(attempts.WantsFresh);
            if (lease.Upstream is not { } upstream) return Fail(reactor, FetchAnswer.ErrorOf(lease.Error));

            // 3. Send the request. A body goes on by itself, so that an answer that comes early is heard.
            if (!TryBegin(upstream, request, url))
            {
                origin.Pool.Close(upstream);
                return Fail(reactor, FetchError.LimitReached);
            }
            UploadAsync(upstream, request.Body).Detach();

            // 4. Wait for the head of the answer.
            var error = await ReadHeadAsync(upstream, request.Method);
            if (error == FetchError.None) return new FetchAnswer(origin, upstream);

            // 5. Try once more where a pooled connection was closed just then; else say what went wrong.
            origin.Pool.Close(upstream);
            var failure = error == FetchError.Closed ? UpstreamFailure.Closed : UpstreamFailure.Invalid;
            // The body is still in hand.
            if (!attempts.MayReplay(request.Method, isReplayable: true, upstream, failure)) return Fail(reactor, error);
            reactor.Counters.UpstreamRetries++;
        }
    }

    /// <summary>Closes a reactor's idle connections; those in use close when they are given back.</summary>
    internal void Drain(Reactor reactor) => _origins.Of(reactor).Drain();

    private static bool TryBegin(UpstreamConnection upstream, FetchRequest request, FetchUrl url)
    {
        upstream.IsRequestSent = false;
        upstream.Upload = default;
        var host = upstream.Destination.NameBytes.Span;
        return upstream.Client.TryBegin(request.Method, url.Target, host, request.Fields, request.ContentLength);
    }

    /// <summary>Sends the head and the body. What becomes of it is seen in the answer, or in its absence.</summary>
    private async LoopTask UploadAsync(UpstreamConnection upstream, ReadOnlyMemory<byte> body)
    {
        var connection = upstream.Connection;
        connection.SetTimeout(_settings.FirstByteTimeoutMs);
        // Half a block, so that a piece has room behind the head.
        var pieceMax = connection.Reactor.Buffers.Bulk.BlockSize / 2;
        while (true)
        {
            var piece = body[..Math.Min(body.Length, pieceMax)];
            if (!upstream.Client.RequestBody.TryAppend(piece.Span))
            {
                upstream.Upload = new RelayResult(RelayEnd.ReadFailed, IoError.NoBuffers);
                connection.CancelFill();
                return;
            }
            var flush = connection.FlushAsync();
            if (!flush.IsCompleted) connection.SetTimeout(_settings.IdleTimeoutMs);
            // The connection may be closed by now, and must not be touched then.
            if ((await flush).IsError) return;
            body = body[piece.Length..];
            if (body.IsEmpty) break;
        }
        upstream.IsRequestSent = true;
        connection.SetTimeout(_settings.FirstByteTimeoutMs);
    }

    /// <summary>Reads the head of the final answer; interim ones are passed over.</summary>
    private static async LoopTask<FetchError> ReadHeadAsync(UpstreamConnection upstream, Method method)
    {
        var client = upstream.Client;
        while (true)
        {
            switch (client.ReadHead(method))
            {
                case ParseStatus.Complete when client.Head.IsInterim:
                    if (!client.TryCountInterim()) return FetchError.Invalid;
                    client.SkipInterim();
                    continue;
                // Nobody asked for a switch of protocols.
                case ParseStatus.Complete when client.Head.Status != 101:
                    return FetchError.None;
                case ParseStatus.NeedMore:
                    // Without its body the request is not answered.
                    if (upstream.HasUploadFailed) return FetchError.LimitReached;
                    var received = await upstream.Connection.FillAsync();
                    if (received is { IsError: false, Bytes: > 0 }) continue;
                    return upstream.HasUploadFailed ? FetchError.LimitReached : FetchAnswer.ErrorOf(received.Error);
                default:
                    return FetchError.Invalid;
            }
        }
    }

    private static FetchAnswer Fail(Reactor reactor, FetchError error)
    {
        if (error == FetchError.TimedOut) reactor.Counters.UpstreamTimeouts++;
        else reactor.Counters.UpstreamErrors++;
        return new FetchAnswer(error);
    }
}
