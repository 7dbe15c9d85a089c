using System.Net;
using Tailrace.Config;
using Tailrace.Handlers;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Proxy.Tcp;
using Tailrace.Proxy.Udp;
using Tailrace.Sessions;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>One reactor with everything that serves on it: listeners, routes, clusters.</summary>
/// <remarks>
/// Built before its thread starts; after that, members marked so are called by posting to the reactor.
/// </remarks>
internal sealed class Worker : IDisposable
{
    /// <summary>Turns in which what has come is taken, and do not wait when idle.</summary>
    private const int SettleTurns = 64;

    /// <summary>How long connections are accepted that have come before, should there be no end to them.</summary>
    private const int SettleMs = 1_000;

    private readonly Log _log;
    private readonly FailureLog _failures;
    private readonly DebugLog? _debug;
    private readonly List<Listener> _listeners = [];
    private readonly List<(IConnectionServer? Server, ConnectionBudget Budget, TcpServer? Tcp)> _servers = [];
    private readonly List<(string Name, UdpServer Server)> _udpServers = [];
    private readonly ReplyQueue _replies;
    private readonly Dictionary<string, Cluster> _clusters = [];
    private readonly RouteHandlers _handlers;
    private readonly List<ForwardProxyHandler> _forwardProxies = [];
    private bool _isDraining;

    /// <summary>Creates a worker.</summary>
    /// <param name="reactor">Where it lives.</param>
    /// <param name="snapshot">What it is built from.</param>
    /// <param name="log">The diagnostic log.</param>
    /// <param name="turns">Which failure may be logged when, by any of the workers; null: it is alone.</param>
    internal Worker(Reactor reactor, Snapshot snapshot, Log log, FailureTurns? turns = null)
    {
        Reactor = reactor;
        _replies = new ReplyQueue(reactor);
        _log = log;
        _failures = new FailureLog(log, reactor.Index, () => reactor.Loop.Now, turns ?? new FailureTurns());
        _debug = DebugLog.For(log, reactor.Index);
        reactor.Loop.Unhandled = exception =>
        {
            reactor.Counters.UnhandledErrors++;
            log.Error("unhandled exception", ("worker", reactor.Index), ("exception", exception));
        };
        _handlers = new RouteHandlers(_clusters, _failures);
        foreach (var plan in snapshot.Clusters) _clusters.Add(plan.Settings.Name, BuildCluster(plan));
    }

    internal Reactor Reactor { get; }

    /// <summary>The clusters by name, for the statistics.</summary>
    internal IReadOnlyDictionary<string, Cluster> Clusters => _clusters;

    /// <summary>The UDP listeners by name, for the statistics.</summary>
    internal IReadOnlyList<(string Name, UdpServer Server)> UdpServers => _udpServers;

    /// <summary>How many workers there are to be.</summary>
    /// <param name="wanted">What the user asked for; 0: as many as make sense.</param>
    /// <param name="processors">Processors that the process may run on.</param>
    /// <param name="quota">What its quota of processor time is worth, in processors.</param>
    internal static int CountOf(int wanted, int processors, int quota) =>
        wanted > 0 ? wanted : Math.Min(processors, quota);

    /// <summary>
    /// How many sessions UDP listeners may have together, where connections need descriptors too: half of those that
    /// the process may have. A datagram's source is easily forged, and each new one takes a session.
    /// </summary>
    internal static ConnectionBudget? ShareOfSessions(IReadOnlyList<ListenerPlan> plans, long descriptors) =>
        plans.All(plan => plan.Udp is not null)
            ? null
            : new ConnectionBudget((int)Math.Clamp(descriptors / 2, 1, int.MaxValue));

