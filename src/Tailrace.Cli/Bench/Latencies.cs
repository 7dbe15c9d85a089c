using System.Numerics;

namespace Tailrace.Cli.Bench;

/// <summary>Times in microseconds, counted in steps of at most 1.6 % of the value.</summary>
/// <remarks>One thread's; those of several are added up when they have ended. Recording allocates nothing.</remarks>
internal sealed class Latencies
{
    private const int StepBits = 6;
    private const int StepsPerOctave = 1 << StepBits;

    private readonly long[] _counts = new long[(64 - StepBits) << StepBits];
    private long _sum;

    /// <summary>How many there are.</summary>
    public long Count { get; private set; }

    /// <summary>The longest.</summary>
    public long Max { get; private set; }

    /// <summary>The mean; 0 when there is none.</summary>
    public long Mean => Count == 0 ? 0 : _sum / Count;

    /// <summary>Adds one.</summary>
    public void Record(long microseconds)
    {
        _counts[IndexOf((ulong)microseconds)]++;
        _sum += microseconds;
        Max = Math.Max(Max, microseconds);
        Count++;
    }

    /// <summary>Adds those of another thread.</summary>
    public void Add(Latencies other)
    {
        for (var i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
        _sum += other._sum;
        Max = Math.Max(Max, other.Max);
        Count += other.Count;
    }

    /// <summary>The time that so many percent do not exceed, to the step; 0 when there is none.</summary>
    public long Percentile(double percent)
    {
        var wanted = Math.Max(1, (long)Math.Ceiling(Count * percent / 100));
        var seen = 0L;
        for (var index = 0; index < _counts.Length; index++)
        {
            seen += _counts[index];
            if (seen >= wanted) return Math.Min(LargestOf(index), Max);
        }
        return 0;
    }

    // Below two octaves of steps each value has its own; above, each octave has as many steps as the one before.
    private static int IndexOf(ulong value)
    {
        if (value < 2 * StepsPerOctave) return (int)value;
        var octave = BitOperations.Log2(value) - StepBits;
        return (octave << StepBits) + (int)(value >> octave);
    }

    private static long LargestOf(int index)
    {
        if (index < 2 * StepsPerOctave) return index;
        var octave = (index >> StepBits) - 1;
        return ((long)((index & (StepsPerOctave - 1)) + StepsPerOctave + 1) << octave) - 1;
    }
}
