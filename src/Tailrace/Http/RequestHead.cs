using Tailrace.Memory;

namespace Tailrace.Http;

/// <summary>The head of one request: what it says, as values and as places in the buffer it was parsed from.</summary>
/// <remarks>
/// <para>Owned by whoever reads requests from one connection, and reused for each; one reactor. It owns no bytes: every
/// <see cref="ByteSlice"/> counts from the first byte that was given to the parser, and means something for as long as
/// that buffer keeps the head.</para>
/// <para>While <see cref="ParseStatus.NeedMore"/> it also carries how far the parser has come. Nothing but
/// <see cref="Rejection"/> may be relied upon before <see cref="ParseStatus.Complete"/>.</para>
/// </remarks>
public sealed class RequestHead
{
    /// <summary>Makes an empty head.</summary>
    /// <param name="headerCountMax">How many fields it can hold, whatever the limits say.</param>
    public RequestHead(int headerCountMax = 100) => Headers = new(headerCountMax);

    /// <summary>The method; its bytes are <see cref="MethodText"/>.</summary>
    public Method Method { get; internal set; }

    /// <summary>The method as it was spelled.</summary>
    public ByteSlice MethodText { get; internal set; }

    /// <summary>The request target as it was spelled.</summary>
    public ByteSlice Target { get; internal set; }

    /// <summary>The form of <see cref="Target"/>.</summary>
    public TargetForm Form { get; internal set; }

    /// <summary>
    /// The path without query. Empty for CONNECT, and for an absolute target that ends behind its authority, which means
    /// "/"; "*" for the asterisk form.
    /// </summary>
    public ByteSlice Path { get; internal set; }

    /// <summary>What follows the first question mark of the target; empty also when there is none.</summary>
    public ByteSlice Query { get; internal set; }

    /// <summary>
    /// The <c>host[:port]</c> that is meant: that of the target if it has one, else that of Host (RFC 9112 section 3.3).
    /// Empty only when an HTTP/1.0 request has neither.
    /// </summary>
    public ByteSlice Authority { get; internal set; }

    /// <summary>0 for HTTP/1.0; 1 for HTTP/1.1 and any later 1.x, which is answered as 1.1 (RFC 9110 section 2.5).</summary>
    public int MinorVersion { get; internal set; }

    /// <summary>The fields.</summary>
    public HeaderTable Headers { get; }

    /// <summary>
    /// How many bytes the head takes, with its empty line and with an empty line before it, if any: the body begins here.
    /// </summary>
    public int Length { get; internal set; }

    /// <summary>How the body ends.</summary>
    public BodyKind Body { get; internal set; }

    /// <summary>The Content-Length, or -1 when there is none.</summary>
    public long ContentLength { get; internal set; }

    /// <summary>Whether the client means to send another request on this connection.</summary>
    public bool KeepAlive { get; internal set; }

    /// <summary>
    /// Whether the client waits for 100 before it sends its body. False when there is no body to wait for, or in HTTP/1.0,
    /// where it must be ignored (RFC 9110 section 10.1.1).
    /// </summary>
    public bool ExpectContinue { get; internal set; }

    /// <summary>Whether the client asks to change protocol: Upgrade, named by Connection, in HTTP/1.1.</summary>
    public bool IsUpgrade { get; internal set; }

    /// <summary>Whether TE has "trailers", so that trailer fields will not be dropped by the client.</summary>
    public bool TeTrailers { get; internal set; }

    /// <summary>
    /// Whether Connection names anything besides close, keep-alive, upgrade and te: then every field has to be tested with
    /// <see cref="HopByHop.IsNominated"/>.
    /// </summary>
    public bool HasConnectionOptions { get; internal set; }

    /// <summary>Why the request was rejected.</summary>
    public Rejection Rejection { get; internal set; }

    /// <summary>Where the first line that is not yet parsed begins; 0 while that is the request line.</summary>
    internal int LineStart { get; set; }

    /// <summary>Forgets everything. The parser does it when it begins.</summary>
    public void Clear()
    {
        Method = Method.Other;
        MethodText = Target = Path = Query = Authority = default;
        Form = TargetForm.Origin;
        MinorVersion = 0;
        Headers.Clear();
        Length = 0;
        Body = BodyKind.None;
        ContentLength = -1;
        KeepAlive = ExpectContinue = IsUpgrade = TeTrailers = HasConnectionOptions = false;
        Rejection = Rejection.None;
        LineStart = 0;
    }
}
