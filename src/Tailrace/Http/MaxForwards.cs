namespace Tailrace.Http;

/// <summary>
/// How many hops OPTIONS and TRACE may still take (RFC 9110 section 7.6.2). Other methods carry the field as any other.
/// </summary>
internal static class MaxForwards
{
    /// <summary>No limit was given.</summary>
    public const int None = -1;

    /// <summary>The field is repeated or no number: how far to go has no clear meaning.</summary>
    public const int Invalid = -2;

    /// <summary>Numbers beyond it mean as much as it does; no way is that long.</summary>
    public const int Most = 999;

    /// <summary>Whether the field means something to a proxy that sees this request.</summary>
    public static bool Applies(RequestHead head) =>
        head.Method is Method.Options or Method.Trace && head.Headers.Has(KnownHeader.MaxForwards);

    /// <summary>The hops left, at most <see cref="Most"/>; <see cref="None"/> or <see cref="Invalid"/>.</summary>
    public static int Read(RequestHead head, ReadOnlySpan<byte> bytes)
    {
        if (!head.Headers.TryFind(KnownHeader.MaxForwards, out HeaderField field))
            return None;
        if ((head.Headers.Repeated & KnownHeaders.Bit(KnownHeader.MaxForwards)) != 0)
            return Invalid;
        return BodyFraming.TryParseLength(field.Value.In(bytes), out long value) ? (int)Math.Min(value, Most) : Invalid;
    }
}