    /// <summary>Opens a listener and prepares to serve on it.</summary>
    /// <exception cref="IoException">The address cannot be listened on.</exception>
    internal EndPoint Listen(
        ListenerPlan plan, EndPoint address, bool shared, IEnumerable<CodeRoute> codeRoutes,
        AccessLogWriter? accessLog, ConnectionSpread? spread = null)
    {
        var handle = Reactor.Loop.Listen(address, plan.Socket with { Shared = shared });
        if (Reactor.Loop.SocketBuffer > 0 && address is IPEndPoint)
            CheckReceiveBuffer(plan, handle, Reactor.Loop.SocketBuffer);
        var server = Join(plan, codeRoutes, accessLog);
        _listeners.Add(new Listener(Reactor, handle, plan.Budget, server.Serve)
        {
            Spread = spread,
            Paused = error => _failures.Warn(
                error == IoError.None ? "connection limit reached, accepting pauses" : $"accepting pauses: {error}",
                plan.Name),
        });
        return Reactor.Loop.LocalAddress(handle);
    }

    /// <summary>Opens a UDP listener.</summary>
    /// <exception cref="IoException">The address cannot be had.</exception>
    internal EndPoint Bind(
        ListenerPlan plan, EndPoint address, bool shared, AccessLogWriter? accessLog, ConnectionBudget? share = null)
    {
        var wanted = plan.Udp!.ReceiveBuffer;
        var socket = Reactor.Loop.BindDatagrams(address, shared, wanted);
        CheckReceiveBuffer(plan, socket, wanted);
        var server = new UdpServer(Reactor, socket, plan.Udp, _clusters[plan.Cluster], _replies)
        {
            Budget = plan.Budget,
            Share = share,
            Limits = plan.Limits,
            Allowed = plan.Allowed,
            Denied = plan.Denied,
            AccessLog = accessLog,
            Changed = _debug is null ? null : _debug.Changed,
            Dropping = reason => _failures.Warn(reason, plan.Name),
        };
        _udpServers.Add((plan.Name, server));
        return Reactor.Loop.LocalAddress(socket);
    }

    private void CheckReceiveBuffer(ListenerPlan plan, IoHandle socket, int wanted)
    {
        var given = Reactor.Loop.ReceiveBufferOf(socket);
        if (given >= wanted) return;
        _log.Warn("the receive buffer is smaller than asked for (net.core.rmem_max)",
            ("listener", plan.Name), ("asked", wanted), ("given", given));
    }

    /// <summary>Keeps the place of a listener whose connections no other worker gives away.</summary>
    internal void Skip(ListenerPlan plan) => _servers.Add((null, plan.Budget, null));

    /// <summary>Prepares to serve what is accepted at a listener, here or by another worker.</summary>
    internal IConnectionServer Join(
        ListenerPlan plan, IEnumerable<CodeRoute> codeRoutes, AccessLogWriter? accessLog)
    {
        var tcp = plan.Tcp is { } settings ? BuildTcp(plan, settings, accessLog) : null;
        IConnectionServer server = tcp is null
            ? BuildHttp(plan, codeRoutes, accessLog)
            : plan.IsMixed
                ? new MixedServer(
                    Reactor, BuildHttp(plan, codeRoutes, accessLog), tcp, tcp.Settings.KindTimeoutMs)
                : tcp;
        if (plan.Limits is { } limits)
        {
            server = new LimitGate(Reactor, server, limits, plan.Budget)
            {
                Refused = verdict => _failures.Warn($"connection refused: {LimitOf(verdict)}", plan.Name),
            };
        }
        if (plan.Allowed is not null || plan.Denied is not null)
        {
            server = new AccessGate(Reactor, server, plan.Allowed, plan.Denied, plan.Budget)
            {
                Denied = () => _failures.Warn("a client's address is not allowed", plan.Name),
            };
        }
        // The lists are about the address that the header says.
        if (plan.Gate is { } gate) server = BuildGate(plan, gate, server);
        _servers.Add((server, plan.Budget, tcp));
        return server;
    }

    /// <summary>Serves a connection that another worker has accepted. On the reactor's thread.</summary>
    /// <param name="listener">Which listener of the options accepted it.</param>
    /// <param name="stream">The connection.</param>
    internal void Take(int listener, DetachedStream stream)
    {
        var handle = Reactor.Loop.Attach(stream);
        var (server, budget, _) = _servers[listener];
        if (!_isDraining && server is not null)
        {
            server.Serve(SocketConnection.Adopt(Reactor, handle));
            return;
        }
        Reactor.Loop.Close(handle);
        budget.Return();
    }

