namespace Tailrace.Http;

/// <summary>What to tell a client, and a log, about a <see cref="Rejection"/>. Pure; any thread.</summary>
public static class Rejections
{
    /// <summary>
    /// The status that answers a request rejected so. A rejected response is always a 502, by its reader.
    /// </summary>
    public static int StatusOf(Rejection rejection) => rejection switch
    {
        Rejection.MethodTooLong or Rejection.UnsupportedTransferEncoding => 501,
        Rejection.UnsupportedVersion => 505,
        Rejection.TargetTooLong => 414,
        Rejection.LengthRequired => 411,
        Rejection.HeadTooLarge or Rejection.TooManyHeaders or Rejection.TrailersTooLarge => 431,
        Rejection.BodyTooLarge => 413,
        _ => 400,
    };

    /// <summary>
    /// The reason in a few words, ASCII, for logs and error bodies; empty for <see cref="Rejection.None"/>.
    /// </summary>
    public static ReadOnlySpan<byte> Reason(Rejection rejection) => rejection switch
    {
        Rejection.None => [],
        Rejection.BadRequestLine => "the request line is malformed"u8,
        Rejection.BadMethod => "the method is not a token"u8,
        Rejection.MethodTooLong => "the method is too long"u8,
        Rejection.BadTarget => "the request target is not valid"u8,
        Rejection.TargetTooLong => "the request target is too long"u8,
        Rejection.BadVersion => "the protocol version is malformed"u8,
        Rejection.UnsupportedVersion => "the protocol version is not supported"u8,
        Rejection.BadStatusLine => "the status line is malformed"u8,
        Rejection.BadHeaderName => "a header name is not valid"u8,
        Rejection.BadHeaderValue => "a header value has a control character"u8,
        Rejection.BareLineFeed => "a line ends in LF without CR"u8,
        Rejection.BareCarriageReturn => "a CR is not followed by LF"u8,
        Rejection.ObsoleteFold => "a header line begins with white space"u8,
        Rejection.HeadTooLarge => "the header section is too large"u8,
        Rejection.TooManyHeaders => "there are too many headers"u8,
        Rejection.TooManyConnectionOptions => "Connection names too many fields"u8,
        Rejection.MissingHost => "the Host header is missing"u8,
        Rejection.DuplicateHost => "there is more than one Host header"u8,
        Rejection.BadHost => "the Host header is not valid"u8,
        Rejection.BadContentLength => "Content-Length is not one valid number"u8,
        Rejection.LengthRequired => "a POST of HTTP/1.0 needs a Content-Length"u8,
        Rejection.ConflictingFraming => "the length of the body is ambiguous"u8,
        Rejection.BadTransferEncoding => "Transfer-Encoding is not valid"u8,
        Rejection.UnsupportedTransferEncoding => "the transfer coding is not supported"u8,
        Rejection.BodyTooLarge => "the body is too large"u8,
        Rejection.BadChunk => "a chunk is malformed"u8,
        Rejection.ChunkExtensionsTooLarge => "the chunk extensions are too large"u8,
        Rejection.TrailersTooLarge => "the trailer section is too large"u8,
        _ => "the message is malformed"u8,
    };
}
