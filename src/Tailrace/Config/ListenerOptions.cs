namespace Tailrace.Config;

/// <summary>One address to accept connections on, and how its clients are treated.</summary>
public sealed record ListenerOptions
{
    /// <summary>What logs and errors call this listener; empty: its address. Default: <c>""</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>
    /// Where to listen: <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>:8080</c> for every IPv4 and IPv6 address of the
    /// machine, or <c>unix:/path</c>; see <see cref="ListenAddress"/>. Required.
    /// </summary>
    public string Address { get; init; } = "";

    /// <summary>What is spoken on the connections. Default: <c>http</c>.</summary>
    public ListenerProtocol Protocol { get; init; } = ListenerProtocol.Http;

    /// <summary>How connections come to the workers. Default: <c>reuseport</c>.</summary>
    public AcceptMode Accept { get; init; } = AcceptMode.ReusePort;

    /// <summary>
    /// With <see cref="ListenerProtocol.Tcp"/>, <see cref="ListenerProtocol.Mixed"/> and
    /// <see cref="ListenerProtocol.Udp"/>: the cluster that connections, or datagrams, are forwarded to; with
    /// <see cref="TlsRoutes"/> those that none of them is for, or empty: none.
    /// Default: <c>""</c>.
    /// </summary>
    public string Cluster { get; init; } = "";

    /// <summary>
    /// With <see cref="ListenerProtocol.Tcp"/> and <see cref="ListenerProtocol.Mixed"/>: where TLS connections go by
    /// what their clients say first; TLS itself ends at the destination.
    /// </summary>
    public IReadOnlyList<TlsRouteOptions> TlsRoutes { get; init; } = [];

    /// <summary>
    /// The clients that may connect, as ranges such as <c>10.0.0.0/8</c>, and <c>unix</c> for those of Unix sockets;
    /// empty: everybody. Default: <c>[]</c>.
    /// </summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>The clients that may not, even if they are allowed, in the same words. Default: <c>[]</c>.</summary>
    public IReadOnlyList<string> Deny { get; init; } = [];

    /// <summary>
    /// Connections that the kernel may hold for each worker before they are accepted; the kernel's own limit
    /// (<c>net.core.somaxconn</c>) still applies. Default: <c>4096</c>.
    /// </summary>
    public int Backlog { get; init; } = 4096;

    /// <summary>
    /// Whether the kernel holds a connection back until its first bytes are there, for about a second (Linux's
    /// <c>TCP_DEFER_ACCEPT</c>, tcp(7)): a connection is accepted and answered in one turn. Only with
    /// <see cref="ListenerProtocol.Http"/>: elsewhere the server may speak first. Default: <c>true</c>.
    /// </summary>
    public bool DeferAccept { get; init; } = true;

    /// <summary>
    /// Connections open at once, over all workers; above it, new ones wait to be accepted. With
    /// <see cref="ListenerProtocol.Udp"/>: sessions; above it, datagrams of new sources are dropped.
    /// Default: <c>65536</c>.
    /// </summary>
    public int MaxConnections { get; init; } = 65536;

    /// <summary>
    /// With <see cref="ListenerProtocol.Udp"/>: bytes that the kernel holds for each worker until they are received,
    /// its own overhead among them; what does not fit is lost. Linux gives at most <c>net.core.rmem_max</c>, but for
    /// processes with CAP_NET_ADMIN; less than asked for is logged. 0: what the system gives by default.
    /// Default: <c>0</c>.
    /// </summary>
    public int ReceiveBuffer { get; init; }

    /// <summary>How fast connections may come, and how many of one source there may be. Default: no limits.</summary>
    public ConnectionLimitOptions ConnectionLimits { get; init; } = new();

    /// <summary>Requests after which a connection is closed; 0: no limit. Default: <c>0</c>.</summary>
    public long RequestsPerConnection { get; init; }

    /// <summary>Whether another proxy in front of this listener tells who its clients are.</summary>
    public ProxyProtocolOptions ProxyProtocol { get; init; } = new();

    /// <summary>
    /// Who meets the expectation of a client that waits for "100 Continue" before it sends a body.
    /// Default: <c>forward</c>.
    /// </summary>
    public ExpectMode Expect { get; init; } = ExpectMode.Forward;

    /// <summary>
    /// Whether TRACE is forwarded; else it is answered 405, so that nobody's request is echoed. Default: <c>false</c>.
    /// </summary>
    public bool Trace { get; init; }