    /// <summary>Begins to accept. Any thread.</summary>
    internal void Serve()
    {
        foreach (var listener in _listeners) Reactor.Loop.Post(listener.Start);
        foreach (var (_, server) in _udpServers) Reactor.Loop.Post(server.Start);
    }

    /// <summary>Takes over newly resolved addresses of a destination. Posted.</summary>
    internal void SetAddresses(string cluster, int destination, SocketAddress[] addresses) =>
        _clusters[cluster].SetAddresses(destination, addresses);

    /// <summary>Takes over where a service is now. Posted.</summary>
    internal void SetPlaces(string cluster, int service, IReadOnlyList<ServicePlace> places) =>
        _clusters[cluster].SetPlaces(service, places);

    /// <summary>Takes over what active checks have found. Posted.</summary>
    internal void SetHealth(string cluster, int destination, string name, bool isHealthy) =>
        _clusters[cluster].SetHealth(destination, name, isHealthy);

    /// <summary>
    /// Takes what has come so far: connections that the system holds, those that other workers have given, and the
    /// requests on them. Posted.
    /// </summary>
    internal async LoopTask SettleAsync()
    {
        var until = Reactor.Loop.Now + SettleMs;
        for (var i = 0; i < SettleTurns || (HasWaiting() && Reactor.Loop.Now < until); i++)
            await Reactor.Loop.YieldAsync();
    }

    private bool HasWaiting()
    {
        foreach (var listener in _listeners)
        {
            if (listener.HasWaiting) return true;
        }
        return false;
    }

    /// <summary>Has connections come to be accepted that the system holds back. Posted.</summary>
    internal void StopDeferring()
    {
        foreach (var listener in _listeners) listener.StopDeferring();
    }

    /// <summary>Begins no new connections; those that are being made are accepted. Posted.</summary>
    internal void Retire()
    {
        foreach (var listener in _listeners) listener.Retire();
    }

    /// <summary>Stops accepting: what is open goes on. Posted.</summary>
    internal void StopListening()
    {
        foreach (var listener in _listeners) listener.Close();
    }

    /// <summary>Stops accepting, closes what is idle, lets exchanges end. Posted.</summary>
    internal void Drain()
    {
        _isDraining = true;
        StopListening();
        foreach (var (server, _, _) in _servers) server?.Drain();
        foreach (var (_, server) in _udpServers) server.Drain();
        foreach (var cluster in _clusters.Values) cluster.Drain();
        _handlers.Drain();
        foreach (var proxy in _forwardProxies) proxy.Drain();
    }

    /// <summary>Closes every client's connection. Posted.</summary>
    internal void Abort()
    {
        foreach (var (server, _, _) in _servers) server?.Abort();
        foreach (var (_, server) in _udpServers) server.Abort();
    }

    /// <summary>Ends all at once, since the loop cannot go on. On the reactor's thread.</summary>
    internal void End()
    {
        Drain();
        Abort();
    }

    /// <summary>
    /// Adds the forwarded connections in each state to <paramref name="counts"/>, and brings what they have moved so
    /// far into the statistics. Posted.
    /// </summary>
    internal void CountStates(Span<int> counts)
    {
        foreach (var (_, _, server) in _servers) server?.CountStates(counts);
    }

    /// <summary>What became of the connections that a listener forwarded. Any thread; a moment old.</summary>
    /// <param name="listener">Its place in the options.</param>
    internal TcpCounters TcpOf(int listener) => _servers[listener].Tcp?.Totals ?? default;

    /// <inheritdoc/>
    public void Dispose() => Reactor.Dispose();

    private static string LimitOf(LimitVerdict verdict) => verdict switch
    {
        LimitVerdict.Rate => "they come too fast",
        LimitVerdict.SourceRate => "those of its source come too fast",
        _ => "its source has as many as it may",
    };

    private ProxyGate BuildGate(ListenerPlan plan, ProxyGateSettings settings, IConnectionServer server) =>
        new(Reactor, server, settings, plan.Budget) { Rejected = reason => _failures.Warn(reason, plan.Name) };

