using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tailrace.Io;

/// <summary>A set of address ranges, such as the sources that a route or a listener is for.</summary>
/// <remarks>
/// Immutable; one object may serve all workers. Ranges that overlap or touch are merged, so a look-up is a binary
/// search among disjoint ranges, however long the list was. IPv4 and IPv6 are apart: <c>::/0</c> holds no IPv4
/// address. The peers of Unix sockets have no address, so they are in no range: they are in the set all together, or
/// none of them is.
/// </remarks>
public sealed class AddressSet
{
    private readonly Range[] _v4;
    private readonly Range[] _v6;
    private readonly bool _hasUnix;

    /// <summary>Creates the set of all addresses in the ranges.</summary>
    /// <param name="ranges">The ranges.</param>
    /// <param name="hasUnix">Whether the peers of Unix sockets are in the set too.</param>
    public AddressSet(IReadOnlyCollection<IPNetwork> ranges, bool hasUnix = false)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        _v4 = Merge(ranges, AddressFamily.InterNetwork);
        _v6 = Merge(ranges, AddressFamily.InterNetworkV6);
        _hasUnix = hasUnix;
    }

    /// <summary>Whether nobody is in the set.</summary>
    public bool IsEmpty => _v4.Length + _v6.Length == 0 && !_hasUnix;

    /// <summary>Whether an address is in the set; its port does not count.</summary>
    public bool Contains(in NetAddress address) => address.Family switch
    {
        AddressFamily.InterNetwork => Contains(_v4, address.Bits),
        AddressFamily.InterNetworkV6 => Contains(_v6, address.Bits),
        AddressFamily.Unix => _hasUnix,
        _ => false,
    };

    private static bool Contains(Range[] ranges, UInt128 address)
    {
        var (low, high) = (0, ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (address < ranges[middle].First) high = middle - 1;
            else if (address > ranges[middle].Last) low = middle + 1;
            else return true;
        }
        return false;
    }

    private static Range[] Merge(IReadOnlyCollection<IPNetwork> ranges, AddressFamily family)
    {
        var sorted = new List<Range>(ranges.Count);
        foreach (var range in ranges)
        {
            if (range.BaseAddress.AddressFamily == family) sorted.Add(Range.From(range));
        }
        sorted.Sort((a, b) => a.First.CompareTo(b.First));
        var merged = new List<Range>(sorted.Count);
        foreach (var range in sorted)
        {
            if (merged.Count > 0 && merged[^1].Reaches(range)) merged[^1] = merged[^1].With(range);
            else merged.Add(range);
        }
        return [.. merged];
    }

    private readonly record struct Range(UInt128 First, UInt128 Last)
    {
        internal static Range From(IPNetwork network)
        {
            Span<byte> bytes = stackalloc byte[16];
            network.BaseAddress.TryWriteBytes(bytes, out var length);
            var first = length == 4
                ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
                : BinaryPrimitives.ReadUInt128BigEndian(bytes);
            var free = length * 8 - network.PrefixLength;
            // A shift by all 128 bits is one by none.
            return new Range(first, first | (free == 128 ? UInt128.MaxValue : (UInt128.One << free) - 1));
        }

        internal bool Reaches(Range next) => next.First <= Last || next.First - 1 == Last;

        internal Range With(Range next) => new(First, UInt128.Max(Last, next.Last));
    }
}
