using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Tailrace.Http;

/// <summary>The field lines of one head, in order, as places in the buffer that was parsed.</summary>
/// <remarks>
/// Owned by its head and reused with it; used by one reactor. The array is allocated once. Well-known fields are also
/// kept as a set and by first position, so asking for one is a bit test, and finding it one load.
/// </remarks>
public sealed class HeaderTable
{
    private readonly HeaderField[] _fields;
    private Places _firstOf;
    private int _count;

    /// <summary>Makes an empty table.</summary>
    /// <param name="capacity">How many fields it can ever hold.</param>
    public HeaderTable(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, ushort.MaxValue);
        _fields = new HeaderField[capacity];
    }

    /// <summary>How many fields there are.</summary>
    public int Count => _count;

    /// <summary>How many fields there can be.</summary>
    public int Capacity => _fields.Length;

    /// <summary>All fields, in the order of their lines. Valid until the table changes.</summary>
    public ReadOnlySpan<HeaderField> Fields => _fields.AsSpan(0, _count);

    /// <summary>The well-known fields that occur, as a set of <see cref="KnownHeaders.Bit"/>.</summary>
    public ulong Known { get; private set; }

    /// <summary>The well-known fields that occur more than once, as a set.</summary>
    public ulong Repeated { get; private set; }

    /// <summary>The field on the n-th line.</summary>
    public ref readonly HeaderField this[int index]
    {
        get
        {
            Debug.Assert(index < _count, "read behind the last field");
            return ref _fields[index];
        }
    }

    /// <summary>Whether the field occurs.</summary>
    public bool Has(KnownHeader id) => (Known & KnownHeaders.Bit(id)) != 0;

    /// <summary>Finds the first line of a well-known field.</summary>
    public bool TryFind(KnownHeader id, out HeaderField field)
    {
        if (!Has(id) || id == KnownHeader.Other)
        {
            field = default;
            return false;
        }
        field = _fields[_firstOf[(int)id]];
        return true;
    }

    /// <summary>The first line of a well-known field that occurs.</summary>
    internal ref readonly HeaderField First(KnownHeader id)
    {
        Debug.Assert(Has(id) && id != KnownHeader.Other);
        return ref _fields[_firstOf[(int)id]];
    }

    /// <summary>Finds the first line of the field of that name, in any case.</summary>
    /// <param name="name">The name, a token.</param>
    /// <param name="head">The bytes that the table was made of.</param>
    /// <param name="field">The field found.</param>
    public bool TryFind(ReadOnlySpan<byte> name, ReadOnlySpan<byte> head, out HeaderField field)
    {
        foreach (ref readonly HeaderField candidate in Fields)
        {
            if (candidate.Name.Length == name.Length && Ascii.EqualsIgnoreCase(candidate.Name.In(head), name))
            {
                field = candidate;
                return true;
            }
        }
        field = default;
        return false;
    }

    /// <summary>Forgets all fields.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Clear()
    {
        _count = 0;
        Known = 0;
        Repeated = 0;
    }

    /// <summary>Appends a field; false when the table is full.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryAdd(in HeaderField field)
    {
        if (_count >= _fields.Length)
            return false;
        Add(field);
        return true;
    }

    /// <summary>Appends a field for which there is a place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(in HeaderField field)
    {
        int index = _count;
        _fields[index] = field;
        _count = index + 1;
        if (field.Id != KnownHeader.Other)
        {
            ulong bit = KnownHeaders.Bit(field.Id);
            if ((Known & bit) == 0)
                _firstOf[(int)field.Id] = (ushort)index;
            else
                Repeated |= bit;
            Known |= bit;
        }
    }

    /// <summary>A place for each well-known field.</summary>
    [InlineArray(64)]
    private struct Places
    {
        private ushort _first;
    }
}
