using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Proxy;

/// <summary>What has been tried for one request, and what may still be.</summary>
/// <remarks>Borrowed from its cluster by one exchange at a time; used on the reactor's thread only.</remarks>
internal sealed class Attempts
{
    private TriedSet _tried;
    private int _retries;

    internal Attempts(int retries) => Reset(retries, key: 0);

    /// <summary>The destinations that are out of the question.</summary>
    internal ref readonly TriedSet Tried => ref _tried;

    /// <summary>What a hashing policy goes by.</summary>
    internal ulong Key { get; private set; }

    /// <summary>The destination that was chosen last.</summary>
    internal Destination? Destination { get; set; }

    /// <summary>How often the request has waited for room.</summary>
    internal int Waits { get; private set; }

    /// <summary>Until when it may wait, in the loop's time.</summary>
    internal long WaitDeadline { get; private set; }

    /// <summary>Why the last connect failed.</summary>
    internal IoError LastError { get; private set; }

    /// <summary>Whether a pooled connection has let the request down: the next one has to be new.</summary>
    internal bool WantsFresh { get; private set; }

    /// <summary>Prepares for another request.</summary>
    internal void Reset(int retries, ulong key)
    {
        _retries = retries;
        _tried = default;
        Key = key;
        Destination = null;
        Waits = 0;
        WaitDeadline = 0;
        LastError = IoError.None;
        WantsFresh = false;
    }

    /// <summary>
    /// A destination could not be connected to; the request has not been sent, so another may have it.
    /// </summary>
    internal void OpenFailed(int index, IoError error)
    {
        LastError = error;
        _tried.Add(index);
    }

    /// <summary>The request is about to wait for room; all its waits together have one deadline.</summary>
    internal void BeginWait(long deadline)
    {
        if (Waits++ == 0) WaitDeadline = deadline;
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
