using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>What a client is told when no upstream has answered, and what is counted and logged of it.</summary>
internal sealed class Refusals(Cluster cluster)
{
    /// <summary>Answers a request that no destination could be found for.</summary>
    internal void AnswerUnchosen(Exchange exchange, Attempts attempts)
    {
        if (attempts.LastError == IoError.Aborted)
        {
            exchange.Abort();
            return;
        }
        if (attempts.IsRefused) cluster.Reactor.Counters.UpstreamBroken++;
        var isFull = cluster.HasFull(attempts.Tried);
        var error = attempts.LastError;
        var (status, reason, isOfOne) = error switch
        {
            _ when attempts.IsRefused => (503, "the circuit is open", false),
            _ when error.IsShortage() => (503, ErrorReply.NoBuffers, false),
            _ when attempts.Waits > 0 => (503, "no destination had room", false),
            _ when isFull => (503, "all destinations are full", false),
            IoError.None => (503, "no destination", false),
            _ => (ConnectFaults.StatusOf(error), ConnectFaults.WordsOf(error), true),
        };
        Answer(exchange, isOfOne ? attempts.Unreached : null, status, reason);
    }

    /// <summary>Answers a request whose upstream has failed, or tells of an answer that broke off.</summary>
    internal void Answer(Exchange exchange, Destination destination, UpstreamFailure failure)
    {
        if (exchange.HasBegun)
        {
            CutShort(exchange, destination, failure);
            return;
        }
        switch (failure)
        {
            case UpstreamFailure.ClientGone:
                exchange.Abort();
                break;
            case UpstreamFailure.ClientTimedOut:
                cluster.Reactor.Counters.DownstreamTimeouts++;
                exchange.CloseAfterwards();
                ErrorReply.Write(exchange, 408, "the request body took too long");
                break;
            case UpstreamFailure.RequestRejected:
                cluster.Reactor.Counters.Rejected++;
                exchange.CloseAfterwards();
                var status = Rejections.StatusOf(exchange.RequestBody.Rejection);
                ErrorReply.Write(exchange, status, "the request body is malformed");
                break;
            case UpstreamFailure.TimedOut:
                Answer(exchange, destination, 504, "no answer in time");
                break;
            case UpstreamFailure.Lost:
                Answer(exchange, destination, 502, "the connection was lost before an answer");
                break;
            case UpstreamFailure.NoBuffers:
                Answer(exchange, null, 503, ErrorReply.NoBuffers);
                break;
            case UpstreamFailure.NoRoom:
                Answer(
                    exchange, destination, 500, "the answer's head and what is added to it do not fit the buffers");
                break;
            case UpstreamFailure.Flooded:
                Answer(exchange, destination, 502, "the interim answers do not end");
                break;
            case UpstreamFailure.Invalid:
                Answer(exchange, destination, 502, "the answer is not valid HTTP");
                break;
            default:
                Answer(exchange, destination, 502, "the connection was closed before an answer");
                break;
        }
    }

    /// <summary>Answers a request whose head could not be written.</summary>
    internal void AnswerUnsent(Exchange exchange, Destination destination)
    {
        if (cluster.Reactor.Buffers.IsExhausted) Answer(exchange, null, 503, ErrorReply.NoBuffers);
        else Answer(exchange, destination, 431, "the head and what is added to it do not fit the buffers");
    }

    /// <summary>Counts and logs an answer that broke off after it had begun.</summary>
    private void CutShort(Exchange exchange, Destination destination, UpstreamFailure failure)
    {
        var isOurs = failure == UpstreamFailure.NoBuffers;
        var reason = isOurs ? ErrorReply.NoBuffers : "the answer was cut short";
        exchange.FailureReason = reason;
        if (failure == UpstreamFailure.TimedOut) cluster.Reactor.Counters.UpstreamTimeouts++;
        else if (!isOurs) cluster.Reactor.Counters.UpstreamErrors++;
        cluster.Failed?.Invoke(isOurs ? null : destination, reason);
    }

    private void Answer(Exchange exchange, Destination? destination, int status, string reason)
    {
        if (status == 504) cluster.Reactor.Counters.UpstreamTimeouts++;
        else if (status == 502) cluster.Reactor.Counters.UpstreamErrors++;
        ErrorReply.Write(exchange, status, reason);
        cluster.Failed?.Invoke(destination, reason);
    }
}
