using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Telemetry;

namespace Tailrace.Sessions;

/// <summary>What the HTTP sessions of one listener share on one reactor.</summary>
/// <remarks>Used on its reactor's thread only.</remarks>
public sealed class ServerContext : IConnectionServer
{
    private readonly byte[] _dateAndLength =
        [.. DateName, .. new byte[HttpDate.Length], .. "\r\n"u8, .. LengthName];

    private long _dateFrom = long.MinValue;
    private Session? _sessions;

    /// <summary>How many bytes <see cref="DateLine"/> has.</summary>
    internal static int DateLineLength
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => DateName.Length + HttpDate.Length + 2;
    }

    private static ReadOnlySpan<byte> DateName => "Date: "u8;

    private static ReadOnlySpan<byte> LengthName => "Content-Length: "u8;

    /// <summary>Creates the context.</summary>
    /// <param name="reactor">Where its sessions live.</param>
    /// <param name="settings">The listener's settings.</param>
    /// <param name="route">Finds the handler of a request.</param>
    /// <param name="accessLog">Where exchanges are recorded, or null.</param>
    public ServerContext(Reactor reactor, ServerSettings settings, RouteDelegate route, AccessLogWriter? accessLog)
    {
        Reactor = reactor;
        Settings = settings;
        Route = route;
        AccessLog = accessLog;
    }

    /// <summary>Finds the handler of a request; never null: what matches nothing has a handler too.</summary>
    public delegate Handler RouteDelegate(RequestHead head, ReadOnlySpan<byte> bytes, Connection client);

    /// <summary>Where its sessions live.</summary>
    public Reactor Reactor { get; }

    /// <summary>The listener's settings.</summary>
    public ServerSettings Settings { get; }

    /// <summary>Told of exceptions from handlers; may be null.</summary>
    public Action<Exception>? HandlerFailed { get; set; }

    /// <summary>Told when a request is refused because no buffer is left; may be null.</summary>
    public Action? Starved { get; init; }

    /// <summary>Told of each connection as its session begins; null unless every detail is wanted.</summary>
    public Action<Connection>? Opened { get; init; }

    /// <summary>Told of each exchange as it ends, before it is used again; null likewise.</summary>
    public Action<Exchange>? Ended { get; init; }

    /// <summary>Told of each connection before it is closed; null likewise.</summary>
    public Action<Connection>? Closed { get; init; }

    /// <summary>Gets a connection back when its session ends; may be null.</summary>
    public ConnectionBudget? Budget { get; init; }

    /// <summary>Sessions that are open.</summary>
    public int Count { get; private set; }

    /// <summary>Whether connections are being closed as they become idle.</summary>
    public bool IsDraining { get; private set; }

    internal RouteDelegate Route { get; }

    internal AccessLogWriter? AccessLog { get; }

    internal FreeList<H1Exchange> FreeExchanges { get; } = new(4096);

    internal FreeList<H1Server> FreeSessions { get; } = new(1 << 14);

    /// <summary>Serves an accepted connection until either side ends it.</summary>
    public void Serve(Connection connection)
    {
        var session = FreeSessions.TryTake() ?? new H1Server(this);
        session.RunAsync(connection).Detach();
    }

    /// <summary>Closes idle connections now and the others after the exchange they are in, or have yet to begin.
    /// </summary>
    public void Drain()
    {
        IsDraining = true;
        for (var session = _sessions; session is not null; session = session.Next) session.CloseIfIdle();
    }

    /// <summary>Closes every connection at once.</summary>
    public void Abort()
    {
        IsDraining = true;
        for (var session = _sessions; session is not null; session = session.Next) session.Abort();
    }

    /// <summary>The Date field, which is formatted once a second.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlySpan<byte> DateLine() => DateAndLength()[..DateLineLength];

    /// <summary>The Date field, and behind it Content-Length without its value: they often go together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlySpan<byte> DateAndLength()
    {
        var now = Reactor.Loop.UnixMilliseconds;
        if (now < _dateFrom || now >= _dateFrom + 1000) WriteDate(now / 1000);
        // A length that is known when this is compiled: copying that many bytes takes no call.
        return _dateAndLength.AsSpan(0, DateLineLength + LengthName.Length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteDate(long second)
    {
        _dateFrom = second * 1000;
        HttpDate.Format(second, _dateAndLength.AsSpan(DateName.Length, HttpDate.Length));
    }

    internal void Add(Session session)
    {
        Count++;
        Link(session);
    }

    internal void Remove(Session session)
    {
        Count--;
        Unlink(session);
        Budget?.Return();
    }

    /// <summary>Another serves a session's connection from now on.</summary>
    internal void Replace(Session session, Session successor)
    {
        Unlink(session);
        Link(successor);
    }

    private void Link(Session session)
    {
        session.Previous = null;
        session.Next = _sessions;
        if (_sessions is { } first) first.Previous = session;
        _sessions = session;
    }

    private void Unlink(Session session)
    {
        if (session.Next is { } next) next.Previous = session.Previous;
        if (session.Previous is { } previous) previous.Next = session.Next;
        else _sessions = session.Next;
        session.Next = session.Previous = null;
    }
}
