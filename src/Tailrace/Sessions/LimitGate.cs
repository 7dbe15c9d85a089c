using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>Stands before the server of a listener and lets in only what is within its limits.</summary>
/// <remarks>Used on its reactor's thread only; the limits are shared with the other workers.</remarks>
/// <param name="reactor">Where the connections live.</param>
/// <param name="server">Gets those that are let in.</param>
/// <param name="limits">How many may come, how fast.</param>
/// <param name="budget">Gets back the connections of the others.</param>
internal sealed class LimitGate(
    Reactor reactor, IConnectionServer server, ConnectionLimits limits, ConnectionBudget budget) : IConnectionServer
{
    private const long Millisecond = 1_000_000;

    /// <summary>Told which limit is reached, for each connection that is closed at the gate.</summary>
    internal Action<LimitVerdict>? Refused { get; init; }

    /// <inheritdoc/>
    public void Serve(Connection connection)
    {
        var verdict = limits.Enter(connection.Remote, reactor.Loop.Now * Millisecond, out var ticket);
        if (verdict == LimitVerdict.Within)
        {
            connection.Ticket = ticket;
            server.Serve(connection);
            return;
        }
        var counters = reactor.Counters;
        counters.Accepted++;
        if (verdict == LimitVerdict.Rate) counters.OverRate++;
        else if (verdict == LimitVerdict.SourceRate) counters.OverSourceRate++;
        else counters.OverSourceConnections++;
        Refused?.Invoke(verdict);
        budget.Refuse();
        connection.Close(reset: true);
    }

    /// <inheritdoc/>
    public void Drain() => server.Drain();

    /// <inheritdoc/>
    public void Abort() => server.Abort();
}
