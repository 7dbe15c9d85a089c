using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>The whole server in one object: options in, workers running, until it is stopped.</summary>
/// <remarks>
/// Add handlers by <see cref="Map(string, HandlerDelegate)"/>, then <see cref="Start"/>. Members are safe to call from
/// any thread, one at a time. Handlers run on the workers' threads.
/// </remarks>
public sealed class Server : IDisposable
{
    /// <summary>The system lets in whom it holds back when a second is over.</summary>
    private const int HeldBackMs = 1_500;

    /// <summary>A handshake takes one way there and back.</summary>
    private const int HandshakeMs = 500;

    private static readonly TimeSpan DrainBegins = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ResolveAtStart = TimeSpan.FromSeconds(5);

    private readonly TailraceOptions _options;
    private readonly Log _log;
    private readonly FailureTurns _failureTurns = new();
    private readonly AccessLog? _accessLog;
    private readonly bool _ownsLog;
    private readonly List<CodeRoute> _codeRoutes = [];
    private readonly List<Worker> _workers = [];
    private readonly List<EndPoint> _addresses = [];
    private IReadOnlyList<ListenerPlan> _plans = [];
    private Resolution? _resolution;
    private ServiceResolution? _services;
    private HealthChecker? _checker;
    private AdminServer? _admin;

    /// <summary>Creates a server that does not run yet.</summary>
    /// <param name="options">What to do. They have to be valid: see <see cref="Validator"/>.</param>
    /// <param name="log">Where to say what happens; null for standard error as the options have it.</param>
    public Server(TailraceOptions options, Log? log = null)
    {
        _options = options;
        _ownsLog = log is null;
        _log = log ?? new Log(options.Log);
        _accessLog = AccessLog.Open(options.AccessLog, AccessLogFile.Open, _log);
    }

    /// <summary>The engine in use, once started.</summary>
    public Engine Engine { get; private set; }

    /// <summary>Why it is that engine.</summary>
    public string EngineReason { get; private set; } = "";

    /// <summary>Workers that run.</summary>
    public int WorkerCount => _workers.Count;

    /// <summary>
    /// The addresses that are listened on, in the options' order; with real ports where 0 was asked for.
    /// </summary>
    public IReadOnlyList<EndPoint> Addresses => _addresses;

    /// <summary>Where metrics and health are told, while it runs; null where they are not.</summary>
    public EndPoint? AdminAddress => _admin?.Address;

    /// <summary>What each worker has counted.</summary>
    public IReadOnlyList<Counters> Statistics => [.. _workers.Select(worker => worker.Reactor.Counters)];

    /// <summary>What became of each destination, over all workers; exact once the server has stopped.</summary>
    public IReadOnlyList<DestinationStatistics> Destinations => DestinationStatistics.Of(_workers);

    /// <summary>
    /// What each UDP listener has counted, over all workers, by its name; exact once the server has stopped.
    /// </summary>
    public IReadOnlyDictionary<string, UdpCounters> UdpListeners => UdpStatistics.Of(_workers);

    /// <summary>The state of each cluster, over all workers.</summary>
    public IReadOnlyList<ClusterStatistics> Clusters => ClusterStatistics.Of(_workers);

    /// <summary>Lines of the diagnostic log that did not fit its queue.</summary>
    public long LogDropped => _log.Dropped;

    /// <summary>What came through each listener, over all workers; exact once the server has stopped.</summary>
    public IReadOnlyList<ListenerStatistics> Listeners => ListenerStatistics.Of(_plans, _workers);

    /// <summary>
    /// The open connections that are forwarded as they are, in each state by its name; and what they have moved so far
    /// is brought into <see cref="Listeners"/> and <see cref="Destinations"/>. Empty when the server does not run.
    /// Waits for the workers, so it is not for handlers.
    /// </summary>
    public IReadOnlyList<(string State, int Connections)> TcpStates() => TcpStates(DrainBegins);

