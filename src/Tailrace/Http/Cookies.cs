namespace Tailrace.Http;

/// <summary>Finds a cookie in a request (RFC 6265 section 4.2).</summary>
/// <remarks>
/// Lenient as that section asks of servers: pairs that are none are passed over. Of a repeated name the first counts.
/// </remarks>
internal static class Cookies
{
    /// <summary>Finds a cookie by its name, which is compared byte for byte.</summary>
    /// <param name="head">The request's head.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="name">The cookie's name.</param>
    /// <param name="value">Its value, without quotes.</param>
    internal static bool TryFind(
        RequestHead head, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!head.Headers.Has(KnownHeader.Cookie)) return false;
        foreach (ref readonly var field in head.Headers.Fields)
        {
            if (field.Id == KnownHeader.Cookie && TryFind(field.Value.In(bytes), name, out value)) return true;
        }
        return false;
    }

    /// <summary>Finds a cookie in the value of one Cookie field.</summary>
    internal static bool TryFind(ReadOnlySpan<byte> field, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        while (!field.IsEmpty)
        {
            var end = field.IndexOf((byte)';');
            var pair = end < 0 ? field : field[..end];
            field = end < 0 ? default : field[(end + 1)..];
            pair = pair.Trim((byte)' ');
            if (pair.Length <= name.Length || pair[name.Length] != '=' || !pair.StartsWith(name)) continue;
            value = pair[(name.Length + 1)..].Trim((byte)'"');
            return true;
        }
        value = default;
        return false;
    }
}
