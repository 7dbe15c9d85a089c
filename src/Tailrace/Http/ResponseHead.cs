using Tailrace.Memory;

namespace Tailrace.Http;

/// <summary>The head of one response: what it says, as values and as places in the buffer it was parsed from.</summary>
/// <remarks>
/// Owned by whoever reads responses from one connection, and reused for each; one reactor. It owns no bytes: every
/// <see cref="ByteSlice"/> counts from the first byte that was given to the parser, and means something for as long as that
/// buffer keeps the head.
/// </remarks>
public sealed class ResponseHead
{
    /// <summary>Makes an empty head.</summary>
    /// <param name="headerCountMax">How many fields it can hold, whatever the limits say.</param>
    public ResponseHead(int headerCountMax = 100) => Headers = new(headerCountMax);

    /// <summary>The status, 100 to 599.</summary>
    public int Status { get; internal set; }

    /// <summary>The reason phrase; may be empty.</summary>
    public ByteSlice Reason { get; internal set; }

    /// <summary>0 for HTTP/1.0; 1 for HTTP/1.1 and any later 1.x.</summary>
    public int MinorVersion { get; internal set; }

    /// <summary>The fields.</summary>
    public HeaderTable Headers { get; }

    /// <summary>How many bytes the head takes, with its empty line: the body begins here.</summary>
    public int Length { get; internal set; }

    /// <summary>How the body ends.</summary>
    public BodyKind Body { get; internal set; }

    /// <summary>
    /// The Content-Length, or -1 when there is none. Where <see cref="Body"/> is <see cref="BodyKind.None"/> it announces
    /// what a GET would have had (RFC 9110 section 8.6).
    /// </summary>
    public long ContentLength { get; internal set; }

    /// <summary>
    /// Whether the connection can serve another request after this response. Also false when the response announces a body
    /// that it cannot have (204 with a length, say): then what follows is not to be trusted.
    /// </summary>
    public bool KeepAlive { get; internal set; }

    /// <summary>Whether another response follows for the same request: 1xx, but not 101.</summary>
    public bool IsInterim => Status < 200 && Status != 101;

    /// <summary>
    /// Whether Connection names anything besides close, keep-alive, upgrade and te: then every field has to be tested with
    /// <see cref="HopByHop.IsNominated"/>.
    /// </summary>
    public bool HasConnectionOptions { get; internal set; }

    /// <summary>Why the response was rejected.</summary>
    public Rejection Rejection { get; internal set; }

    /// <summary>Where the first line that is not yet parsed begins; 0 while that is the status line.</summary>
    internal int LineStart { get; set; }

    /// <summary>Forgets everything. The parser does it when it begins.</summary>
    public void Clear()
    {
        Status = 0;
        Reason = default;
        MinorVersion = 0;
        Headers.Clear();
        Length = 0;
        Body = BodyKind.None;
        ContentLength = -1;
        KeepAlive = HasConnectionOptions = false;
        Rejection = Rejection.None;
        LineStart = 0;
    }
}
