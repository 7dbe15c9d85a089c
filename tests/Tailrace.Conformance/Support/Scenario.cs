using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Conformance.Support;

/// <summary>One server on one engine with its origins and clients, and the check that nothing is left behind.</summary>
/// <remarks>
/// Made by <see cref="Run"/>. The server starts with the first thing that needs it; until then the settings may be
/// changed. When the test's body has succeeded the server is stopped and everything has to be back: connections,
/// blocks, idle upstream connections, descriptors.
/// </remarks>
internal sealed class Scenario
{
    private readonly EngineChoice _engine;
    private readonly int _descriptors;
    private readonly List<Origin> _origins = [];
    private readonly List<Wire> _clients = [];
    private readonly List<DestinationOptions> _destinations = [];
    private Log? _log;
    private Server? _server;
    private bool _isStopped;

    private Scenario(EngineChoice engine)
    {
        _engine = engine;
        Silence.Prepare();
        _descriptors = Descriptors.Count();
    }

    /// <summary>The engines that every scenario runs on.</summary>
    public static TheoryData<EngineChoice> Engines => [.. Loops];

    /// <summary>The same, to be combined with something else.</summary>
    internal static EngineChoice[] Loops => [EngineChoice.Epoll, EngineChoice.IoUring, EngineChoice.Portable];

    /// <summary>The listener.</summary>
    internal ListenerOptions Listener { get; set; } = new() { Address = "127.0.0.1:0", Name = "main" };

    /// <summary>The cluster that the origins are in; its destinations are added.</summary>
    internal ClusterOptions Cluster { get; set; } = new();

    /// <summary>Further settings.</summary>
    internal TailraceOptions Options { get; set; } = new() { Workers = 1 };

    /// <summary>What the log takes.</summary>
    internal LogLevel LogLevel { get; set; } = LogLevel.Info;

    /// <summary>The routes; everything goes to the cluster "origins" by default.</summary>
    internal IReadOnlyList<RouteOptions> Routes { get; set; } = [new() { Cluster = "origins" }];

    /// <summary>Adds routes in code.</summary>
    internal Action<Server>? Map { get; set; }

    /// <summary>What the server has logged.</summary>
    internal LogLines Log { get; } = new();

    /// <summary>Exceptions that handlers are meant to raise.</summary>
    internal int HandlerFailures { get; set; }

    /// <summary>The running server.</summary>
    internal Server Server => _server ?? Start();

    /// <summary>Where the server listens.</summary>
    internal IPEndPoint Address => (IPEndPoint)Server.Addresses[0];

    /// <summary>What all workers have counted, as of now.</summary>
    internal Counters Counters
    {
        get
        {
            var sum = new Counters();
            foreach (var counters in Server.Statistics) sum.Add(counters);
            return sum;
        }
    }

    /// <summary>Runs a test's body and checks what it leaves behind.</summary>
    internal static void Run(EngineChoice engine, Action<Scenario> body)
    {
        var scenario = new Scenario(engine);
        try
        {
            body(scenario);
            if (scenario._server is not null) scenario.StopAndCheck();
        }
        finally
        {
            scenario.Close();
        }
        if (scenario._server is not null)
            Wait.Until(() => Descriptors.Count() <= scenario._descriptors, "descriptors are open");
    }

    /// <summary>Adds an origin with a script for each connection.</summary>
    internal Origin AddOrigin(Action<Wire> serve, int weight = 1) => Add(new Origin(serve), weight);

    /// <summary>Adds an origin that answers every request.</summary>
    internal Origin AddOrigin(Func<Message, string> answer, int weight = 1, IPAddress? address = null, int priority = 0) =>
        Add(Origin.Answering(answer, address), weight, priority);

    /// <summary>Adds an origin that answers every request alike.</summary>
    internal Origin AddOrigin(string answer) => AddOrigin(_ => answer);

    /// <summary>Adds a destination that is none of the origins.</summary>
    internal void AddDestination(string address, int weight = 1, int priority = 0) =>
        _destinations.Add(new DestinationOptions { Address = address, Weight = weight, Priority = priority });

    /// <summary>Connects a client.</summary>
    internal Wire Connect(int windowBytes = 0) => Connect(Address, windowBytes);

    /// <summary>Connects a client to an address of the server.</summary>
    internal Wire Connect(IPEndPoint address, int windowBytes = 0)
    {
        var client = Wire.Connect(address, windowBytes);
        _clients.Add(client);
        return client;
    }

