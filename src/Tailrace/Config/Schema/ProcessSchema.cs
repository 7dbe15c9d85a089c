namespace Tailrace.Config.Schema;

/// <summary>The keys that concern the process as a whole.</summary>
internal static class ProcessSchema
{
    /// <summary>The kind of most durations. A day bounds what the timers must be able to count.</summary>
    public static readonly DurationKind Duration = new(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24));

    /// <summary>The same, or 0 for no limit.</summary>
    public static readonly DurationKind DurationOrNone = new(TimeSpan.Zero, TimeSpan.FromHours(24));

    /// <summary>A yes or no.</summary>
    public static readonly FlagKind Flag = new();

    /// <summary><c>engine</c>.</summary>
    public static readonly ChoiceKind<EngineChoice> Engine = new(
        ("auto", EngineChoice.Auto), ("epoll", EngineChoice.Epoll), ("io_uring", EngineChoice.IoUring),
        ("portable", EngineChoice.Portable));

    /// <summary><c>workers</c>.</summary>
    public static readonly NumberKind<int> Workers = new(1, 1024, "auto");

    /// <summary><c>log.level</c>.</summary>
    public static readonly ChoiceKind<LogLevel> Level = new(
        ("debug", LogLevel.Debug), ("info", LogLevel.Info), ("warn", LogLevel.Warn), ("error", LogLevel.Error));

    /// <summary><c>access_log.format</c>.</summary>
    public static readonly ChoiceKind<AccessLogFormat> AccessFormat = new(
        ("off", AccessLogFormat.Off), ("common", AccessLogFormat.Common), ("json", AccessLogFormat.Json));

    /// <summary><c>log</c>.</summary>
    public static readonly SectionKind<LogOptions> Log = new("log",
        new Field<LogOptions, LogLevel>("level",
            "The least severe level that is written.",
            Level, o => o.Level, (o, v) => o with { Level = v }),
        new Field<LogOptions, LogFormat>("format",
            "How a line looks: text for people, or one JSON object per line.",
            new ChoiceKind<LogFormat>(("text", LogFormat.Text), ("json", LogFormat.Json)),
            o => o.Format, (o, v) => o with { Format = v }));

    /// <summary><c>access_log</c>.</summary>
    public static readonly SectionKind<AccessLogOptions> AccessLog = new("access log",
        new Field<AccessLogOptions, AccessLogFormat>("format",
            "How a line looks: the NCSA common log format, or one JSON object per line with everything known; or off.",
            AccessFormat, o => o.Format, (o, v) => o with { Format = v }),
        new Field<AccessLogOptions, string>("path",
            "Where the lines go: stdout, stderr, or a file to append to.",
            new TextKind("stdout, stderr or the path of a file", TextRules.Label),
            o => o.Path, (o, v) => o with { Path = v }),
        new Field<AccessLogOptions, int>("queue",
            "Records (1 KiB each) that one worker may have waiting, rounded up to a power of two. What does not fit is "
            + "dropped and counted, never waited for.",
            new NumberKind<int>(16, 1 << 20), o => o.Queue, (o, v) => o with { Queue = v }));

    /// <summary><c>admin</c>.</summary>
    public static readonly SectionKind<AdminOptions> Admin = new("admin",
        new Field<AdminOptions, string>("address",
            "Where to listen, as a listener's address. Whoever can connect may read all of it.",
            new TextKind("an address such as 127.0.0.1:9901", TextRules.Listen),
            o => o.Address, (o, v) => o with { Address = v }, required: true));

    /// <summary><c>shutdown</c>.</summary>
    public static readonly SectionKind<ShutdownOptions> Shutdown = new("shutdown",
        new Field<ShutdownOptions, TimeSpan>("grace",
            "How long requests in flight may take to finish after SIGTERM or SIGINT.",
            new DurationKind(TimeSpan.Zero, TimeSpan.FromHours(1)), o => o.Grace, (o, v) => o with { Grace = v }));

    /// <summary><c>resolve</c>.</summary>
    public static readonly SectionKind<ResolveOptions> Resolve = new("resolve",
        new Field<ResolveOptions, TimeSpan>("interval",
            "The time from one look-up of a destination's name to the next.",
            new DurationKind(TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)),
            o => o.Interval, (o, v) => o with { Interval = v }),
        new Field<ResolveOptions, IReadOnlyList<string>>("servers",
            "The name servers that are asked for SRV records, such as 10.0.0.2 or [::1]:5353; left out: those of the "
            + "system. Other names are the system's to look up.",
            new ListKind<string>("addresses", new TextKind("an IP address, perhaps with a port", TextRules.NameServer),
                "", orOne: true),
            o => o.Servers, (o, v) => o with { Servers = v }),
        new Field<ResolveOptions, TimeSpan>("timeout",
            "How long a name server has for one answer.",
            Duration, o => o.Timeout, (o, v) => o with { Timeout = v }));

    /// <summary><c>buffers</c>.</summary>
    public static readonly SectionKind<BufferOptions> Buffers = new("buffers",
        new Field<BufferOptions, int>("block",
            "Bytes of an ordinary block. A message head must fit one.",
            new SizeKind<int>(4 << 10, 1 << 20), o => o.Block, (o, v) => o with { Block = v }),
        new Field<BufferOptions, int>("bulk_block",
            "Bytes of a block for large bodies.",
            new SizeKind<int>(64 << 10, 4 << 20), o => o.BulkBlock, (o, v) => o with { BulkBlock = v }),
        new Field<BufferOptions, long>("max",
            "The most memory that the blocks of one worker may take.",
            new SizeKind<long>(1 << 20, 1L << 40), o => o.Max, (o, v) => o with { Max = v }),
        new Field<BufferOptions, int>("pipes",
            "The most pipes of one worker for bulk that stays in the kernel; 0: all bytes are copied.",
            new NumberKind<int>(0, 100_000), o => o.Pipes, (o, v) => o with { Pipes = v }),
        new Field<BufferOptions, int>("socket",
            "What the system may hold of each direction of a TCP connection; net.core.rmem_max and wmem_max still "
            + "apply. 0: it sizes that itself.",
            new SizeKind<int>(0, 1 << 28), o => o.Socket, (o, v) => o with { Socket = v }));
}
