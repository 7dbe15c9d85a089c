using Tailrace.Io;
using Tailrace.Io.ProxyProtocol;

namespace Tailrace.Sessions;

/// <summary>
/// Stands before the server of a listener: takes the PROXY header from each connection, and from then on the connection
/// has the address that the header says.
/// </summary>
/// <remarks>
/// Used on its reactor's thread only. A header is believed only from those that are trusted; what comes from others is
/// served as it is, or not at all. The bytes behind a header stay in the connection's input. What is behind the gate,
/// lists and limits among it, knows nothing of those that wait here; so each address may have some of them only.
/// </remarks>
internal sealed class ProxyGate(
    Reactor reactor, IConnectionServer server, ProxyGateSettings settings, ConnectionBudget budget) : IConnectionServer
{
    private readonly HashSet<Connection> _waiting = [];

    /// <summary>Told why a connection was closed at the gate.</summary>
    internal Action<string>? Rejected { get; init; }

    /// <inheritdoc/>
    public void Serve(Connection connection)
    {
        if (settings.Trusted is null || settings.Trusted.Contains(connection.Remote)) ReadAsync(connection).Detach();
        else if (settings.IsRequired) Reject(connection, "PROXY header from somebody who is not trusted");
        else server.Serve(connection);
    }

    /// <inheritdoc/>
    public void Drain() => server.Drain();

    /// <inheritdoc/>
    public void Abort()
    {
        foreach (var connection in _waiting) connection.Abort();
        server.Abort();
    }

    private async LoopTask ReadAsync(Connection connection)
    {
        SourceTicket ticket = default;
        if (settings.Waiting?.Enter(connection.Remote, now: 0, out ticket) == LimitVerdict.SourceConnections)
        {
            Reject(connection, "too many connections of one address have sent no PROXY header yet");
            return;
        }
        _waiting.Add(connection);
        // Its way on needs one as soon as it is known.
        var kept = reactor.Loop.Reserve.Keep();
        reactor.Counters.Active++;
        connection.MarkAccepted();
        connection.SetTimeout(settings.TimeoutMs);
        var (verdict, error) = (ProxyStatus.NeedMore, IoError.None);
        while (verdict == ProxyStatus.NeedMore)
        {
            var received = await connection.FillAsync();
            if (received is { IsError: false, Bytes: > 0 })
            {
                verdict = ProxyHeaderReader.Read(connection.Input.Unread, out var length, out var header);
                if (verdict != ProxyStatus.Complete) continue;
                connection.Input.Consume(length);
                connection.ProxyHeader = header;
                continue;
            }
            error = received.Error;
            // A client of a protocol whose server speaks first says nothing.
            if (error == IoError.TimedOut)
                verdict = connection.Input.IsEmpty ? ProxyStatus.Absent : ProxyStatus.Invalid;
            // What has ended as no more than a likeness of one was meant for the server.
            else if (error == IoError.None && !settings.IsRequired && !ProxyHeaderReader.IsOne(connection.Input.Unread))
                verdict = ProxyStatus.Absent;
            else
                break;
        }
        _waiting.Remove(connection);
        ticket.Return();
        DescriptorReserve.Release(kept);
        connection.SetTimeout(0);
        if (verdict == ProxyStatus.Complete || (verdict == ProxyStatus.Absent && !settings.IsRequired))
            server.Serve(connection);
        else if (verdict == ProxyStatus.NeedMore)
            GiveUp(connection, error);
        else
            Reject(connection, verdict == ProxyStatus.Absent ? "no PROXY header" : "wrong or unfinished PROXY header");
        reactor.Counters.Active--;
    }

    private void Reject(Connection connection, string reason)
    {
        reactor.Counters.Accepted++;
        reactor.Counters.ProxyHeaderErrors++;
        Rejected?.Invoke(reason);
        budget.Refuse();
        connection.Close(reset: true);
    }

    /// <summary>Its client has left, it is closed at a stop, or no buffer is left: no header is wrong.</summary>
    private void GiveUp(Connection connection, IoError error)
    {
        reactor.Counters.Accepted++;
        reactor.Counters.ProxyHeadersUnfinished++;
        if (error.IsShortage()) Rejected?.Invoke("no buffer is left: a PROXY header is not read");
        budget.Refuse();
        connection.Close(reset: true);
    }
}
