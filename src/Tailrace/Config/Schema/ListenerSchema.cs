namespace Tailrace.Config.Schema;

/// <summary>The keys of a listener.</summary>
internal static class ListenerSchema
{
    private static readonly ChoiceKind<ForwardedMode> s_mode = new(
        ("off", ForwardedMode.Off), ("append", ForwardedMode.Append), ("set", ForwardedMode.Set));

    private static readonly SectionKind<ListenerTimeouts> s_timeouts = new("listener timeouts",
        new Field<ListenerTimeouts, TimeSpan>("head",
            "From the first byte of a request until its head is complete, else 408.",
            ProcessSchema.Duration, o => o.Head, (o, v) => o with { Head = v }),
        new Field<ListenerTimeouts, TimeSpan>("body",
            "Between two pieces of a request body, else 408.",
            ProcessSchema.Duration, o => o.Body, (o, v) => o with { Body = v }),
        new Field<ListenerTimeouts, TimeSpan>("keep_alive",
            "How long an idle connection is kept for the next request.",
            ProcessSchema.Duration, o => o.KeepAlive, (o, v) => o with { KeepAlive = v }),
        new Field<ListenerTimeouts, TimeSpan>("write",
            "How long a client may take no byte of an answer that waits for it.",
            ProcessSchema.Duration, o => o.Write, (o, v) => o with { Write = v }),
        new Field<ListenerTimeouts, TimeSpan>("idle",
            "tcp and udp: how long nothing may move in either direction; 0s: no limit.",
            ProcessSchema.DurationOrNone, o => o.Idle, (o, v) => o with { Idle = v }),
        new Field<ListenerTimeouts, TimeSpan>("hello",
            "tcp, mixed: how long the ClientHello, or what tells the protocol, may take where the way depends on it.",
            ProcessSchema.Duration, o => o.Hello, (o, v) => o with { Hello = v }),
        new Field<ListenerTimeouts, TimeSpan>("lifetime",
            "tcp: how long a connection may last; 0s: no limit.",
            ProcessSchema.DurationOrNone, o => o.Lifetime, (o, v) => o with { Lifetime = v }),
        new Field<ListenerTimeouts, TimeSpan>("tunnel_idle",
            "How long a tunnel (after an upgrade) may carry nothing in either direction.",
            ProcessSchema.Duration, o => o.TunnelIdle, (o, v) => o with { TunnelIdle = v }));

    private static readonly TextKind s_clients = new("a range such as 10.0.0.0/8, or unix", TextRules.Clients);

    private static readonly ListKind<string> s_everybody = new("ranges and unix", s_clients, "", absent: "everybody");

    private static readonly SectionKind<TlsRouteOptions> s_tlsRoute = new("tls route",
        new Field<TlsRouteOptions, IReadOnlyList<string>>("host",
            "The names that clients ask for: a.example, or *.a.example for every name below it; left out: any.",
            new ListKind<string>("host names", new TextKind("a host name", TextRules.HostPattern), "", orOne: true,
                absent: "any name"),
            o => o.Host, (o, v) => o with { Host = v }),
        new Field<TlsRouteOptions, IReadOnlyList<string>>("alpn",
            "The protocols of which clients offer one, such as h2; left out: any.",
            new ListKind<string>("protocols", new TextKind("a protocol such as h2", TextRules.Alpn), "", orOne: true,
                absent: "any protocol"),
            o => o.Alpn, (o, v) => o with { Alpn = v }),
        new Field<TlsRouteOptions, string>("cluster",
            "The cluster.",
            new TextKind("the name of a cluster", TextRules.Any),
            o => o.Cluster, (o, v) => o with { Cluster = v }, required: true));

