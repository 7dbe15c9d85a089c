using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Proxy;

/// <summary>What has been tried for one request, and what may still be.</summary>
internal struct Attempts(int retries)
{
    private int _retries = retries;

    /// <summary>A bit for each destination that is out of the question; the last is for all from there on.</summary>
    internal ulong Tried { get; private set; }

    /// <summary>Whether a destination has as many connections as it may.</summary>
    internal bool HasMetLimit { get; private set; }

    /// <summary>Why the last connect failed.</summary>
    internal IoError LastError { get; private set; }

    /// <summary>Whether a pooled connection has let the request down: the next one has to be new.</summary>
    internal bool WantsFresh { get; private set; }

    /// <summary>
    /// A destination could not be connected to; the request has not been sent, so another may have it.
    /// </summary>
    internal void OpenFailed(int index, IoError error)
    {
        LastError = error;
        Tried |= RoundRobin.BitOf(index);
    }

    /// <summary>A destination has as many connections as it may; another may have the request.</summary>
    internal void LimitReached(int index)
    {
        HasMetLimit = true;
        Tried |= RoundRobin.BitOf(index);
    }

    /// <summary>
    /// Whether the request is to be sent again: its pooled connection was closed before any byte of an answer, which
    /// happens when an origin gives up an idle connection just then (RFC 9112 section 9.3.1). Only where sending twice
    /// is the same as once, and what was sent can be had again.
    /// </summary>
    /// <param name="method">The request's method.</param>
    /// <param name="isReplayable">Whether nothing of its body is gone.</param>
    /// <param name="upstream">The connection that failed.</param>
    /// <param name="failure">How.</param>
    internal bool MayRetry(Method method, bool isReplayable, UpstreamConnection upstream, UpstreamFailure failure)
    {
        if (failure != UpstreamFailure.Closed || !upstream.IsReused || upstream.Client.HasReceived) return false;
        if (_retries == 0 || !isReplayable || !Methods.IsIdempotent(method)) return false;
        _retries--;
        WantsFresh = true;
        return true;
    }
}
