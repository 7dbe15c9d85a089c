namespace Tailrace.Proxy;

/// <summary>The most that a cluster and each of its destinations may have in use on one worker.</summary>
/// <remarks>
/// A destination that has all it may is not chosen. When none is left a request waits in the <see cref="WaitQueue"/>
/// or gets 503: what a circuit breaker is for, without a state that could be wrong. Made only where there is a limit.
/// </remarks>
internal sealed class Caps(ClusterSettings settings, ClusterLoad load)
{
    private readonly int _perDestination = OrNone(settings.RequestsPerDestinationMax);
    private readonly int _connectionsEach = OrNone(settings.ConnectionsMax);
    private readonly int _connections = OrNone(settings.ClusterConnectionsMax);
    private readonly int _requests = OrNone(settings.ClusterRequestsMax);

    /// <summary>The most requests that wait for the beginning of an answer: what <see cref="ConcurrencyLimit"/> moves.
    /// </summary>
    internal int Unanswered { get; set; } = int.MaxValue;

    /// <summary>The limits of a cluster, or null when it has none.</summary>
    internal static Caps? Of(ClusterSettings settings, ClusterLoad load) =>
        settings.Adaptive is null && (settings.RequestsPerDestinationMax | settings.ConnectionsMax
            | settings.ClusterConnectionsMax | settings.ClusterRequestsMax) == 0
            ? null
            : new Caps(settings, load);

    /// <summary>Whether a destination has all that it may have.</summary>
    internal bool IsMet(Destination destination) =>
        load.Active >= _requests
        || load.Unanswered >= Unanswered
        || destination.Active >= _perDestination
        || (destination.Idle.Count == 0 && !MayConnect(destination));

    /// <summary>Whether one more connection may be opened.</summary>
    internal bool MayConnect(Destination destination) =>
        destination.ConnectionCount < _connectionsEach && load.Connections < _connections;

    private static int OrNone(int limit) => limit == 0 ? int.MaxValue : limit;
}
