using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Proxy;

/// <summary>What has been tried for one request, and what may still be.</summary>
/// <remarks>
/// Part of a <see cref="Forwarding"/>, or borrowed from its cluster by a <see cref="Mirror"/>; used on the reactor's
/// thread only.
/// </remarks>
internal sealed class Attempts
{
    private TriedSet _tried;
    private RepeatedReference<Destination> _destination;
    private TriedSet _unreachable;
    private int _replays;
    private Pause? _pause;

    internal Attempts(int replays) => Reset(replays, key: 0);

    /// <summary>The destinations that are out of the question.</summary>
    internal ref readonly TriedSet Tried => ref _tried;

    /// <summary>What a hashing policy goes by.</summary>
    internal ulong Key { get; private set; }

    /// <summary>The destination that was chosen last.</summary>
    internal Destination? Destination { get => _destination.Value; set => _destination.Value = value; }

    /// <summary>How often the request has waited for room.</summary>
    internal int Waits { get; private set; }

    /// <summary>Until when it may wait, in the loop's time.</summary>
    internal long WaitDeadline { get; private set; }

    /// <summary>Why the last connect failed.</summary>
    internal IoError LastError { get; private set; }

    /// <summary>Whose connect that was.</summary>
    internal Destination? Unreached { get; private set; }

    /// <summary>Whether a pooled connection has let the request down: the next one has to be new.</summary>
    internal bool WantsFresh { get; private set; }

    /// <summary>How often a destination has failed the request, and it was sent again.</summary>
    internal int Retries { get; private set; }

    /// <summary>Whether the request's body is kept for another try: it was sent as a copy.</summary>
    internal bool HoldsBody { get; set; }

    /// <summary>Whether the request is one that shows whether the circuit can be closed again.</summary>
    internal bool IsTrial { get; set; }

    /// <summary>Whether the circuit is open, and this request is not sent.</summary>
    internal bool IsRefused { get; set; }

    /// <summary>Prepares for another request.</summary>
    internal void Reset(int replays, ulong key)
    {
        _replays = replays;
        _tried = _unreachable = default;
        Retries = 0;
        HoldsBody = IsTrial = IsRefused = false;
        Key = key;
        Destination = Unreached = null;
        Waits = 0;
        WaitDeadline = 0;
        LastError = IoError.None;
        WantsFresh = HasFailedTries = false;
    }

    /// <summary>
    /// A destination could not be connected to; the request has not been sent, so another may have it.
    /// </summary>
    internal void OpenFailed(Destination destination, IoError error)
    {
        LastError = error;
        Unreached = destination;
        _tried.Add(destination.Index);
        _unreachable.Add(destination.Index);
    }

    /// <summary>A destination did not answer the request well; it is sent again, elsewhere at best.</summary>
    internal void TryFailed(int index)
    {
        RuleOut(index);
        Retries++;
    }

    /// <summary>A destination did not answer the request well, beside another that was asked too.</summary>
    internal void RuleOut(int index)
    {
        _tried.Add(index);
        HasFailedTries = true;
    }

    /// <summary>Whether <see cref="Tried"/> has some that could at least be reached.</summary>
    internal bool HasFailedTries { get; private set; }

    /// <summary>Lets the request go where it has been: nobody else is left.</summary>
    internal void ForgetFailedTries()
    {
        _tried = _unreachable.Clone();
        HasFailedTries = false;
    }

    /// <summary>The client is gone: nothing more is tried.</summary>
    internal void ClientLeft() => LastError = IoError.Aborted;

    /// <summary>To be awaited before another try.</summary>
    internal Pause PauseFor(Connection client, int milliseconds)
    {
        var loop = client.Reactor.Loop;
        return (_pause ??= new Pause(loop)).Until(loop.Now + milliseconds, client);
    }

    /// <summary>The request is about to wait for room; all its waits together have one deadline.</summary>
    internal void BeginWait(long deadline)
    {
        if (Waits++ == 0) WaitDeadline = deadline;
    }

    /// <summary>
    /// Whether the request is to be sent again: its pooled connection was closed before any byte of an answer, which
    /// happens when an origin gives up an idle connection just then (RFC 9112 section 9.3.1), or something on the way
    /// to it has forgotten the connection. Only where sending twice is the same as once, and what was sent can be had
    /// again.
    /// </summary>
    /// <param name="method">The request's method.</param>
    /// <param name="isReplayable">Whether nothing of its body is gone.</param>
    /// <param name="upstream">The connection that failed.</param>
    /// <param name="failure">How.</param>
    internal bool MayReplay(Method method, bool isReplayable, UpstreamConnection upstream, UpstreamFailure failure)
    {
        if (failure is not (UpstreamFailure.Closed or UpstreamFailure.Lost)) return false;
        if (!upstream.IsReused || upstream.Client.HasReceived) return false;
        if (_replays == 0 || !isReplayable || !Methods.IsIdempotent(method)) return false;
        _replays--;
        WantsFresh = true;
        return true;
    }
}