    /// <summary>The same, with what workers have said after a while.</summary>
    internal IReadOnlyList<(string State, int Connections)> TcpStates(TimeSpan patience)
    {
        if (!HasStates) return [];
        return [.. CountStates(patience).Select(
            (count, state) => (((StreamState)state).ToString().ToLowerInvariant(), count))];
    }

    /// <summary>
    /// What balancers throw dice by and where their turns begin; 0: the same in every process. For tests.
    /// </summary>
    internal ulong Seed { get; init; } = (ulong)Random.Shared.NextInt64(1, long.MaxValue);

    /// <summary>The workers, in order. For tests.</summary>
    internal IReadOnlyList<Worker> Workers => _workers;

    /// <summary>
    /// Called when a worker cannot go on because of the system, on that worker's thread: its connections are closed,
    /// and the server should be stopped, best by another thread. Set before the start; null: the process ends with an
    /// unhandled exception.
    /// </summary>
    public Action<Exception>? WorkerFailed { get; set; }

    /// <summary>Whether a worker has failed.</summary>
    public bool HasFailed => _workers.Exists(worker => worker.Reactor.HasFailed);

    /// <summary>
    /// Why <c>engine: auto</c> is not to try io_uring, for the start line: what it has failed with before. Set before
    /// the start; null: it is tried.
    /// </summary>
    public string? UringRefusal { get; init; }

    /// <summary>
    /// Whether io_uring was taken because it is fastest, and not because it was asked for: where it has failed, a new
    /// server with <see cref="UringRefusal"/> goes on with epoll.
    /// </summary>
    public bool CanDoWithoutUring => Engine == Engine.IoUring && _options.Engine == EngineChoice.Auto;

    /// <summary>Those that messages still reach.</summary>
    private List<Worker> Living => _workers.FindAll(worker => !worker.Reactor.HasFailed);

    /// <summary>Whether it has been asked to stop.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>Access log records that did not fit the queue.</summary>
    public long AccessLogDropped => _accessLog?.Dropped ?? 0;

    /// <summary>Answers an exact path in code, on every listener. Code comes before the options' routes.</summary>
    public Server Map(string path, HandlerDelegate handle) => Map(new CodeRoute(Handler.From(handle)) { Path = path });

    /// <summary>Answers everything below a path in code, on every listener.</summary>
    public Server MapPrefix(string path, HandlerDelegate handle) =>
        Map(new CodeRoute(Handler.From(handle)) { Path = path, IsPrefix = true });

    /// <summary>Adds a route in code.</summary>
    public Server Map(CodeRoute route)
    {
        if (_workers.Count > 0) throw new InvalidOperationException("the server runs already");
        _codeRoutes.Add(route);
        return this;
    }

    /// <summary>Opens the listeners and starts the workers.</summary>
    /// <exception cref="StartException">
    /// The options are not valid, or a listener or the engine cannot be had; nothing is left open.
    /// </exception>
    public void Start()
    {
        if (_workers.Count > 0) throw new InvalidOperationException("the server runs already");
        var problems = Validator.Validate(_options, _codeRoutes.Count > 0, MachineAddresses.Has);
        if (problems.Count > 0) throw new StartException(string.Join(Environment.NewLine, problems));
        try
        {
            Engine = Loops.Choose(Wanted(_options.Engine), out var reason, UringRefusal);
            EngineReason = reason;
            var snapshot = Snapshot.Build(_options, Seed);
            StartLoops(snapshot);
            _plans = snapshot.Listeners;
            if (_options.Admin is { } admin) _admin = OpenAdmin(admin);
            // The runtime ends the process when it wants one and there is none, and nobody could be served.
            Loops.RequireDescriptors();
            _checker = new HealthChecker([.. Checks(snapshot)], PublishHealth, _log);
            _resolution = new Resolution(snapshot.Clusters, Publish, _log);
            _services = new ServiceResolution(snapshot.Clusters, _options.Resolve, PublishPlaces, _log);
            // A name server that hangs must not keep the rest from starting: its answers are taken when they come.
            Task.WhenAll(_resolution.ResolveAsync(), _services.ResolveAsync()).Wait(ResolveAtStart);
            _resolution.Start(_options.Resolve.Interval);
            _services.Start();
            foreach (var worker in _workers) worker.Serve();
            _checker.Start();
            _admin?.Serve();
        }
        catch (Exception failure)
        {
            DisposeWorkers();
            if (failure is not IoException known) throw;
            throw new StartException(
                IsRefusal(known) ? Loops.Cannot(known.Message) : ListenErrors.Describe(known), known);
        }
        LogStart();
        WarnOfDescriptors();
    }