    /// <summary>Fails unless a client is reset at once, which may be before its connect has returned.</summary>
    internal void ExpectRefusal()
    {
        try
        {
            using var client = Wire.Connect(Address);
            client.ExpectReset();
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It was.
        }
    }

    /// <summary>One request on a connection of its own; the answer, read as of this method.</summary>
    internal Message Exchange(string request)
    {
        using var client = Wire.Connect(Address);
        client.Send(request);
        return client.ReadAnswer(request.StartsWith("HEAD ", StringComparison.Ordinal));
    }

    /// <summary>Waits until a log line with a text is there.</summary>
    internal void WaitForLog(string text) =>
        Wait.Until(() => Log.With(text).Any(), $"a log line with '{text}', not\n{Log}");

    /// <summary>Waits until no client is connected as far as the server knows.</summary>
    internal void WaitUntilIdle() => Wait.Until(() => Counters.Active == 0, "connections are open");

    /// <summary>Gives the first destination other addresses, as if its name stood for them.</summary>
    internal void SetAddresses(params IPEndPoint[] addresses) => Ask(_ =>
    {
        Server.Workers[0].SetAddresses("origins", 0, [.. addresses.Select(address => address.Serialize())]);
        return true;
    });

    /// <summary>Asks a worker something on its own thread.</summary>
    internal T Ask<T>(Func<Reactor, T> question)
    {
        using var done = new ManualResetEventSlim();
        T answer = default!;
        var reactor = Server.Workers[0].Reactor;
        reactor.Loop.Post(() =>
        {
            answer = question(reactor);
            done.Set();
        });
        Assert.True(done.Wait(30_000), "the worker does not answer");
        return answer;
    }

    /// <summary>Waits until the worker has dealt with all that the system could tell it of when this was called.</summary>
    internal void WaitUntilHeard()
    {
        var turn = Ask(reactor => reactor.Loop.Turns);
        Wait.Until(() => Ask(reactor => reactor.Loop.Turns) > turn + 1, "the loop stands still");
    }

    /// <summary>Stops the server early; what has to be back is checked now.</summary>
    internal void StopAndCheck(int graceSeconds = 10)
    {
        if (_isStopped) return;
        _isStopped = true;
        var server = Server;
        server.Stop(TimeSpan.FromSeconds(graceSeconds));
        foreach (var origin in _origins) origin.Check();
        var counters = Counters;
        Assert.Equal(HandlerFailures, counters.UnhandledErrors);
        Assert.Empty(Log.With("unhandled exception"));
        Assert.Equal(0, counters.Active);
        Assert.Equal(0, counters.UpstreamIdle);
        Assert.All(server.Workers, worker => Assert.Equal(0, worker.Reactor.Buffers.Rented));
    }

    private Origin Add(Origin origin, int weight, int priority = 0)
    {
        _origins.Add(origin);
        AddDestination($"{origin.Address}", weight, priority);
        return origin;
    }

    private Server Start()
    {
        // A cluster has destinations; a scenario without any is about handlers and fixed replies.
        var hasOrigins = _destinations.Count > 0;
        var clusters = new Dictionary<string, ClusterOptions>(Options.Clusters);
        if (hasOrigins) clusters.Add("origins", Cluster with { Destinations = _destinations });
        var options = Options with
        {
            Engine = _engine,
            Listeners = [Listener],
            Routes = Listener.Protocol is ListenerProtocol.Tcp or ListenerProtocol.Udp ? []
                : hasOrigins ? Routes : Answering([.. Routes.Where(route => route.Cluster != "origins")]),
            Clusters = clusters,
        };
        _log = new Log(LogLevel, LogFormat.Text, Log);
        // Turns begin with the first origin.
        _server = new Server(options, _log) { Seed = 0 };
        Map?.Invoke(_server);
        _server.Start();
        Assert.Equal(_engine.ToString(), _server.Engine.ToString());
        Assert.All(
            _server.Workers, worker => Assert.Equal(ChildServer.NameOf(_engine), worker.Reactor.Loop.Name));
        return _server;
    }

    private IReadOnlyList<RouteOptions> Answering(RouteOptions[] routes) =>
        routes.Length > 0 || Map is not null || Listener.Protocol == ListenerProtocol.Forward ? routes : [new RouteOptions { Respond = new RespondOptions() }];

    private void Close()
    {
        foreach (var client in _clients) client.Dispose();
        foreach (var origin in _origins) origin.Dispose();
        _server?.Dispose();
        _log?.Dispose();
    }
}
