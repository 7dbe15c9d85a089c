using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Io.ProxyProtocol;
using Tailrace.Memory;
using Tailrace.Sessions;
using Tailrace.Telemetry;

namespace Tailrace.Proxy;

/// <summary>Sends copies of a route's requests to another cluster, and drops the answers.</summary>
/// <remarks>
/// <para>One for each route and worker; runs on the worker's reactor. A copy is a copy in memory: from then on it has
/// nothing in common with its request, which neither waits for it nor hears of it. What would cost the request
/// something is not copied: bodies that are not there whole, and what is beyond the number of copies under way.</para>
/// <para>A copy is sent once, to one destination. What goes wrong is counted, and what is the destination's fault
/// counts for its health.</para>
/// </remarks>
internal sealed class Mirror
{
    /// <summary>The most of an answer's body that is read only to use its connection again.</summary>
    private const long AnswerBytesMax = 1 << 20;

    private readonly Cluster _cluster;
    private readonly RequestEdits _edits;
    private readonly MirrorSettings _settings;
    private readonly FreeList<MirrorCopy> _free = new(64);
    private readonly List<MirrorCopy> _underWay = [];
    private int _credit;
    private bool _isClosed;

    /// <summary>Creates the mirror of one route on one worker.</summary>
    internal Mirror(Cluster cluster, RequestEdits edits, MirrorSettings settings)
    {
        _cluster = cluster;
        // Nobody would be there to speak another protocol.
        _edits = edits with { Upgrades = UpgradePolicy.None };
        _settings = settings;
    }

    private Counters Counters => _cluster.Reactor.Counters;

    /// <summary>Copies a request whose turn it is, before anybody has read its body; null for no copy.</summary>
    internal MirrorCopy? TryCopy(Exchange exchange)
    {
        // Of a hundred requests in a row exactly the percentage is copied.
        if ((_credit += _settings.Percent) < 100) return null;
        _credit -= 100;
        var mayCopy = !_isClosed && _underWay.Count < _settings.InFlightMax && IsWhole(exchange);
        if (!mayCopy || !TryWrite(exchange, out var copy))
        {
            Counters.MirrorsSkipped++;
            return null;
        }
        Counters.Mirrored++;
        _underWay.Add(copy);
        return copy;
    }

    /// <summary>Sends a copy; what becomes of it is nobody's concern but this object's.</summary>
    internal void Send(MirrorCopy copy) => SendAsync(copy).Detach();

    /// <summary>Gives up what is under way: copies do not keep a worker from ending.</summary>
    internal void Close()
    {
        _isClosed = true;
        foreach (var copy in _underWay)
        {
            copy.Message.Clear();
            copy.Upstream?.Connection.Abort();
        }
    }

    /// <summary>Whether all of the request is there, and short enough.</summary>
    private bool IsWhole(Exchange exchange) => !exchange.Request.IsUpgrade && exchange.Request.Body switch
    {
        BodyKind.None => true,
        BodyKind.Length => exchange.Request.ContentLength <= _settings.BodyBytesMax
            && exchange.Request.ContentLength <= exchange.Downstream.Input.Length,
        _ => false,
    };

    private bool TryWrite(Exchange exchange, out MirrorCopy copy)
    {
        copy = _free.TryTake() ?? new MirrorCopy(_cluster.Reactor.Buffers);
        var attempts = _cluster.BeginAttempts(exchange);
        var destination = _cluster.Pick(attempts.Key, attempts.Tried);
        _cluster.EndAttempts(attempts);
        if (destination is not null && TryWrite(copy.Message, exchange, destination))
        {
            copy.Destination = destination;
            copy.Method = exchange.Request.Method;
            return true;
        }
        Free(copy);
        return false;
    }

    private bool TryWrite(ByteBuffer message, Exchange exchange, Destination destination)
    {
        var version = _cluster.Settings.ProxyVersion;
        // When the copy is sent the client may be gone, and its connection is one that has carried nothing else.
        if (version != ProxyVersion.Off && !ProxyHeaderWriter.TryWrite(message, version, exchange.Downstream))
            return false;
        if (!H1Client.TryWrite(message, exchange, _edits, destination.NameBytes.Span)) return false;
        var length = Math.Max(exchange.Request.ContentLength, 0);
        return message.TryAppend(exchange.Downstream.Input.Unread[..(int)length]);
    }