    private static readonly SectionKind<ProxyProtocolOptions> s_proxyProtocol = new("proxy protocol",
        new Field<ProxyProtocolOptions, ProxyProtocolMode>("accept",
            "Whether a PROXY header is expected in front of each connection: off, required (without one it is closed), "
            + "or optional (from those that are trusted).",
            new ChoiceKind<ProxyProtocolMode>(
                ("off", ProxyProtocolMode.Off), ("required", ProxyProtocolMode.Required),
                ("optional", ProxyProtocolMode.Optional)),
            o => o.Accept, (o, v) => o with { Accept = v }),
        new Field<ProxyProtocolOptions, IReadOnlyList<string>>("trusted",
            "The addresses that may send one, and unix for the clients of Unix sockets; left out: everybody.",
            s_everybody, o => o.Trusted, (o, v) => o with { Trusted = v }),
        new Field<ProxyProtocolOptions, TimeSpan>("timeout",
            "From the accept until the header is complete.",
            ProcessSchema.Duration, o => o.Timeout, (o, v) => o with { Timeout = v }));

    private static readonly ChoiceKind<OddPathMode> s_oddPath = new(
        ("keep", OddPathMode.Keep), ("reject", OddPathMode.Reject));

    private static readonly SectionKind<PathOptions> s_paths = new("paths",
        new Field<PathOptions, OddPathMode>("dot_segments",
            "The segments . and .., also percent-encoded: keep forwards them as they came, reject answers 400.",
            s_oddPath, o => o.DotSegments, (o, v) => o with { DotSegments = v }),
        new Field<PathOptions, OddPathMode>("encoded_slashes",
            "The same choice for %2F and %5C.",
            s_oddPath, o => o.EncodedSlashes, (o, v) => o with { EncodedSlashes = v }));

    private static readonly SectionKind<ListenerLimits> s_limits = new("listener limits",
        new Field<ListenerLimits, int>("head",
            "Bytes of a request head, else 431. At most buffers.block.",
            new SizeKind<int>(256, 1 << 20), o => o.Head, (o, v) => o with { Head = v }),
        new Field<ListenerLimits, int>("headers",
            "Fields of a request head, else 431.",
            new NumberKind<int>(1, 4096), o => o.Headers, (o, v) => o with { Headers = v }),
        new Field<ListenerLimits, int>("target",
            "Bytes of a request target, else 414. At most head.",
            new SizeKind<int>(64, 1 << 20), o => o.Target, (o, v) => o with { Target = v }),
        new Field<ListenerLimits, long>("body",
            "Bytes of a request body, else 413; 0: no limit, which costs no memory, since bodies are streamed.",
            new SizeKind<long>(0, 1L << 50), o => o.Body, (o, v) => o with { Body = v }));

    private static readonly SectionKind<ForwardedOptions> s_forwarded = new("forwarded",
        new Field<ForwardedOptions, ForwardedMode>("x_forwarded",
            "X-Forwarded-For, -Proto and -Host: append adds this hop to what came, set replaces what came (right where "
            + "clients cannot be trusted), off leaves it alone.",
            s_mode, o => o.XForwarded, (o, v) => o with { XForwarded = v }),
        new Field<ForwardedOptions, ForwardedMode>("forwarded",
            "The same choice for Forwarded (RFC 7239).",
            s_mode, o => o.Forwarded, (o, v) => o with { Forwarded = v }),
        new Field<ForwardedOptions, bool>("via",
            "Whether Via is added to requests and answers.",
            ProcessSchema.Flag, o => o.Via, (o, v) => o with { Via = v }));

    private static readonly ListKind<string> s_ranges = new("ranges",
        new TextKind("a range such as 10.0.0.0/8", TextRules.Range), "", orOne: true);