    private void LogStart()
    {
        var isPinned = _options.Pin && !WarnOfPinning();
        List<(string, object?)> fields =
        [
            ("engine", Loops.NameOf(Engine)), ("because", EngineReason),
            ("workers", _workers.Count), ("pinned", isPinned),
            ("listening", string.Join(", ", _addresses)),
        ];
        if (AdminAddress is IPEndPoint admin) fields.Add(("metrics", $"http://{admin}/metrics"));
        else if (AdminAddress is { } path) fields.Add(("admin", path));
        _log.Info("started", [.. fields]);
    }

    /// <summary>
    /// Stops accepting, closes idle connections, lets exchanges in flight and the first of new connections end within
    /// <paramref name="grace"/>, then closes what is left and ends the workers. Statistics stay readable.
    /// </summary>
    public void Stop(TimeSpan grace)
    {
        if (_isStopping || _workers.Count == 0) return;
        _isStopping = true;
        UnixSockets.RemoveOwn(_addresses, Engine);
        _admin?.StopListening();
        LogStates();
        _resolution?.Dispose();
        _services?.Dispose();
        _checker?.Dispose();
        var deadline = Environment.TickCount64 + (long)grace.TotalMilliseconds;
        AwaitHandshakes(deadline);
        var drainBegins = Environment.TickCount64 + (long)DrainBegins.TotalMilliseconds;
        // None may drain while another still accepts, and gives it connections. And only when every worker has begun
        // to drain do the counts of connections fall for good.
        SettleAll(worker => worker.StopListening(), drainBegins);
        SettleAll(worker => worker.Drain(), drainBegins);
        WaitUntilIdle(deadline);
        var left = Living.Sum(worker => worker.Reactor.Counters.Active);
        if (left > 0)
        {
            _log.Warn("closing connections that did not end in time", ("connections", left));
            foreach (var worker in _workers) worker.Reactor.Loop.Post(worker.Abort);
            WaitUntilIdle(Environment.TickCount64 + 1000);
        }
        // It asks the workers, so it ends first.
        _admin?.Dispose();
        _admin = null;
        _isStopped = true;
        foreach (var worker in _workers) worker.Reactor.Stop();
    }

    /// <summary>Stops at once if it runs, and frees everything.</summary>
    public void Dispose()
    {
        Stop(TimeSpan.Zero);
        DisposeWorkers();
        _accessLog?.Dispose();
        if (_ownsLog) _log.Dispose();
    }

    private volatile bool _isStopping;
    private volatile bool _isStopped;

    /// <summary>
    /// Lets connections come to be accepted that the system holds back, or that are being made: it resets them when
    /// their listener is closed. Others are served until none is held back; then none begins any more.
    /// </summary>
    private void AwaitHandshakes(long deadline)
    {
        var ports = _addresses.OfType<IPEndPoint>().Select(address => address.Port).ToHashSet();
        var until = Math.Min(deadline, Environment.TickCount64 + HeldBackMs);
        TellAll(worker => worker.StopDeferring(), until);
        var heldBack = Handshakes.Of(ports);
        while (heldBack.Count > 0 && Environment.TickCount64 < until)
        {
            Thread.Sleep(10);
            heldBack.IntersectWith(Handshakes.Of(ports));
        }
        until = Math.Min(deadline, Environment.TickCount64 + HandshakeMs);
        TellAll(worker => worker.Retire(), until);
        while (Handshakes.Of(ports).Count > 0 && Environment.TickCount64 < until) Thread.Sleep(10);
    }

