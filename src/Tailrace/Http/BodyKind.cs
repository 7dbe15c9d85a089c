namespace Tailrace.Http;

/// <summary>How the end of a message body is found (RFC 9112 section 6.3).</summary>
public enum BodyKind : byte
{
    /// <summary>There is no body, whatever the fields may announce.</summary>
    None,

    /// <summary>Content-Length bytes, possibly zero.</summary>
    Length,

    /// <summary>Chunks, the last of size zero, then trailers.</summary>
    Chunked,

    /// <summary>Everything until the connection closes. Responses only.</summary>
    UntilClose,
}
