using System.Text;

namespace Tailrace.Http.Rules;

/// <summary>Fields that are set, added or removed on the way of a message. Immutable; any thread.</summary>
/// <remarks>
/// Setting is leaving out what came and adding what is meant. Framing and what ends at a hop is not in here: the
/// configuration refuses it.
/// </remarks>
internal sealed class FieldEdits
{
    private readonly byte[][] _replacedOthers;
    private readonly (byte[] Name, ValueTemplate Value)[] _added;

    /// <summary>Creates the edits.</summary>
    /// <param name="replaced">Names of fields that are left out.</param>
    /// <param name="added">Fields that are added.</param>
    internal FieldEdits(IReadOnlyList<byte[]> replaced, (byte[] Name, ValueTemplate Value)[] added)
    {
        var others = new List<byte[]>();
        foreach (var name in replaced)
        {
            var id = KnownHeaders.Find(name);
            if (id == KnownHeader.Other) others.Add(name);
            else Replaced |= KnownHeaders.Bit(id);
        }
        _replacedOthers = [.. others];
        _added = added;
    }

    /// <summary>The well-known fields that are left out, as a set of <see cref="KnownHeaders.Bit"/>.</summary>
    internal ulong Replaced { get; }

    /// <summary>Whether other fields are left out too, which have to be told by their names.</summary>
    internal bool HasReplacedOthers => _replacedOthers.Length > 0;

    /// <summary>The fields that are added, in order.</summary>
    internal ReadOnlySpan<(byte[] Name, ValueTemplate Value)> Added => _added;

    /// <summary>Whether a field of a message is left out though it is none of <see cref="Replaced"/>.</summary>
    internal bool DropsOther(in HeaderField field, ReadOnlySpan<byte> bytes) =>
        field.Id == KnownHeader.Other && IsReplacedOther(field.Name.In(bytes));

    /// <summary>Whether a field of this name is left out.</summary>
    internal bool Drops(ReadOnlySpan<byte> name)
    {
        var id = KnownHeaders.Find(name);
        return id == KnownHeader.Other ? IsReplacedOther(name) : (Replaced & KnownHeaders.Bit(id)) != 0;
    }

    /// <summary>How many bytes the added lines take in an exchange.</summary>
    internal int LengthIn(in ExchangeValues values)
    {
        var length = 0;
        foreach (var (name, value) in _added) length += name.Length + value.LengthIn(values) + ": \r\n".Length;
        return length;
    }

    private bool IsReplacedOther(ReadOnlySpan<byte> name)
    {
        foreach (var replaced in _replacedOthers)
        {
            if (Ascii.EqualsIgnoreCase(name, replaced)) return true;
        }
        return false;
    }
}
