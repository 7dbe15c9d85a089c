using System.Runtime.CompilerServices;

namespace Tailrace.Http;

/// <summary>What the heads of requests and of responses have in common.</summary>
/// <remarks>
/// <para>Owned by whoever reads messages from one side of one connection, and reused for each message; one reactor. It
/// owns no bytes: every <see cref="Memory.ByteSlice"/> in it counts from the first byte that was given to the parser,
/// and means something for as long as that buffer keeps the head.</para>
/// <para>While <see cref="ParseStatus.NeedMore"/> it also carries how far the parser has come. Nothing but
/// <see cref="Rejection"/> may be relied upon before <see cref="ParseStatus.Complete"/>.</para>
/// </remarks>
public abstract class MessageHead
{
    private NominatedFields _nominated;

    private protected MessageHead(int headerCountMax) => Headers = new(headerCountMax);

    /// <summary>
    /// 0 for HTTP/1.0; 1 for HTTP/1.1 and any later 1.x, which is treated as 1.1 (RFC 9110 section 2.5).
    /// </summary>
    public int MinorVersion { get; internal set; }

    /// <summary>The fields.</summary>
    public HeaderTable Headers { get; }

    /// <summary>
    /// How many bytes the head takes, with its empty line and with those before a request line, if any: the body begins
    /// here.
    /// </summary>
    public int Length { get; internal set; }

    /// <summary>How the body ends.</summary>
    public BodyKind Body { get; internal set; }

    /// <summary>
    /// The Content-Length, or -1 when there is none. Where a response has no body it announces what a GET would have
    /// had (RFC 9110 section 8.6).
    /// </summary>
    public long ContentLength { get; internal set; }

    /// <summary>
    /// Whether the connection can carry another message after this one, as far as its sender is concerned. Also false
    /// when a response announces a body that it cannot have (204 with a length, say): then what follows is not to be
    /// trusted.
    /// </summary>
    public bool KeepAlive { get; internal set; }

    /// <summary>
    /// Whether Connection names anything besides close, keep-alive, upgrade and te: then every field has to be tested
    /// with <see cref="HopByHop.IsNominated"/>.
    /// </summary>
    public bool HasConnectionOptions { get; internal set; }

    /// <summary>The fields that Connection names; means something where <see cref="HasConnectionOptions"/>.</summary>
    internal ref NominatedFields Nominated => ref _nominated;

    /// <summary>Why the message was rejected.</summary>
    public Rejection Rejection { get; internal set; }

    /// <summary>Where the first line that is not yet parsed begins; 0 while that is the start line.</summary>
    internal int LineStart { get; set; }

    /// <summary>Notes why, and says that it is so.</summary>
    internal ParseStatus Reject(Rejection rejection)
    {
        Rejection = rejection;
        return ParseStatus.Rejected;
    }

    /// <summary>Forgets what requests and responses share.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void ClearShared()
    {
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
