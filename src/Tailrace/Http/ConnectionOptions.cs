using System.Runtime.CompilerServices;
using System.Text;
using Tailrace.Memory;

namespace Tailrace.Http;

/// <summary>What the Connection fields of a head say, as a set (RFC 9110 section 7.6.1).</summary>
[Flags]
internal enum ConnectionOption : byte
{
    None = 0,
    Close = 1,
    KeepAlive = 2,
    Upgrade = 4,
    Te = 8,

    /// <summary>A name that has no meaning of its own here, so that of a field to be removed.</summary>
    Field = 16,

    /// <summary>There are more names of fields than <see cref="NominatedFields"/> takes.</summary>
    TooMany = 32,
}

/// <summary>Reads the Connection fields of a head. Pure; any thread.</summary>
internal static class ConnectionOptions
{
    /// <summary>All options of all Connection lines; the fields that they name are in the head then.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ConnectionOption Read(MessageHead head, ReadOnlySpan<byte> bytes) =>
        head.Headers.Has(KnownHeader.Connection) ? ReadLines(head, bytes) : ConnectionOption.None;

    private static ConnectionOption ReadLines(MessageHead head, ReadOnlySpan<byte> bytes)
    {
        HeaderTable headers = head.Headers;
        headers.TryFind(KnownHeader.Connection, out HeaderField first);
        ConnectionOption options = One(first.Value.In(bytes));
        bool isRepeated = (headers.Repeated & KnownHeaders.Bit(KnownHeader.Connection)) != 0;
        if (options != ConnectionOption.Field && !isRepeated)
            return options;
        // It is not one of the four alone, so it is a list, or names a field.
        head.Nominated.Clear();
        options = ConnectionOption.None;
        foreach (ref readonly HeaderField field in headers.Fields)
        {
            if (field.Id == KnownHeader.Connection)
                options |= ReadList(head, bytes, field.Value);
        }
        return options;
    }

    /// <summary>Whether the message leaves its connection usable (RFC 9112 section 9.3).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPersistent(this ConnectionOption options, int minorVersion) =>
        (options & ConnectionOption.Close) == 0 && (minorVersion > 0 || (options & ConnectionOption.KeepAlive) != 0);

    private static ConnectionOption ReadList(MessageHead head, ReadOnlySpan<byte> bytes, ByteSlice value)
    {
        var options = ConnectionOption.None;
        var list = new ListReader(value.In(bytes));
        while (list.TryRead(out ReadOnlySpan<byte> element))
        {
            ConnectionOption option = One(element);
            options |= option;
            if (option != ConnectionOption.Field)
                continue;
            bytes.Overlaps(element, out int offset);
            if (!head.Nominated.TryAdd(new(offset, element.Length), bytes))
                return options | ConnectionOption.TooMany;
        }
        return options;
    }

    private static ConnectionOption One(ReadOnlySpan<byte> option) => option.Length switch
    {
        0 => ConnectionOption.None,
        2 when Ascii.EqualsIgnoreCase(option, "te"u8) => ConnectionOption.Te,
        5 when Ascii.EqualsIgnoreCase(option, "close"u8) => ConnectionOption.Close,
        7 when Ascii.EqualsIgnoreCase(option, "upgrade"u8) => ConnectionOption.Upgrade,
        10 when Ascii.EqualsIgnoreCase(option, "keep-alive"u8) => ConnectionOption.KeepAlive,
        _ => ConnectionOption.Field,
    };
}
