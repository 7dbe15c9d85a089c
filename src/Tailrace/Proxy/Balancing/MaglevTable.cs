using System.Text;

namespace Tailrace.Proxy.Balancing;

/// <summary>The look-up table of Maglev hashing: which destination each of 65,537 places belongs to.</summary>
/// <remarks>
/// <para>Eisenbud and others, "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016), section 3.4.
/// Every destination has an order of its own, by its name, in which it wants the places; they take turns. So the table
/// is the same wherever it is made, each has its share to within one place in a hundred, and when one is removed nearly
/// all places of the others stay.</para>
/// <para>Immutable; made before workers start, and shared by them. 128 KiB.</para>
/// </remarks>
internal sealed class MaglevTable
{
    /// <summary>The places: a prime, so that every step through them meets all.</summary>
    internal const int Size = 65_537;

    private const ulong SkipSeed = 0x5bd1_e995;

    private readonly ushort[] _places;

    private MaglevTable(ushort[] places, int count)
    {
        _places = places;
        Count = count;
    }

    /// <summary>How many destinations share the places.</summary>
    internal int Count { get; }

    /// <summary>The places, for those who measure them.</summary>
    internal ReadOnlySpan<ushort> Places => _places;

    /// <summary>The index of the destination that a key belongs to.</summary>
    internal int Find(ulong key) => _places[(int)Math.BigMul(key, Size, out _)];

    /// <summary>Makes the table.</summary>
    /// <param name="names">The destinations' names, which have to differ: at least one, at most 65,536.</param>
    /// <param name="weights">Their weights.</param>
    internal static MaglevTable Build(ReadOnlySpan<string> names, ReadOnlySpan<int> weights)
    {
        var (next, skip) = (new int[names.Length], new int[names.Length]);
        var credit = new int[names.Length];
        var weightMax = 1;
        for (var i = 0; i < names.Length; i++)
        {
            var name = Encoding.UTF8.GetBytes(names[i]);
            next[i] = (int)(StableHash.Of(name) % Size);
            skip[i] = (int)(StableHash.Of(name, SkipSeed) % (Size - 1)) + 1;
            weightMax = Math.Max(weightMax, weights[i]);
        }
        var places = new ushort[Size];
        var isTaken = new bool[Size];
        for (var left = Size; left > 0;)
        {
            for (var i = 0; i < names.Length && left > 0; i++)
            {
                // The heaviest has every turn, the others as many as their weight bears to it.
                if ((credit[i] += weights[i]) < weightMax) continue;
                credit[i] -= weightMax;
                while (isTaken[next[i]]) next[i] = Step(next[i], skip[i]);
                places[next[i]] = (ushort)i;
                isTaken[next[i]] = true;
                left--;
            }
        }
        return new MaglevTable(places, names.Length);
    }

    private static int Step(int place, int skip) => place + skip < Size ? place + skip : place + skip - Size;
}
