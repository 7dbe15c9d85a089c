using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>What goes on with a client's connection when HTTP on it has ended: a tunnel.</summary>
/// <remarks>
/// Given to an exchange by its handler. When the exchange's answer is written it takes the connection over, and the
/// place of its session in the context's list; the session, the exchange and their buffers are free for others from
/// then on. Used on the connection's reactor only.
/// </remarks>
internal abstract class Successor : Session
{
    private ServerContext _context = null!;
    private Connection _downstream = null!;
    private TunnelRecord? _record;

    /// <summary>Takes over from a session.</summary>
    /// <param name="session">What has served the connection until now.</param>
    /// <param name="context">Whose list it is in.</param>
    /// <param name="downstream">
    /// The client's connection. Its input may have bytes that came behind the request; its output, the end of the
    /// answer.
    /// </param>
    /// <param name="record">What the access log will say, or null.</param>
    internal void Begin(Session session, ServerContext context, Connection downstream, TunnelRecord? record)
    {
        _context = context;
        _downstream = downstream;
        _record = record;
        context.Replace(session, this);
        var counters = context.Reactor.Counters;
        counters.Tunnels++;
        try
        {
            Begin(downstream);
        }
        catch (Exception exception)
        {
            counters.UnhandledErrors++;
            context.HandlerFailed?.Invoke(exception);
            Close(mustReset: true);
            End(mustReset: true, 0, 0);
        }
    }

    /// <summary>Gives back what it holds beside the client's connection: also where nothing has begun.</summary>
    /// <param name="mustReset">Whether the other side is to be told by a reset.</param>
    internal abstract void Close(bool mustReset = false);

    /// <inheritdoc/>
    internal override void Abort() => _downstream.Abort();

    /// <summary>Carries bytes until either side is done: <see cref="End"/> is called then.</summary>
    protected abstract void Begin(Connection downstream);

    /// <summary>Says what happened, and closes the client's connection.</summary>
    /// <param name="mustReset">Whether the client is to be told by a reset.</param>
    /// <param name="received">Bytes that came from the client.</param>
    /// <param name="sent">Bytes that the client was sent.</param>
    protected void End(bool mustReset, long received, long sent)
    {
        var counters = _context.Reactor.Counters;
        counters.Tunnels--;
        try
        {
            if (_context.AccessLog is { } log) _record?.Write(log, received, sent);
            _context.Closed?.Invoke(_downstream);
        }
        finally
        {
            _downstream.Close(mustReset);
            _context.Remove(this);
            counters.Active--;
        }
    }
}