    private static readonly SectionKind<ForwardProxyOptions> s_forwardProxy = new("forward_proxy",
        new Field<ForwardProxyOptions, IReadOnlyList<string>>("hosts",
            "Names that clients may ask for: a.example, or *.a.example for every name below it; []: every name.",
            new ListKind<string>("host names",
                new TextKind("a host name or *.name", TextRules.HostPattern), "", orOne: true),
            o => o.Hosts, (o, v) => o with { Hosts = v }),
        new Field<ForwardProxyOptions, IReadOnlyList<int>>("ports",
            "Ports that clients may ask for.",
            new ListKind<int>("ports", new NumberKind<int>(1, 65535), 0, orOne: true),
            o => o.Ports, (o, v) => o with { Ports = v }),
        new Field<ForwardProxyOptions, IReadOnlyList<string>>("allow",
            "Ranges of addresses that are allowed although they are not public: 10.1.0.0/16.",
            s_ranges, o => o.Allow, (o, v) => o with { Allow = v }),
        new Field<ForwardProxyOptions, IReadOnlyList<string>>("deny",
            "Ranges of addresses that are refused whatever else is said.",
            s_ranges, o => o.Deny, (o, v) => o with { Deny = v }),
        new Field<ForwardProxyOptions, ClusterTimeouts>("timeouts",
            "How long to wait for a host.",
            ClusterSchema.Timeouts, o => o.Timeouts, (o, v) => o with { Timeouts = v }));

