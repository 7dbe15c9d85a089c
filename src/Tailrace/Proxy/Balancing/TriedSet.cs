using System.Runtime.CompilerServices;

namespace Tailrace.Proxy.Balancing;

/// <summary>The destinations of a cluster that one request has tried already, by their index.</summary>
/// <remarks>
/// The first 64 are bits of a number, so that nothing is allocated for a request that meets no failure, nor for most
/// that do. Copies of a set that has grown beyond share what lies there.
/// </remarks>
internal struct TriedSet
{
    private const int Bits = 64;

    private ulong _first;
    private ulong[]? _more;

    /// <summary>Whether nothing has been tried.</summary>
    internal readonly bool IsEmpty => _first == 0 && _more is null;

    /// <summary>Whether a destination has been tried.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool Has(int index)
    {
        if (index < Bits) return (_first >> index & 1) != 0;
        var word = index / Bits - 1;
        return _more is { } more && word < more.Length && (more[word] >> index % Bits & 1) != 0;
    }

    /// <summary>A set of the same that shares nothing with this one.</summary>
    internal readonly TriedSet Clone() => new() { _first = _first, _more = _more?.AsSpan().ToArray() };

    /// <summary>Adds a destination.</summary>
    internal void Add(int index)
    {
        if (index < Bits)
        {
            _first |= 1ul << index;
            return;
        }
        var word = index / Bits - 1;
        if (_more is null || word >= _more.Length) Array.Resize(ref _more, word + 1);
        _more[word] |= 1ul << index % Bits;
    }
}
