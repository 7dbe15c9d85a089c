using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Tailrace.Memory;

namespace Tailrace.Http;

/// <summary>The fields that the Connection lines of one head name (RFC 9110 section 7.6.1).</summary>
/// <remarks>
/// Part of its head, and read once, with it: what a sender has written there must not be walked for each of its fields.
/// Well-known fields are a set. Of the names of others there may be a few only, which no sender exceeds that means one
/// of them; so a field is judged by as many comparisons at most.
/// </remarks>
internal struct NominatedFields
{
    /// <summary>How many names of fields that are not well known there may be, repeated ones included.</summary>
    internal const int OthersMax = 16;

    /// <summary>
    /// What Connection has no say in. Removing these on a client's word would change where the next server thinks the
    /// message goes or ends.
    /// </summary>
    private const ulong Never = 1ul << (int)KnownHeader.Host | 1ul << (int)KnownHeader.ContentLength;

    private Names _others;

    /// <summary>The well-known fields, as a set of <see cref="KnownHeaders.Bit"/>.</summary>
    internal ulong Known { get; private set; }

    /// <summary>How many other names there are.</summary>
    internal int OtherCount { get; private set; }

    /// <summary>Forgets all of them.</summary>
    internal void Clear()
    {
        Known = 0;
        OtherCount = 0;
    }

    /// <summary>Adds a name; false when there are too many.</summary>
    /// <param name="name">Where it lies in the head; not empty.</param>
    /// <param name="head">The bytes of the head.</param>
    internal bool TryAdd(ByteSlice name, ReadOnlySpan<byte> head)
    {
        Debug.Assert(!name.IsEmpty);
        var id = KnownHeaders.Find(name.In(head));
        if (id != KnownHeader.Other)
        {
            Known |= KnownHeaders.Bit(id) & ~Never;
            return true;
        }
        if (OtherCount == OthersMax) return false;
        _others[OtherCount++] = name;
        return true;
    }

    /// <summary>Whether a field of the head is named.</summary>
    internal readonly bool Contains(in HeaderField field, ReadOnlySpan<byte> head)
    {
        if (field.Id != KnownHeader.Other) return (Known & KnownHeaders.Bit(field.Id)) != 0;
        ReadOnlySpan<ByteSlice> others = _others;
        foreach (var other in others[..OtherCount])
        {
            if (other.Length == field.Name.Length && Ascii.EqualsIgnoreCase(other.In(head), field.Name.In(head)))
                return true;
        }
        return false;
    }

    [InlineArray(OthersMax)]
    private struct Names
    {
        private ByteSlice _first;
    }
}