    /// <summary>What becomes of paths that two programs may read differently.</summary>
    public PathOptions Paths { get; init; } = new();

    /// <summary>How long to wait for the client.</summary>
    public ListenerTimeouts Timeouts { get; init; } = new();

    /// <summary>How much to take from the client.</summary>
    public ListenerLimits Limits { get; init; } = new();

    /// <summary>What origins are told about the client.</summary>
    public ForwardedOptions Forwarded { get; init; } = new();

    /// <summary>Where a forward proxy may connect to; with <c>protocol: forward</c> only. Default: none.</summary>
    public ForwardProxyOptions? ForwardProxy { get; init; }

    /// <summary>The routes of this listener; empty: those of the root.</summary>
    public IReadOnlyList<RouteOptions> Routes { get; init; } = [];
}

/// <summary>Where TLS connections go that say certain things in their ClientHello.</summary>
/// <remarks>
/// The most specific host wins and the order means nothing: an exact one, then the longest wildcard, then none; within
/// a host a route with <see cref="Alpn"/> comes before one without.
/// </remarks>
public sealed record TlsRouteOptions
{
    /// <summary>
    /// The names that clients ask for: <c>a.example</c>, or <c>*.a.example</c> for every name below <c>a.example</c>;
    /// empty: any name, and none. Default: <c>[]</c>.
    /// </summary>
    public IReadOnlyList<string> Host { get; init; } = [];

    /// <summary>
    /// The protocols of which clients offer one, such as <c>h2</c>; empty: any, and none. Default: <c>[]</c>.
    /// </summary>
    public IReadOnlyList<string> Alpn { get; init; } = [];

    /// <summary>The cluster. Required.</summary>
    public string Cluster { get; init; } = "";
}

/// <summary>How connections come to the workers.</summary>
public enum AcceptMode
{
    /// <summary>
    /// Each worker listens (SO_REUSEPORT) and the kernel spreads; a worker far above a sibling gives new ones away.
    /// </summary>
    ReusePort,

    /// <summary>One worker accepts for all and gives connections to each in turn.</summary>
    Handoff,
}

/// <summary>What is spoken on the connections of a listener.</summary>
public enum ListenerProtocol
{
    /// <summary>HTTP/1.1 and HTTP/1.0 in clear text.</summary>
    Http,

    /// <summary>
    /// The same, as a forward proxy: CONNECT makes tunnels, and targets that are whole URLs are fetched. Other requests
    /// go to the listener's own routes.
    /// </summary>
    Forward,

    /// <summary>Any protocol on TCP: bytes are carried both ways between the client and a destination.</summary>
    Tcp,

    /// <summary>
    /// Told apart by the first bytes: HTTP is served by the routes, TLS goes by
    /// <see cref="ListenerOptions.TlsRoutes"/>, and what else there is to <see cref="ListenerOptions.Cluster"/>.
    /// </summary>
    Mixed,

    /// <summary>
    /// Any protocol on UDP: datagrams of one source address and port go to one destination, and its answers back.
    /// </summary>
    Udp,
}

/// <summary>Where a forward proxy may connect to, and how long it waits there.</summary>
/// <remarks>
/// Whatever is listed, addresses that are not public are refused unless <see cref="Allow"/> has them. Addresses are
/// judged as they come from the look-up, and it is those that are connected to.
/// </remarks>
public sealed record ForwardProxyOptions
{
    /// <summary>
    /// Names that clients may ask for: <c>a.example</c>, or <c>*.a.example</c> for every name below it; empty: every
    /// name. Default: <c>[]</c>.
    /// </summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Ports that clients may ask for. Default: <c>[80, 443]</c>.</summary>
    public IReadOnlyList<int> Ports { get; init; } = s_ports;

    /// <summary>
    /// Ranges of addresses that are allowed although they are not public: <c>10.1.0.0/16</c>. Default: <c>[]</c>.
    /// </summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>Ranges of addresses that are refused whatever else is said. Default: <c>[]</c>.</summary>
    public IReadOnlyList<string> Deny { get; init; } = [];

    /// <summary>How long to wait for a host.</summary>
    public ClusterTimeouts Timeouts { get; init; } = new();

    private static readonly int[] s_ports = [80, 443];
}

