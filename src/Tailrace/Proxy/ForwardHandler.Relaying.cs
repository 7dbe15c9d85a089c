using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <content>Steps 3 and 4: how the answer comes from the destination, and goes to the client.</content>
public sealed partial class ForwardHandler
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private UpstreamFailure ReadHead(Exchange exchange, UpstreamConnection upstream)
    {
        var client = upstream.Client;
        var status = client.ReadHead(exchange.Request.Method);
        return status == ParseStatus.Complete && client.Head.Status >= 200
            ? UpstreamFailure.None
            : JudgeHead(exchange, upstream, status);
    }

    /// <summary>What a head is that is not the final answer, with what follows an interim one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private UpstreamFailure JudgeHead(Exchange exchange, UpstreamConnection upstream, ParseStatus status)
    {
        var client = upstream.Client;
        for (; ; status = client.ReadHead(exchange.Request.Method))
        {
            switch (status)
            {
                case ParseStatus.NeedMore:
                    return UpstreamFailure.NeedMore;
                case ParseStatus.Rejected:
                    return UpstreamFailure.Invalid;
                case ParseStatus.Complete when client.Head.Status == 101:
                    return MaySwitch(exchange, upstream) ? UpstreamFailure.None : UpstreamFailure.Invalid;
                case ParseStatus.Complete when client.Head.IsInterim:
                    if (!client.TryCountInterim()) return UpstreamFailure.Flooded;
                    if (!exchange.TryForwardInterim(client.Head, client.HeadBytes)) return WhyNoRoom();
                    client.SkipInterim();
                    continue;
                default:
                    return UpstreamFailure.None;
            }
        }
    }

    /// <summary>A switch to what was asked for, after the whole request (RFC 9110 section 7.8).</summary>
    private bool MaySwitch(Exchange exchange, UpstreamConnection upstream) =>
        upstream.IsRequestSent && _edits.Upgrades.IsAnswer(
            exchange.Request, exchange.RequestBytes, upstream.Client.Head, upstream.Client.HeadBytes);

    /// <summary>Whether to go on reading; false when there is a failure to tell apart.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="received">What has come.</param>
    /// <param name="upstream">Where from.</param>
    /// <param name="hasWaited">Whether that was waited for: who goes on after less could go on for ever.</param>
    private bool HasCome(Exchange exchange, IoResult received, UpstreamConnection upstream, bool hasWaited)
    {
        if (received is { IsError: false, Bytes: > 0 }) return true;
        if (received.Error != IoError.TimedOut) return false;
        if (upstream.IsRequestSent) return _retries is not null && _retries.GrantsMore(upstream);
        if (upstream.Upload.End != RelayEnd.None || !hasWaited) return false;
        // The client is still sending, its own deadline watches over it; or it waits to be told to send.
        exchange.Continue();
        upstream.Connection.SetTimeout(upstream.FirstByteMs);
        return true;
    }

    /// <summary>The usual answer: there whole, short, and with nothing unusual about it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryRelayWhole(Exchange exchange, UpstreamConnection upstream)
    {
        var client = upstream.Client;
        if (!upstream.IsRequestSent || client.Whole is not { IsEmpty: false } whole
            || !exchange.TryForwardWhole(client.Head, whole, _responseEdits))
            return false;
        client.TakeWhole();
        return true;
    }

    /// <summary>The common case: the whole answer is there, and short.</summary>
    /// <returns>
    /// <see cref="UpstreamFailure.NeedMore"/> when <see cref="RelayAsync"/> has to go on, and
    /// that of <see cref="WhyNoRoom"/> when nothing has been written.
    /// </returns>
    internal UpstreamFailure RelayBuffered(Exchange exchange, UpstreamConnection upstream) =>
        TryRelayWhole(exchange, upstream) ? UpstreamFailure.None : RelayParts(exchange, upstream);

    /// <summary>The same for an answer with anything unusual about it: its head, then what is there of its body.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private UpstreamFailure RelayParts(Exchange exchange, UpstreamConnection upstream)
    {
        var client = upstream.Client;
        if (!upstream.IsRequestSent) exchange.CloseAfterwards();
        var isForwarded = exchange.TryForward(client.Head, client.HeadBytes, _responseEdits);
        client.BeginBody();
        if (!isForwarded) return WhyNoRoom();
        if (!BodyRelay.TryRunBuffered(client.Body, upstream.Connection.Input, exchange.ResponseBody))
            return UpstreamFailure.NeedMore;
        exchange.Complete();
        return UpstreamFailure.None;
    }

    /// <summary>Why a head that came has no room: asked at once, for others may give buffers back meanwhile.</summary>
    private UpstreamFailure WhyNoRoom() =>
        _cluster.Reactor.Buffers.IsExhausted ? UpstreamFailure.NoBuffers : UpstreamFailure.NoRoom;

    /// <summary>Any other answer: what is there, and then what comes, at the pace of the client.</summary>
    /// <returns>Why it was cut short, unless that was the client.</returns>
    internal async LoopTask<UpstreamFailure> RelayAsync(Exchange exchange, UpstreamConnection upstream)
    {
        var result = await BodyRelay.RunAsync(
            upstream.Client.Body, upstream.Connection, _settings.IdleTimeoutMs,
            exchange.ResponseBody, exchange.Downstream, exchange.Settings.WriteTimeoutMs);
        if (result.End == RelayEnd.Complete)
        {
            exchange.Complete();
            return UpstreamFailure.None;
        }
        // The answer has begun and cannot be completed: only a reset tells the client so in every framing.
        exchange.Abort();
        if (result.Error.IsShortage() || upstream.Upload.Error.IsShortage()) return UpstreamFailure.NoBuffers;
        if (result.End == RelayEnd.WriteFailed || result.Error == IoError.Aborted || upstream.HasUploadFailed)
            return UpstreamFailure.None;
        if (result.End == RelayEnd.Rejected) return UpstreamFailure.Invalid;
        return result.Error switch
        {
            IoError.TimedOut => UpstreamFailure.TimedOut,
            IoError.Lost => UpstreamFailure.Lost,
            _ => UpstreamFailure.Closed,
        };
    }

    private static UpstreamFailure FailureOf(IoResult received, UpstreamConnection upstream) =>
        upstream.Upload.End switch
        {
            RelayEnd.Rejected => UpstreamFailure.RequestRejected,
            _ when upstream.Upload.Error.IsShortage() => UpstreamFailure.NoBuffers,
            RelayEnd.ReadFailed when upstream.Upload.Error == IoError.TimedOut => UpstreamFailure.ClientTimedOut,
            RelayEnd.ReadFailed or RelayEnd.Truncated => UpstreamFailure.ClientGone,
            RelayEnd.WriteFailed when upstream.Upload.Error == IoError.TimedOut => UpstreamFailure.TimedOut,
            _ => received.Error switch
            {
                IoError.TimedOut => UpstreamFailure.TimedOut,
                IoError.Lost => UpstreamFailure.Lost,
                IoError.Aborted => UpstreamFailure.ClientGone,
                IoError.NoBuffers or IoError.OutOfMemory => UpstreamFailure.NoBuffers,
                _ => UpstreamFailure.Closed,
            },
        };
}