    /// <summary>
    /// Has every worker take what has come for it and then do something, and waits for all of them, but no longer than
    /// until a time.
    /// </summary>
    private void SettleAll(Action<Worker> act, long until)
    {
        AskAll(SettleAsync, until);

        async LoopTask SettleAsync(Worker worker)
        {
            await worker.SettleAsync();
            act(worker);
        }
    }

    private void TellAll(Action<Worker> act, long until) => AskAll(
        worker =>
        {
            act(worker);
            return LoopTask.Completed;
        },
        until);

    /// <summary>Has every worker do something, and waits for all of them, but no longer than until a time.</summary>
    private void AskAll(Func<Worker, LoopTask> act, long until)
    {
        // Not disposed of: a worker may come to it when nobody waits any more.
        var workers = Living;
        var left = new CountdownEvent(workers.Count);
        foreach (var worker in workers) worker.Reactor.Loop.Post(() => RunAsync(worker).Detach());
        left.Wait((int)Math.Max(0, until - Environment.TickCount64));

        async LoopTask RunAsync(Worker worker)
        {
            await act(worker);
            left.Signal();
        }
    }

    /// <summary>Says how many forwarded connections are left, and where they stand.</summary>
    private void LogStates()
    {
        if (_options.Listeners.Any(listener => listener.Protocol == ListenerProtocol.Udp))
        {
            _log.Info("udp sessions to end",
                ("sessions", _workers.Sum(worker => Volatile.Read(ref worker.Reactor.Counters.Udp.Active))));
        }
        if (!_options.Listeners.Any(listener => listener.Protocol is ListenerProtocol.Tcp or ListenerProtocol.Mixed))
            return;
        _log.Info("tcp connections to end",
            [.. TcpStates().Select(state => (state.State, (object?)state.Connections))]);
    }

    private bool HasStates => !_isStopped && _workers.Count > 0 && _plans.Any(plan => plan.Tcp is not null);

    /// <summary>The connections of TCP listeners in each state, as of now.</summary>
    internal int[] CountStates(TimeSpan? patience = null)
    {
        var workers = Living;
        var counts = new int[workers.Count][];
        // Not disposed of: a worker may come to it when nobody waits any more.
        var asked = new CountdownEvent(workers.Count);
        for (var i = 0; i < counts.Length; i++)
        {
            var (worker, states) = (workers[i], new int[(int)StreamState.Closed]);
            counts[i] = states;
            worker.Reactor.Loop.Post(() =>
            {
                worker.CountStates(states);
                asked.Signal();
            });
        }
        asked.Wait(patience ?? DrainBegins);
        return [.. Enumerable.Range(0, (int)StreamState.Closed).Select(state => counts.Sum(one => one[state]))];
    }

    /// <summary>Says which workers could not be pinned, or that several share a processor.</summary>
    /// <returns>Whether a worker is not pinned.</returns>
    private bool WarnOfPinning()
    {
        var processors = Loops.Processors().Count;
        if (_workers.Count > processors)
        {
            _log.Warn(
                "pinned workers share processors: take fewer workers, or do not pin them",
                ("workers", _workers.Count), ("processors", processors));
        }
        var refused = _workers.FindAll(worker => worker.Reactor.PinRefusal is not null);
        if (refused.Count == 0) return false;
        _log.Warn(
            "workers are not pinned",
            ("workers", string.Join(", ", refused.Select(worker => worker.Reactor.Index))),
            ("because", refused[0].Reactor.PinRefusal));
        return true;
    }

    private void WarnOfDescriptors()
    {
        var allowed = Loops.RaiseDescriptorLimit();
        var wanted = _options.Listeners.Sum(DescriptorsOf);
        if (allowed >= wanted) return;
        _log.Warn(
            "fewer file descriptors than all connections that are allowed take; raise the limit ('ulimit -n', "
            + "LimitNOFILE= in systemd) or lower max_connections",
            ("descriptors", allowed), ("wanted", wanted));
    }