    private TcpServer BuildTcp(ListenerPlan plan, TcpSettings settings, AccessLogWriter? accessLog)
    {
        return new TcpServer(Reactor, settings, _clusters.GetValueOrDefault(plan.Cluster), accessLog)
        {
            Routes = plan.TlsRoutes.Count == 0 ? null : BuildHelloRoutes(plan.TlsRoutes),
            Refused = reason => _failures.Warn($"connection refused: {reason}", plan.Name),
            Starved = () => _failures.Warn("no buffer is left: a connection is closed", plan.Name),
            Budget = plan.Budget,
            Changed = _debug is null ? null : _debug.Changed,
        };
    }

    private HelloRoutes BuildHelloRoutes(IReadOnlyList<TlsRouteOptions> options)
    {
        var routes = new HelloRoutes();
        foreach (var route in options)
        {
            IReadOnlyList<string> hosts = route.Host.Count > 0 ? route.Host : [""];
            foreach (var host in hosts) routes.Add(host, route.Alpn, _clusters[route.Cluster]);
        }
        return routes;
    }

    private ServerContext BuildHttp(
        ListenerPlan plan, IEnumerable<CodeRoute> codeRoutes, AccessLogWriter? accessLog)
    {
        var router = new Router(plan.Policy, BuildRoutes(plan, codeRoutes), BuildForwardProxy(plan.Egress));
        return new ServerContext(Reactor, plan.Settings, router.Route, accessLog)
        {
            Budget = plan.Budget,
            Opened = _debug is null ? null : _debug.Opened,
            Ended = _debug is null ? null : _debug.Ended,
            Closed = _debug is null ? null : _debug.Closed,
            Starved = () => _failures.Warn("no buffer is left: a request is refused", plan.Name),
            HandlerFailed = exception => _failures.Warn($"a handler failed: {exception}", plan.Name),
        };
    }

    private Cluster BuildCluster(ClusterPlan plan)
    {
        // Those of services come when they are known.
        Destination[] destinations =
        [
            .. from one in plan.Destinations.Index()
               where !one.Item.Address.IsService
               select new Destination(one.Item.Name, one.Item.Weight, [], one.Item.Priority) { Index = one.Index },
        ];
        return new Cluster(Reactor, plan.Settings, destinations)
        {
            Failed = (destination, reason) =>
                _failures.Warn($"upstream: {reason}", destination?.Name ?? plan.Settings.Name),
            Retried = (destination, reason) => _failures.Warn(reason, destination.Name),
            BreakerChanged = reason => LogBreaker(plan.Settings.Name, reason),
            EjectionChanged = (destination, reason) => LogEjection(plan.Settings.Name, destination, reason),
        };
    }

    private void LogBreaker(string cluster, string? reason)
    {
        if (reason is null) _log.Info("circuit is closed", ("cluster", cluster), ("worker", Reactor.Index));
        else _log.Warn("circuit is open", ("cluster", cluster), ("reason", reason), ("worker", Reactor.Index));
    }

    private void LogEjection(string cluster, Destination destination, string? reason)
    {
        if (reason is null)
        {
            _log.Info("destination is back",
                ("cluster", cluster), ("destination", destination.Name), ("worker", Reactor.Index));
        }
        else
        {
            _log.Warn("destination is left out",
                ("cluster", cluster), ("destination", destination.Name), ("reason", reason), ("worker", Reactor.Index));
        }
    }

    private RouteTable BuildRoutes(ListenerPlan plan, IEnumerable<CodeRoute> codeRoutes)
    {
        var routes = new RouteTable();
        foreach (var route in codeRoutes)
        {
            if (route.Listener.Length == 0 || route.Listener == plan.Name)
                routes.Add(route.Host, route.Path, route.IsPrefix, route.Handler);
        }
        foreach (var route in plan.Routes)
        {
            var condition = RouteConditions.Build(route.Options.Match);
            routes.Add(route.Host, route.Path, route.IsPrefix, _handlers.Build(route), condition);
        }
        return routes;
    }

    private ForwardProxyHandler? BuildForwardProxy(EgressPlan? plan)
    {
        if (plan is null) return null;
        var proxy = new ForwardProxyHandler(Reactor, plan.Settings, plan.Policy, plan.Edits, plan.Resolver);
        _forwardProxies.Add(proxy);
        return proxy;
    }
}
