using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>What has been tried for one request, and what may still be.</summary>
internal struct Attempts(int retries)
{
    private int _retries = retries;

    /// <summary>A bit for each destination that could not be connected to.</summary>
    internal ulong Tried { get; private set; }

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
        Tried = index < 64 ? Tried | 1ul << index : ulong.MaxValue;
    }

    /// <summary>
    /// Whether the request is to be sent again: its pooled connection was closed before any byte of an answer, which
    /// happens when an origin gives up an idle connection just then (RFC 9112 section 9.3.1). Only where sending twice
    /// is the same as once, and nothing of a body is gone.
    /// </summary>
    internal bool MayRetry(Exchange exchange, UpstreamConnection upstream, UpstreamFailure failure)
    {
        if (failure != UpstreamFailure.Closed || !upstream.IsReused || upstream.Client.HasReceived) return false;
        if (_retries == 0 || exchange.Request.Body != BodyKind.None) return false;
        if (!Methods.IsIdempotent(exchange.Request.Method)) return false;
        _retries--;
        WantsFresh = true;
        return true;
    }
}