/// <summary>How long to wait for a client.</summary>
public sealed record ListenerTimeouts
{
    /// <summary>From the first byte of a request until its head is complete. Default: <c>10s</c>.</summary>
    public TimeSpan Head { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two pieces of a request body. Default: <c>30s</c>.</summary>
    public TimeSpan Body { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an idle connection is kept for the next request. Default: <c>75s</c>.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>How long a client may take no byte of an answer that waits for it. Default: <c>30s</c>.</summary>
    public TimeSpan Write { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Of a forwarded TCP connection: how long nothing may move in either direction; 0: no limit. Default: <c>10m</c>.
    /// </summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Of a TCP connection whose way depends on it: how long its ClientHello, or the bytes that tell its protocol, may
    /// take. Default: <c>3s</c>.
    /// </summary>
    public TimeSpan Hello { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Of a forwarded TCP connection: how long it may last; 0: no limit. Default: <c>0s</c>.</summary>
    public TimeSpan Lifetime { get; init; }

    /// <summary>
    /// How long a tunnel (after an upgrade, as that to a WebSocket) may carry nothing in either direction.
    /// Default: <c>1h</c>.
    /// </summary>
    public TimeSpan TunnelIdle { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>Who meets the expectation "100-continue" (RFC 9110 section 10.1.1).</summary>
public enum ExpectMode
{
    /// <summary>The origin: it may refuse the body before it is sent. A silent one is waited for a second.</summary>
    Forward,

    /// <summary>The proxy: clients are told to go on at once, and origins are not asked.</summary>
    Answer,
}

/// <summary>What becomes of paths that two programs may read differently.</summary>
/// <remarks>
/// Whatever is chosen, routes are matched on a normalised copy (dot segments resolved, unreserved characters decoded,
/// slashes in a row taken as one), and origins get the path as it was sent.
/// </remarks>
public sealed record PathOptions
{
    /// <summary>The segments <c>.</c> and <c>..</c>, also percent-encoded. Default: <c>keep</c>.</summary>
    public OddPathMode DotSegments { get; init; }

    /// <summary><c>%2F</c> and <c>%5C</c>. Default: <c>keep</c>.</summary>
    public OddPathMode EncodedSlashes { get; init; }
}

/// <summary>What becomes of something odd in a path.</summary>
public enum OddPathMode
{
    /// <summary>It is forwarded as it came.</summary>
    Keep,

    /// <summary>It is answered 400.</summary>
    Reject,
}

/// <summary>How much to take from a client.</summary>
public sealed record ListenerLimits
{
    /// <summary>
    /// Bytes of a request head, else 431; at most <see cref="BufferOptions.Block"/>. Default: <c>12KiB</c>.
    /// </summary>
    public int Head { get; init; } = 12 * 1024;

    /// <summary>Fields of a request head, else 431. Default: <c>100</c>.</summary>
    public int Headers { get; init; } = 100;

    /// <summary>Bytes of a request target, else 414; at most <see cref="Head"/>. Default: <c>8KiB</c>.</summary>
    public int Target { get; init; } = 8 * 1024;

    /// <summary>
    /// Bytes of a request body, else 413; 0: no limit, which costs no memory, since bodies are streamed and never
    /// assembled. Default: <c>0</c>.
    /// </summary>
    public long Body { get; init; }
}

/// <summary>What origins are told about the client and the way of a request.</summary>
public sealed record ForwardedOptions
{
    /// <summary><c>X-Forwarded-For</c>, <c>-Proto</c> and <c>-Host</c>. Default: <c>append</c>.</summary>
    public ForwardedMode XForwarded { get; init; } = ForwardedMode.Append;

    /// <summary><c>Forwarded</c> (RFC 7239). Default: <c>off</c>.</summary>
    public ForwardedMode Forwarded { get; init; } = ForwardedMode.Off;

    /// <summary>
    /// Whether <c>Via</c> is added to requests and answers (RFC 9110 section 7.6.3). Default: <c>false</c>.
    /// </summary>
    public bool Via { get; init; }
}

/// <summary>What happens to a header that tells origins about the client.</summary>
public enum ForwardedMode
{
    /// <summary>Forwarded as it came, if it came.</summary>
    Off,

    /// <summary>This hop is added to what came; right behind another proxy that is trusted.</summary>
    Append,

    /// <summary>What came is replaced by this hop alone; right where clients cannot be trusted.</summary>
    Set,
}
