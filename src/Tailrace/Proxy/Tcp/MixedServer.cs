using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy.Tcp;

/// <summary>Serves a port for several protocols: tells them apart, and gives each connection to its server.</summary>
/// <remarks>
/// Used on its reactor's thread only. What has been read stays in the connection's input. A client that says nothing in
/// time, or nothing that decides, waits for its server to speak first.
/// </remarks>
/// <param name="reactor">Where the connections live.</param>
/// <param name="http">Serves what is HTTP.</param>
/// <param name="tcp">Serves what is TLS or something else.</param>
/// <param name="timeoutMs">How long a client may take to say what it speaks.</param>
internal sealed class MixedServer(Reactor reactor, IConnectionServer http, TcpServer tcp, int timeoutMs)
    : IConnectionServer
{
    private readonly HashSet<Connection> _waiting = [];

    /// <inheritdoc/>
    public void Serve(Connection connection)
    {
        // Behind a PROXY header the first bytes may be there already.
        var kind = FirstBytes.Read(connection.Input.Unread);
        if (kind == StreamKind.Undecided) ReadAsync(connection).Detach();
        else Serve(connection, kind);
    }

    /// <inheritdoc/>
    public void Drain()
    {
        http.Drain();
        tcp.Drain();
    }

    /// <inheritdoc/>
    public void Abort()
    {
        foreach (var connection in _waiting) connection.Abort();
        http.Abort();
        tcp.Abort();
    }

    private async LoopTask ReadAsync(Connection connection)
    {
        _waiting.Add(connection);
        // Its way on needs one as soon as it is known.
        var kept = reactor.Loop.Reserve.Keep();
        reactor.Counters.Active++;
        connection.MarkAccepted();
        connection.SetTimeout(timeoutMs);
        // One that breaks has no address any more.
        var client = connection.Remote;
        var (kind, error) = (StreamKind.Undecided, IoError.None);
        while (kind == StreamKind.Undecided)
        {
            var received = await connection.FillAsync();
            error = received.Error;
            kind = received is { IsError: false, Bytes: > 0 }
                ? FirstBytes.Read(connection.Input.Unread)
                : StreamKind.Other;
        }
        _waiting.Remove(connection);
        DescriptorReserve.Release(kept);
        connection.SetTimeout(0);
        if (error is IoError.None or IoError.TimedOut) Serve(connection, kind);
        else tcp.Refuse(connection, error, client);
        reactor.Counters.Active--;
    }

    private void Serve(Connection connection, StreamKind kind)
    {
        switch (kind)
        {
            case StreamKind.Http:
                http.Serve(connection);
                break;
            case StreamKind.Tls:
                tcp.Serve(connection);
                break;
            default:
                tcp.ServeRaw(connection);
                break;
        }
    }
}
