namespace Tailrace.Http;

/// <summary>Why a message was not accepted. Each has a status and a sentence in <see cref="Rejections"/>.</summary>
public enum Rejection : byte
{
    /// <summary>It was not rejected.</summary>
    None,

    /// <summary>The start line is not three words with single spaces and CRLF.</summary>
    BadRequestLine,

    /// <summary>The method is not a token.</summary>
    BadMethod,

    /// <summary>The method is longer than any that is implemented (501, RFC 9112 section 3).</summary>
    MethodTooLong,

    /// <summary>The target has bytes that no URI has, or a form that the method does not allow.</summary>
    BadTarget,

    /// <summary>The target exceeds <see cref="HttpLimits.TargetLengthMax"/> (414).</summary>
    TargetTooLong,

    /// <summary>The version is not HTTP/digit.digit.</summary>
    BadVersion,

    /// <summary>The major version is not 1 (505).</summary>
    UnsupportedVersion,

    /// <summary>The response does not begin with a status line.</summary>
    BadStatusLine,

    /// <summary>A field name is not a token followed at once by a colon.</summary>
    BadHeaderName,

    /// <summary>A field value has a control byte.</summary>
    BadHeaderValue,

    /// <summary>A line ends in LF without CR.</summary>
    BareLineFeed,

    /// <summary>A CR is not followed by LF.</summary>
    BareCarriageReturn,

    /// <summary>A field line begins with white space (RFC 9112 sections 2.2 and 5.2).</summary>
    ObsoleteFold,

    /// <summary>The head exceeds <see cref="HttpLimits.HeadBytesMax"/> (431).</summary>
    HeadTooLarge,

    /// <summary>There are more fields than <see cref="HttpLimits.HeaderCountMax"/> (431).</summary>
    TooManyHeaders,

    /// <summary>Connection names more than 16 fields that are not well known.</summary>
    TooManyConnectionOptions,

    /// <summary>An HTTP/1.1 request has no Host.</summary>
    MissingHost,

    /// <summary>There is more than one Host.</summary>
    DuplicateHost,

    /// <summary>Host is not host[:port].</summary>
    BadHost,

    /// <summary>Content-Length is not one number, or occurs twice.</summary>
    BadContentLength,

    /// <summary>A POST of HTTP/1.0 has no Content-Length (411).</summary>
    LengthRequired,

    /// <summary>The framing fields contradict each other, the version or the method.</summary>
    ConflictingFraming,

    /// <summary>Transfer-Encoding is not a valid list that ends in one chunked.</summary>
    BadTransferEncoding,

    /// <summary>Transfer-Encoding has a coding besides chunked (501).</summary>
    UnsupportedTransferEncoding,

    /// <summary>The body exceeds <see cref="HttpLimits.BodyBytesMax"/> (413).</summary>
    BodyTooLarge,

    /// <summary>A chunk has no valid size line, or its data does not end in CRLF.</summary>
    BadChunk,

    /// <summary>Chunk extensions exceed their limits.</summary>
    ChunkExtensionsTooLarge,

    /// <summary>The trailer section exceeds <see cref="HttpLimits.TrailerBytesMax"/> (431).</summary>
    TrailersTooLarge,
}