    /// <summary>
    /// How many a listener takes when it is full: one for each connection, and one more for its way on. HTTP has that
    /// for its requests only, and a session of datagrams has nothing else.
    /// </summary>
    internal static long DescriptorsOf(ListenerOptions listener)
    {
        var isTunnel = listener.Protocol is ListenerProtocol.Tcp or ListenerProtocol.Mixed or ListenerProtocol.Forward;
        return (isTunnel ? 2L : 1L) * listener.MaxConnections;
    }

    /// <exception cref="IoException">Its address cannot be listened on.</exception>
    private AdminServer OpenAdmin(AdminOptions options)
    {
        var page = new MetricsPage(this, _options);
        return AdminServer.Open(options, _workers.Count, Engine, page.Write, () => !IsStopping, _log);
    }

    private static Engine Wanted(EngineChoice choice) => choice switch
    {
        EngineChoice.IoUring => Engine.IoUring,
        EngineChoice.Epoll => Engine.Epoll,
        EngineChoice.Portable => Engine.Portable,
        _ => Engine.Auto,
    };

    private void WaitUntilIdle(long deadline)
    {
        while (Living.Any(worker => worker.Reactor.Counters.Active > 0) && Environment.TickCount64 < deadline)
            Thread.Sleep(5);
    }

    /// <summary>Brings the workers up, without serving yet.</summary>
    private void StartLoops(Snapshot snapshot)
    {
        try
        {
            Bring();
        }
        catch (IoException refusal) when (_options.Engine == EngineChoice.Auto && IsRefusal(refusal))
        {
            // The trial was allowed and the real thing is not: locked memory may not suffice for all workers.
            DisposeWorkers();
            _addresses.Clear();
            Engine = Engine.Epoll;
            EngineReason = Loops.Off(refusal.Message);
            _log.Warn(
                "io_uring was allowed at the trial and is refused to the workers", ("because", refusal.Message));
            Bring();
        }

        void Bring()
        {
            CreateWorkers(snapshot);
            OpenListeners(snapshot);
            StartReactors();
        }
    }

    /// <exception cref="IoException">The loop of one of them cannot run.</exception>
    private void StartReactors()
    {
        IoException? refusal = null;
        using var prepared = new CountdownEvent(_workers.Count);
        foreach (var worker in _workers)
        {
            if (WorkerFailed is { } failed)
            {
                worker.Reactor.Failing = worker.End;
                worker.Reactor.Failed = failure => OnFailed(worker, failure, failed);
            }
            worker.Reactor.Start(problem =>
            {
                if (problem is not null) Volatile.Write(ref refusal, problem);
                prepared.Signal();
            });
        }
        prepared.Wait();
        if (refusal is not null) throw new IoException(refusal.Error, refusal.Message);
    }

    private void OnFailed(Worker worker, IoException failure, Action<Exception> tell)
    {
        _log.Error("a worker cannot go on", ("worker", worker.Reactor.Index), ("because", failure.Message));
        tell(failure);
    }

    /// <summary>Whether it is io_uring that the system refuses: not an address, nor a descriptor.</summary>
    private bool IsRefusal(IoException failure) =>
        Engine == Engine.IoUring && failure.Address is null && !failure.Error.IsOutOfDescriptors();

    private void CreateWorkers(Snapshot snapshot)
    {
        var processors = Loops.Processors();
        // The runtime knows what a control group's quota of processor time is worth.
        var count = Worker.CountOf(_options.Workers, processors.Count, Environment.ProcessorCount);
        for (var i = 0; i < count; i++)
        {
            var buffers = new BufferPools(_options.Buffers.Block, _options.Buffers.BulkBlock, _options.Buffers.Max);
            var loop = Loops.Create(
                Engine, _options.EventsPerWait, _options.Buffers.Pipes, _options.Buffers.Socket);
            var processor = _options.Pin ? processors[i % processors.Count] : -1;
            _workers.Add(new Worker(new Reactor(i, loop, buffers, processor), snapshot, _log, _failureTurns));
        }
    }

