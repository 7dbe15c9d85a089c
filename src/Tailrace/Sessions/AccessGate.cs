using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>Stands before the server of a listener and lets in only whom its lists of addresses allow.</summary>
/// <remarks>Used on its reactor's thread only.</remarks>
/// <param name="reactor">Where the connections live.</param>
/// <param name="server">Gets those that are let in.</param>
/// <param name="allowed">Who is let in; null: everybody.</param>
/// <param name="denied">Who is not, even so; null: nobody.</param>
/// <param name="budget">Gets back the connections of the others.</param>
internal sealed class AccessGate(
    Reactor reactor, IConnectionServer server, AddressSet? allowed, AddressSet? denied, ConnectionBudget budget)
    : IConnectionServer
{
    /// <summary>Told of each connection that is closed at the gate.</summary>
    internal Action? Denied { get; init; }

    /// <inheritdoc/>
    public void Serve(Connection connection)
    {
        var address = connection.Remote;
        if (denied?.Contains(address) != true && allowed?.Contains(address) != false)
        {
            server.Serve(connection);
            return;
        }
        reactor.Counters.Accepted++;
        reactor.Counters.Denied++;
        Denied?.Invoke();
        budget.Refuse();
        connection.Close(reset: true);
    }

    /// <inheritdoc/>
    public void Drain() => server.Drain();

    /// <inheritdoc/>
    public void Abort() => server.Abort();
}
