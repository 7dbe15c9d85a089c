namespace Tailrace.Http;

/// <summary>Which fields end at this hop and are not forwarded (RFC 9110 section 7.6.1). Pure; any thread.</summary>
/// <remarks>
/// Beside the fields that the RFC lists, the proxy authentication fields are taken off: they are meant for the nearest
/// proxy (RFC 9110 section 11.7), which is this one. Trailer stays: it describes the message, not the connection
/// (section 6.6.2).
/// </remarks>
public static class HopByHop
{
    /// <summary>The fields that never pass, as a set of <see cref="KnownHeaders.Bit"/>.</summary>
    public const ulong Always =
        1ul << (int)KnownHeader.Connection
        | 1ul << (int)KnownHeader.KeepAlive
        | 1ul << (int)KnownHeader.ProxyConnection
        | 1ul << (int)KnownHeader.ProxyAuthenticate
        | 1ul << (int)KnownHeader.ProxyAuthorization
        | 1ul << (int)KnownHeader.Te
        | 1ul << (int)KnownHeader.TransferEncoding
        | 1ul << (int)KnownHeader.Upgrade
        | 1ul << (int)KnownHeader.Http2Settings;

    /// <summary>Whether the field is not to be forwarded.</summary>
    /// <param name="field">A field of the head.</param>
    /// <param name="bytes">The bytes that it was made of.</param>
    /// <param name="head">The head.</param>
    public static bool IsHopByHop(in HeaderField field, ReadOnlySpan<byte> bytes, MessageHead head) =>
        (KnownHeaders.Bit(field.Id) & Always) != 0 || IsNominated(field, bytes, head);

    /// <summary>Whether Connection names the field, which says nothing of Host and Content-Length.</summary>
    public static bool IsNominated(in HeaderField field, ReadOnlySpan<byte> bytes, MessageHead head) =>
        head.HasConnectionOptions && head.Nominated.Contains(field, bytes);
}