    private void OpenListeners(Snapshot snapshot)
    {
        var writers = _workers.ConvertAll(worker => _accessLog?.CreateWriter(worker.Reactor.Index));
        var share = Worker.ShareOfSessions(snapshot.Listeners, Loops.RaiseDescriptorLimit());
        for (var i = 0; i < snapshot.Listeners.Count; i++)
        {
            var plan = snapshot.Listeners[i];
            var accepting = new AcceptPlan(plan, i, _workers);
            if (plan.Udp is not null)
            {
                BindDatagrams(plan, accepting, writers, share);
                continue;
            }
            // Sharing would also join another process's listener: make sure that there is none.
            if (accepting.IsShared && plan.Address is IPEndPoint { Port: not 0 }) ProbeExclusively(plan);
            var address = plan.Address;
            if (address is UnixDomainSocketEndPoint path) UnixSockets.RemoveStale(path);
            IPEndPoint? shared = null;
            foreach (var worker in _workers)
            {
                var writer = writers[worker.Reactor.Index];
                if (!accepting.Listens(worker))
                {
                    worker.Join(plan, _codeRoutes, writer);
                    continue;
                }
                var bound = worker.Listen(
                    plan, address, accepting.IsShared, _codeRoutes, writer, accepting.SpreadOf(worker));
                if (shared is not null) continue;
                _addresses.Add(bound);
                if (bound is IPEndPoint ip) address = shared = new IPEndPoint(((IPEndPoint)address).Address, ip.Port);
            }
        }
    }

    private void BindDatagrams(
        ListenerPlan plan, AcceptPlan accepting, List<AccessLogWriter?> writers, ConnectionBudget? share)
    {
        var address = (IPEndPoint)plan.Address;
        if (accepting.IsShared && address.Port != 0) ProbeExclusively(plan);
        IPEndPoint? bound = null;
        foreach (var worker in _workers)
        {
            worker.Skip(plan);
            if (!accepting.Listens(worker)) continue;
            var at = bound is null ? address : new IPEndPoint(address.Address, bound.Port);
            var local = (IPEndPoint)worker.Bind(
                plan, at, accepting.IsShared, writers[worker.Reactor.Index], share);
            if (bound is null) _addresses.Add(local);
            bound ??= local;
        }
    }

    private void ProbeExclusively(ListenerPlan plan)
    {
        var loop = _workers[0].Reactor.Loop;
        loop.Close(plan.Udp is null
            ? loop.Listen(plan.Address, plan.Socket)
            : loop.BindDatagrams(plan.Address, shared: false));
    }

    private void Publish(string cluster, int destination, SocketAddress[] addresses)
    {
        foreach (var worker in Living)
            worker.Reactor.Loop.Post(() => worker.SetAddresses(cluster, destination, addresses));
        _checker?.SetAddresses(cluster, destination, addresses);
    }

    private void PublishPlaces(string cluster, int service, IReadOnlyList<ServicePlace> places)
    {
        foreach (var worker in Living) worker.Reactor.Loop.Post(() => worker.SetPlaces(cluster, service, places));
        _checker?.SetPlaces(cluster, service, places);
    }

    private void PublishHealth(string cluster, int destination, string name, bool isHealthy)
    {
        foreach (var worker in Living)
            worker.Reactor.Loop.Post(() => worker.SetHealth(cluster, destination, name, isHealthy));
    }

    private static IEnumerable<HealthChecker.Target> Checks(Snapshot snapshot) =>
        from cluster in snapshot.Clusters
        let check = cluster.Check
        where check is not null
        from destination in cluster.Destinations.Index()
        select new HealthChecker.Target(cluster.Settings.Name, destination.Index, destination.Item.Name, check)
        {
            IsService = destination.Item.Address.IsService,
        };

    private void DisposeWorkers()
    {
        _admin?.Dispose();
        _admin = null;
        // They look at one another, so none is gone while another runs.
        foreach (var worker in _workers) worker.Reactor.Stop();
        foreach (var worker in _workers) worker.Dispose();
        _workers.Clear();
    }
}
