using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Sessions;
using Tailrace.Telemetry;

namespace Tailrace.Proxy.Tcp;

/// <summary>What the connections of one TCP listener share on one reactor, and the list of them.</summary>
/// <remarks>Used on its reactor's thread only.</remarks>
internal sealed class TcpServer : IConnectionServer
{
    private readonly TcpRecord _refused = new();
    private TcpSession? _sessions;

    /// <summary>Creates the listener's part on one worker.</summary>
    /// <param name="reactor">Where its connections live.</param>
    /// <param name="settings">The listener's settings.</param>
    /// <param name="cluster">Where connections go that no route is for; null: nowhere.</param>
    /// <param name="accessLog">Where connections are recorded as they end, or null.</param>
    internal TcpServer(Reactor reactor, TcpSettings settings, Cluster? cluster, AccessLogWriter? accessLog)
    {
        Reactor = reactor;
        Settings = settings;
        Cluster = cluster;
        AccessLog = accessLog;
    }

    /// <summary>Gets a connection back when it is over; may be null.</summary>
    internal ConnectionBudget? Budget { get; init; }

    /// <summary>Told of each change of a connection's state; null unless every detail is wanted.</summary>
    internal Action<TcpSession, StreamState>? Changed { get; init; }

    /// <summary>What became of this listener's connections on this worker.</summary>
    internal TcpCounters Totals;

    internal Reactor Reactor { get; }

    internal TcpSettings Settings { get; }

    internal Cluster? Cluster { get; }

    /// <summary>Where connections go by their ClientHello; null when that is not looked at.</summary>
    internal HelloRoutes? Routes { get; init; }

    /// <summary>Told of a connection that is turned away, and why; may be null.</summary>
    internal Action<string>? Refused { get; init; }

    /// <summary>Told of a connection that is closed because no buffer is left; may be null.</summary>
    internal Action? Starved { get; init; }

    internal AccessLogWriter? AccessLog { get; }

    /// <summary>Whether anything is told of single connections.</summary>
    internal bool IsLogging => AccessLog is not null || Changed is not null;

    internal FreeList<TcpSession> FreeSessions { get; } = new(1 << 14);

    /// <inheritdoc/>
    public void Serve(Connection connection) => Run(connection, Routes);

    /// <summary>Serves a connection that is known to be no TLS.</summary>
    internal void ServeRaw(Connection connection) => Run(connection, null);

    /// <summary>Closes a connection that broke before it could be served.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="error">How it broke.</param>
    /// <param name="client">Whose it was.</param>
    internal void Refuse(Connection connection, IoError error, in NetAddress client)
    {
        var end = error switch
        {
            IoError.Aborted or IoError.Cancelled => TunnelEnd.Aborted,
            _ when error.IsShortage() => TunnelEnd.NoBuffers,
            _ => TunnelEnd.Reset,
        };
        Reactor.Counters.Accepted++;
        Count(end, TunnelSide.Downstream);
        if (AccessLog is { } log)
        {
            _refused.Begin(client, connection.AcceptTime());
            var result = new TunnelResult(end, TunnelSide.Downstream, error, MustReset: true, 0, 0);
            _refused.Write(log, this, null, result, TunnelSide.Downstream);
        }
        connection.Close(reset: true);
        Budget?.Return();
    }

    /// <summary>Counts the end of a connection, and tells of one that was for want of a buffer.</summary>
    internal void Count(TunnelEnd end, TunnelSide by)
    {
        TcpEnds.Count(ref Reactor.Counters.Tcp, end, by);
        TcpEnds.Count(ref Totals, end, by);
        if (end == TunnelEnd.NoBuffers) Starved?.Invoke();
    }

    /// <summary>
    /// Nothing: who looks from outside cannot tell an idle connection from one in the middle of its work, so each may
    /// go on until it ends or the grace is over.
    /// </summary>
    public void Drain()
    {
    }

    /// <inheritdoc/>
    public void Abort()
    {
        for (var session = _sessions; session is not null; session = session.NextOpen) session.Abort();
    }

    /// <summary>
    /// Adds the connections in each state to <paramref name="counts"/>, and brings what they have moved so far into the
    /// statistics.
    /// </summary>
    internal void CountStates(Span<int> counts)
    {
        for (var session = _sessions; session is not null; session = session.NextOpen)
        {
            counts[(int)session.Stage]++;
            session.Settle();
        }
    }

    internal void Add(TcpSession session)
    {
        session.PreviousOpen = null;
        session.NextOpen = _sessions;
        if (_sessions is { } first) first.PreviousOpen = session;
        _sessions = session;
    }

    internal void Remove(TcpSession session)
    {
        Budget?.Return();
        if (session.NextOpen is { } next) next.PreviousOpen = session.PreviousOpen;
        if (session.PreviousOpen is { } previous) previous.NextOpen = session.NextOpen;
        else _sessions = session.NextOpen;
        session.NextOpen = session.PreviousOpen = null;
    }

    private void Run(Connection connection, HelloRoutes? routes)
    {
        var session = FreeSessions.TryTake() ?? new TcpSession(this);
        session.RunAsync(connection, routes).Detach();
    }
}
