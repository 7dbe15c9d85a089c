namespace Tailrace.Simulation;

/// <summary>Numbers that depend on a seed alone, the same on every machine and runtime (SplitMix64).</summary>
internal sealed class SimRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    internal ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }

    /// <summary>A number from 0 to <paramref name="limit"/> - 1.</summary>
    internal int Below(int limit) => limit <= 1 ? 0 : (int)(Next() % (uint)limit);

    /// <summary>A number from <paramref name="first"/> to <paramref name="last"/>.</summary>
    internal int Between(int first, int last) => first + Below(last - first + 1);

    /// <summary>True so many times in a thousand.</summary>
    internal bool Chance(int permille) => permille > 0 && Below(1000) < permille;

    /// <summary>A length: mostly small, sometimes up to <paramref name="limit"/>.</summary>
    internal int Length(int limit)
    {
        var scale = Below(4) switch { 0 => 16, 1 => 512, 2 => 8192, _ => limit };
        return Below(Math.Min(scale, limit) + 1);
    }

    /// <summary>Puts items in any order.</summary>
    internal void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
