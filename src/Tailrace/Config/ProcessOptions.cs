namespace Tailrace.Config;

/// <summary>The diagnostic log on stderr.</summary>
public sealed record LogOptions
{
    /// <summary>The least severe level that is written. Default: <c>info</c>.</summary>
    public LogLevel Level { get; init; } = LogLevel.Info;

    /// <summary>How a line looks. Default: <c>text</c>.</summary>
    public LogFormat Format { get; init; } = LogFormat.Text;
}

/// <summary>How severe a line of the diagnostic log is, in ascending order.</summary>
public enum LogLevel
{
    /// <summary>What helps to understand one particular connection.</summary>
    Debug,

    /// <summary>What an operator wants to see once: start, stop, a change of state.</summary>
    Info,

    /// <summary>Something is wrong, and the process copes.</summary>
    Warn,

    /// <summary>Something is wrong, and users notice.</summary>
    Error,
}

/// <summary>How a line of the diagnostic log looks.</summary>
public enum LogFormat
{
    /// <summary>For people: time, level, message, <c>key=value</c> pairs.</summary>
    Text,

    /// <summary>For machines: one JSON object per line.</summary>
    Json,
}

/// <summary>The access log: one line for each request, written by a thread of its own.</summary>
public sealed record AccessLogOptions
{
    /// <summary>How a line looks, or <c>off</c> for no log at all. Default: <c>off</c>.</summary>
    public AccessLogFormat Format { get; init; } = AccessLogFormat.Off;

    /// <summary>
    /// Where the lines go: <c>stdout</c>, <c>stderr</c>, or a file to append to. Default: <c>stdout</c>.
    /// </summary>
    public string Path { get; init; } = "stdout";

    /// <summary>
    /// Records (1 KiB each) that one worker may have waiting for the writer, rounded up to a power of two; what does
    /// not fit is dropped and counted, never waited for. Default: <c>8192</c>.
    /// </summary>
    public int Queue { get; init; } = 8192;
}

/// <summary>How a line of the access log looks.</summary>
public enum AccessLogFormat
{
    /// <summary>No access log.</summary>
    Off,

    /// <summary>The NCSA common log format.</summary>
    Common,

    /// <summary>One JSON object per line, with everything that is known of the request.</summary>
    Json,
}

/// <summary>
/// A listener of its own, for operators: <c>GET /metrics</c> in Prometheus' text format, and <c>GET /health</c>, which
/// is 200 while the process serves and 503 once it has been asked to end.
/// </summary>
/// <remarks>Whoever can connect may read it: keep it on an address that clients do not reach.</remarks>
public sealed record AdminOptions
{
    /// <summary>Where to listen, as <see cref="ListenerOptions.Address"/>. Required.</summary>
    public string Address { get; init; } = "";
}

/// <summary>How the process ends.</summary>
public sealed record ShutdownOptions
{
    /// <summary>How long requests in flight may take to finish after a request to stop. Default: <c>30s</c>.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>How host names in destinations become addresses.</summary>
public sealed record ResolveOptions
{
    /// <summary>The time from one look-up of a name to the next. Default: <c>30s</c>.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The name servers that are asked for SRV records, as addresses; empty: those of the system. Default: <c>[]</c>.
    /// </summary>
    public IReadOnlyList<string> Servers { get; init; } = [];

    /// <summary>How long a name server has for one answer. Default: <c>2s</c>.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>The memory that connections borrow while bytes are under way; an idle connection borrows none.</summary>
public sealed record BufferOptions
{
    /// <summary>Bytes of an ordinary block. A message head must fit one. Default: <c>16KiB</c>.</summary>
    public int Block { get; init; } = 16 * 1024;

    /// <summary>Bytes of a block for large bodies. Default: <c>64KiB</c>.</summary>
    public int BulkBlock { get; init; } = 64 * 1024;

    /// <summary>The most memory that the blocks of one worker may take. Default: <c>256MiB</c>.</summary>
    public long Max { get; init; } = 256L * 1024 * 1024;

    /// <summary>
    /// The most pipes of one worker in which the kernel holds bulk that goes from socket to socket without being
    /// copied. Each takes two descriptors while bytes wait in it. 0: all bytes are copied. Default: <c>256</c>.
    /// </summary>
    public int Pipes { get; init; } = 256;

    /// <summary>
    /// What the system may hold of each direction of a TCP connection, on either side (SO_RCVBUF, SO_SNDBUF); 0: it
    /// sizes that itself, to tens of megabytes. Default: <c>0</c>.
    /// </summary>
    public int Socket { get; init; }
}
