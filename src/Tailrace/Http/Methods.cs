namespace Tailrace.Http;

/// <summary>What there is to know about a <see cref="Method"/>. Pure; any thread.</summary>
public static class Methods
{
    /// <summary>The longest method that is read; a longer one is answered 501 (RFC 9112 section 3).</summary>
    public const int LengthMax = 32;

    /// <summary>The method that these bytes name. Methods are case-sensitive (RFC 9110 section 9.1).</summary>
    public static Method FromBytes(ReadOnlySpan<byte> text) => text.Length switch
    {
        3 when text.SequenceEqual("GET"u8) => Method.Get,
        3 when text.SequenceEqual("PUT"u8) => Method.Put,
        4 when text.SequenceEqual("POST"u8) => Method.Post,
        4 when text.SequenceEqual("HEAD"u8) => Method.Head,
        5 when text.SequenceEqual("PATCH"u8) => Method.Patch,
        5 when text.SequenceEqual("TRACE"u8) => Method.Trace,
        6 when text.SequenceEqual("DELETE"u8) => Method.Delete,
        7 when text.SequenceEqual("OPTIONS"u8) => Method.Options,
        7 when text.SequenceEqual("CONNECT"u8) => Method.Connect,
        _ => Method.Other,
    };

    /// <summary>The method on the wire; empty for <see cref="Method.Other"/>.</summary>
    public static ReadOnlySpan<byte> Text(Method method) => method switch
    {
        Method.Get => "GET"u8,
        Method.Head => "HEAD"u8,
        Method.Post => "POST"u8,
        Method.Put => "PUT"u8,
        Method.Delete => "DELETE"u8,
        Method.Options => "OPTIONS"u8,
        Method.Trace => "TRACE"u8,
        Method.Patch => "PATCH"u8,
        Method.Connect => "CONNECT"u8,
        _ => [],
    };

    /// <summary>Whether it only asks, and changes nothing (RFC 9110 section 9.2.1).</summary>
    public static bool IsSafe(Method method) =>
        method is Method.Get or Method.Head or Method.Options or Method.Trace;

    /// <summary>
    /// Whether doing it twice is doing it once (RFC 9110 section 9.2.2), so that it may be sent again when a
    /// reused connection died. What is unknown is not.
    /// </summary>
    public static bool IsIdempotent(Method method) =>
        IsSafe(method) || method is Method.Put or Method.Delete;
}
