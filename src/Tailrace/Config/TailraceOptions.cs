namespace Tailrace.Config;

/// <summary>Everything a user can ask of one Tailrace process: the root of the configuration.</summary>
/// <remarks>
/// A plain immutable value, written by hand in C# or read from a file by <see cref="ConfigReader"/>; both go through
/// <see cref="Validator"/> before anything is built from them. Every property has a default, given in its summary in
/// the notation of the file, so an empty record is a valid description of a process that listens nowhere.
/// Options hold what was <em>written</em>: addresses stay text until <see cref="ListenAddress"/> and
/// <see cref="DestinationAddress"/> read them.
/// </remarks>
public sealed record TailraceOptions
{
    /// <summary>
    /// Reactors, one thread each; 0 is <c>auto</c>: as many as the CPUs the process may use. Default: <c>auto</c>.
    /// </summary>
    public int Workers { get; init; }

    /// <summary>Whether each worker is pinned to a CPU of its own. Default: <c>false</c>.</summary>
    public bool Pin { get; init; }

    /// <summary>The kernel interface that drives the event loops. Default: <c>auto</c>.</summary>
    public EngineChoice Engine { get; init; } = EngineChoice.Auto;

    /// <summary>The most events that one turn of a loop takes from the kernel. Default: <c>128</c>.</summary>
    public int EventsPerWait { get; init; } = 128;

    /// <summary>The diagnostic log on stderr.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>The access log: one line for each request.</summary>
    public AccessLogOptions AccessLog { get; init; } = new();

    /// <summary>Where the process tells how it is: metrics and health. Default: nowhere.</summary>
    public AdminOptions? Admin { get; init; }

    /// <summary>How the process ends.</summary>
    public ShutdownOptions Shutdown { get; init; } = new();

    /// <summary>How host names in destinations become addresses.</summary>
    public ResolveOptions Resolve { get; init; } = new();

    /// <summary>The memory that connections borrow while bytes are under way.</summary>
    public BufferOptions Buffers { get; init; } = new();

    /// <summary>The addresses to accept connections on.</summary>
    public IReadOnlyList<ListenerOptions> Listeners { get; init; } = [];

    /// <summary>The routes of every listener that has none of its own.</summary>
    public IReadOnlyList<RouteOptions> Routes { get; init; } = [];

    /// <summary>The named groups of destinations that routes lead to.</summary>
    public IReadOnlyDictionary<string, ClusterOptions> Clusters { get; init; } =
        new Dictionary<string, ClusterOptions>();
}

/// <summary>Which kernel interface drives the event loops.</summary>
public enum EngineChoice
{
    /// <summary>The fastest one that works on this machine.</summary>
    Auto,

    /// <summary>Linux epoll, edge-triggered.</summary>
    Epoll,

    /// <summary>Linux io_uring.</summary>
    IoUring,

    /// <summary>The sockets of .NET itself, on any system.</summary>
    Portable,
}