    private async LoopTask SendAsync(MirrorCopy copy)
    {
        var pool = _cluster.Pool;
        var destination = copy.Destination;
        var upstream = pool.TryRent(destination);
        var error = IoError.None;
        if (upstream is null) (upstream, error) = await pool.OpenAsync(destination, introduces: false);
        copy.Upstream = upstream;
        var failure = upstream is null || _isClosed ? UpstreamFailure.Closed : await AskAsync(upstream, copy);
        var latencyMs = upstream is null ? 0 : copy.LatencyMs ?? _cluster.Reactor.Loop.Now - upstream.StartedAt;
        copy.Upstream = null;
        _underWay.Remove(copy);
        Free(copy);
        if (failure != UpstreamFailure.None && !_isClosed) Counters.MirrorErrors++;
        if (upstream is null)
        {
            if (!_isClosed && Lessor.IsFault(error)) _cluster.Record(destination, isFailure: true, latencyMs: 0);
            return;
        }
        if (!_isClosed) _cluster.Record(upstream, failure, latencyMs);
        if (failure == UpstreamFailure.None) pool.Return(upstream);
        else pool.Close(upstream);
    }

    /// <summary>
    /// Sends the request and reads its answer, or as much of it as is worth it: what is cut here is no failure.
    /// </summary>
    private async LoopTask<UpstreamFailure> AskAsync(UpstreamConnection upstream, MirrorCopy copy)
    {
        var (client, connection) = (upstream.Client, upstream.Connection);
        upstream.StartedAt = _cluster.Reactor.Loop.Now;
        upstream.IsRequestSent = false;
        copy.LatencyMs = null;
        if (!client.TryBegin(copy.Message.Unread)) return UpstreamFailure.NoBuffers;
        copy.Message.Clear();
        connection.SetTimeout(_cluster.Settings.FirstByteTimeoutMs);
        if (await connection.FlushAsync() is { IsError: true } sent) return FailureOf(sent);
        upstream.IsRequestSent = true;
        ParseStatus status;
        while ((status = client.ReadHead(copy.Method)) != ParseStatus.Complete || client.Head.IsInterim)
        {
            if (status == ParseStatus.Rejected) return UpstreamFailure.Invalid;
            if (status == ParseStatus.Complete)
            {
                if (!client.TryCountInterim()) return UpstreamFailure.Flooded;
                client.SkipInterim();
                continue;
            }
            var received = await connection.FillAsync();
            if (received is { IsError: true } or { Bytes: 0 }) return FailureOf(received);
        }
        if (client.Head.Status == 101) return UpstreamFailure.Invalid;
        copy.LatencyMs = _cluster.Reactor.Loop.Now - upstream.StartedAt;
        client.BeginBody();
        return await DropBodyAsync(client);
    }

    private async LoopTask<UpstreamFailure> DropBodyAsync(H1Client client)
    {
        var (body, connection) = (client.Body, client.Connection);
        while (body.Received <= AnswerBytesMax)
        {
            switch (body.Next(out var count))
            {
                case BodyStep.Data:
                    connection.Input.Consume(count);
                    continue;
                case BodyStep.End:
                    body.TakeTrailers();
                    return UpstreamFailure.None;
                case BodyStep.Rejected:
                    return UpstreamFailure.Invalid;
            }
            connection.SetTimeout(_cluster.Settings.IdleTimeoutMs);
            var received = await connection.FillAsync();
            if (received is { IsError: true } or { Bytes: 0 })
                return !received.IsError && body.EndOfStream() ? UpstreamFailure.None : FailureOf(received);
        }
        return UpstreamFailure.None;
    }

    private static UpstreamFailure FailureOf(IoResult result) => result.Error switch
    {
        IoError.TimedOut => UpstreamFailure.TimedOut,
        IoError.Lost => UpstreamFailure.Lost,
        IoError.NoBuffers or IoError.OutOfMemory => UpstreamFailure.NoBuffers,
        _ => UpstreamFailure.Closed,
    };

    private void Free(MirrorCopy copy)
    {
        copy.Message.Clear();
        _free.Return(copy);
    }
}

/// <summary>What is copied to a mirror, and how much. Immutable.</summary>
/// <param name="Percent">Of a hundred requests so many, 1 to 100.</param>
/// <param name="BodyBytesMax">The longest body that is copied.</param>
/// <param name="InFlightMax">Copies under way at once, for each worker.</param>
internal sealed record MirrorSettings(int Percent, int BodyBytesMax, int InFlightMax);