    private static readonly SectionKind<ListenerOptions> s_listener = new("listener",
        new Field<ListenerOptions, string>("name",
            "What logs and errors call this listener; left out: its address.",
            new TextKind("a name", TextRules.Label), o => o.Name, (o, v) => o with { Name = v }),
        new Field<ListenerOptions, string>("address",
            "Where to listen: 127.0.0.1:8080, [::1]:8080, :8080 for every IPv4 and IPv6 address of the machine, or "
            + "unix:/path.",
            new TextKind("an address such as 127.0.0.1:8080, [::1]:8080 or :8080", TextRules.Listen),
            o => o.Address, (o, v) => o with { Address = v }, required: true),
        new Field<ListenerOptions, ListenerProtocol>("protocol",
            "What is spoken on the connections: http is HTTP/1.1 and HTTP/1.0 in clear text; forward is the same as a "
            + "forward proxy, which clients name in their settings; tcp is any protocol, whose bytes are carried both "
            + "ways; mixed is http or tcp, as the first bytes of a connection have it; udp is as tcp for datagrams.",
            new ChoiceKind<ListenerProtocol>(
                ("http", ListenerProtocol.Http), ("forward", ListenerProtocol.Forward), ("tcp", ListenerProtocol.Tcp),
                ("mixed", ListenerProtocol.Mixed), ("udp", ListenerProtocol.Udp)),
            o => o.Protocol, (o, v) => o with { Protocol = v }),
        new Field<ListenerOptions, string>("cluster",
            "tcp, mixed, udp: the cluster to forward to; with tls_routes, those that none of them is "
            + "for.",
            new TextKind("the name of a cluster", TextRules.Any),
            o => o.Cluster, (o, v) => o with { Cluster = v }),
        new Field<ListenerOptions, IReadOnlyList<TlsRouteOptions>>("tls_routes",
            "tcp, mixed: where TLS connections go by what their clients say first; TLS itself ends at the destination.",
            new ListKind<TlsRouteOptions>("routes", s_tlsRoute, new TlsRouteOptions()),
            o => o.TlsRoutes, (o, v) => o with { TlsRoutes = v }),
        new Field<ListenerOptions, IReadOnlyList<string>>("allow",
            "The clients that may connect, and unix for those of Unix sockets; left out: everybody.",
            s_everybody, o => o.Allow, (o, v) => o with { Allow = v }),
        new Field<ListenerOptions, IReadOnlyList<string>>("deny",
            "The clients that may not, even if they are allowed.",
            new ListKind<string>("ranges and unix", s_clients, ""), o => o.Deny, (o, v) => o with { Deny = v }),
        new Field<ListenerOptions, AcceptMode>("accept",
            "How connections come to the workers. reuseport: each worker listens and the kernel spreads; a worker far "
            + "above a sibling gives new ones away. handoff: one accepts and gives to each in turn.",
            new ChoiceKind<AcceptMode>(("reuseport", AcceptMode.ReusePort), ("handoff", AcceptMode.Handoff)),
            o => o.Accept, (o, v) => o with { Accept = v }),
        new Field<ListenerOptions, int>("backlog",
            "Connections that the kernel may hold for each worker before they are accepted; net.core.somaxconn still "
            + "applies.",
            new NumberKind<int>(1, 1 << 20), o => o.Backlog, (o, v) => o with { Backlog = v }),
        new Field<ListenerOptions, bool>("defer_accept",
            "http: whether the kernel holds a connection back until its first bytes are there, for about a second "
            + "(Linux).",
            ProcessSchema.Flag, o => o.DeferAccept, (o, v) => o with { DeferAccept = v }),
        new Field<ListenerOptions, int>("max_connections",
            "Connections open at once, over all workers; above it, new ones wait to be accepted. udp: sessions; above "
            + "it, datagrams of new sources are dropped.",
            new NumberKind<int>(1, 10_000_000), o => o.MaxConnections, (o, v) => o with { MaxConnections = v }),
        new Field<ListenerOptions, int>("receive_buffer",
            "udp: what the kernel holds for each worker until it is received; net.core.rmem_max still applies. 0: what "
            + "the system gives by default.",
            new SizeKind<int>(0, 1 << 28), o => o.ReceiveBuffer, (o, v) => o with { ReceiveBuffer = v }),
        new Field<ListenerOptions, ConnectionLimitOptions>("connection_limits",
            "How fast connections may come, and how many of one source there may be; more are closed by a reset.",
            ConnectionLimitSchema.Limits, o => o.ConnectionLimits, (o, v) => o with { ConnectionLimits = v }),
        new Field<ListenerOptions, long>("requests_per_connection",
            "Requests after which a connection is closed; 0: no limit.",
            new NumberKind<long>(0, 1_000_000_000_000),
            o => o.RequestsPerConnection, (o, v) => o with { RequestsPerConnection = v }),
        new Field<ListenerOptions, ProxyProtocolOptions>("proxy_protocol",
            "Whether another proxy in front of this listener tells who its clients are.",
            s_proxyProtocol, o => o.ProxyProtocol, (o, v) => o with { ProxyProtocol = v }),
        new Field<ListenerOptions, ExpectMode>("expect",
            "Who meets the expectation of a client that waits for 100 Continue before it sends a body: forward leaves "
            + "it to the origin, answer tells clients at once to go on.",
            new ChoiceKind<ExpectMode>(("forward", ExpectMode.Forward), ("answer", ExpectMode.Answer)),
            o => o.Expect, (o, v) => o with { Expect = v }),
        new Field<ListenerOptions, bool>("trace",
            "Whether TRACE is forwarded; else it is answered 405.",
            ProcessSchema.Flag, o => o.Trace, (o, v) => o with { Trace = v }),
        new Field<ListenerOptions, PathOptions>("paths",
            "What becomes of paths that two programs may read differently. Routes are matched on a normalised copy.",
            s_paths, o => o.Paths, (o, v) => o with { Paths = v }),
        new Field<ListenerOptions, ListenerTimeouts>("timeouts",
            "How long to wait for the client.",
            s_timeouts, o => o.Timeouts, (o, v) => o with { Timeouts = v }),
        new Field<ListenerOptions, ListenerLimits>("limits",
            "How much to take from the client.",
            s_limits, o => o.Limits, (o, v) => o with { Limits = v }),
        new Field<ListenerOptions, ForwardedOptions>("forwarded",
            "What origins are told about the client.",
            s_forwarded, o => o.Forwarded, (o, v) => o with { Forwarded = v }),
        new Field<ListenerOptions, ForwardProxyOptions?>("forward_proxy",
            "Where a forward proxy may connect to.",
            new OptionalKind<ForwardProxyOptions>(s_forwardProxy),
            o => o.ForwardProxy, (o, v) => o with { ForwardProxy = v }),
        new Field<ListenerOptions, IReadOnlyList<RouteOptions>>("routes",
            "The routes of this listener; left out: those of the root.",
            RouteSchema.Routes, o => o.Routes, (o, v) => o with { Routes = v }));

    /// <summary>A list of listeners.</summary>
    public static readonly ListKind<ListenerOptions> Listeners = new("listeners", s_listener, new ListenerOptions());
}
