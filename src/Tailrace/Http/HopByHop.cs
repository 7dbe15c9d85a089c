using System.Text;

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

    /// <summary>
    /// What Connection has no say in. Removing these on a client's word would change where the next server thinks the
    /// message goes or ends.
    /// </summary>
    private const ulong NeverNominated = 1ul << (int)KnownHeader.Host | 1ul << (int)KnownHeader.ContentLength;

    /// <summary>Whether the field is not to be forwarded.</summary>
    /// <param name="field">A field of the head.</param>
    /// <param name="head">The bytes that the table was made of.</param>
    /// <param name="headers">All fields of the head.</param>
    public static bool IsHopByHop(in HeaderField field, ReadOnlySpan<byte> head, HeaderTable headers) =>
        (KnownHeaders.Bit(field.Id) & Always) != 0 || IsNominated(field, head, headers);

    /// <summary>
    /// Whether Connection names the field. Walks the option list, so ask only if a head has
    /// <c>HasConnectionOptions</c>.
    /// </summary>
    public static bool IsNominated(in HeaderField field, ReadOnlySpan<byte> head, HeaderTable headers)
    {
        if (!headers.Has(KnownHeader.Connection) || (KnownHeaders.Bit(field.Id) & NeverNominated) != 0)
            return false;
        ReadOnlySpan<byte> name = field.Name.In(head);
        foreach (ref readonly HeaderField connection in headers.Fields)
        {
            if (connection.Id != KnownHeader.Connection)
                continue;
            var options = new ListReader(connection.Value.In(head));
            while (options.TryRead(out ReadOnlySpan<byte> option))
            {
                if (Ascii.EqualsIgnoreCase(option, name))
                    return true;
            }
        }
        return false;
    }
}
