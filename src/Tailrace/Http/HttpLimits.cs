namespace Tailrace.Http;

/// <summary>
/// How much of a message a peer may make us hold or read. Immutable; shared by all who read one side.
/// </summary>
/// <remarks>
/// Requests and responses have limits of their own: hand each parser the record of its side. Every limit counts bytes
/// on the wire, framing included, except where it says otherwise.
/// </remarks>
public sealed record HttpLimits
{
    /// <summary>The limits when nothing was configured.</summary>
    public static HttpLimits Default { get; } = new();

    /// <summary>A whole head: start line, field lines and the empty line. Beyond it: 431.</summary>
    /// <remarks>12 KiB leaves a quarter of a 16 KiB buffer for what a proxy adds to the head.</remarks>
    public int HeadBytesMax { get; init; } = 12 * 1024;

    /// <summary>Field lines in a head. Beyond it: 431.</summary>
    public int HeaderCountMax { get; init; } = 100;

    /// <summary>The request target. Beyond it: 414. RFC 9112 section 3 asks for at least 8000.</summary>
    public int TargetLengthMax { get; init; } = 8 * 1024;

    /// <summary>The extensions of one chunk, which are read only to be dropped. Beyond it: 400.</summary>
    public int ChunkExtensionBytesMax { get; init; } = 256;

    /// <summary>All chunk extensions of one body (RFC 9112 section 7.1.1 asks for a limit). Beyond it: 400.</summary>
    public int ChunkExtensionTotalBytesMax { get; init; } = 16 * 1024;

    /// <summary>The trailer section of a chunked body, with its final empty line. Beyond it: 431.</summary>
    public int TrailerBytesMax { get; init; } = 4 * 1024;

    /// <summary>A body without its framing; 0 is no limit. Beyond it: 413.</summary>
    public long BodyBytesMax { get; init; }
}
