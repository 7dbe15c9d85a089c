using System.Numerics;

namespace Tailrace.Proxy;

/// <summary>How long answers took to begin, of late: a log-linear histogram whose past fades.</summary>
/// <remarks>
/// Exact to the millisecond below 64, to 3 % above. When it holds as many as it remembers all counts are halved, so
/// that a value weighs half after a thousand more. One worker's; recording allocates nothing.
/// </remarks>
internal sealed class LatencyHistogram
{
    /// <summary>How many it remembers.</summary>
    internal const int Memory = 2000;

    private const int LinearMax = 64;
    private const int StepBits = 5;
    private const int Octaves = 11;

    private readonly int[] _counts = new int[LinearMax + (Octaves << StepBits)];

    /// <summary>How many are in it.</summary>
    internal int Total { get; private set; }

    /// <summary>Adds a value.</summary>
    internal void Record(long milliseconds)
    {
        _counts[IndexOf(milliseconds)]++;
        if (++Total >= Memory) Fade();
    }

    /// <summary>The least value that so many percent do not exceed; 0 when there is none.</summary>
    internal int Percentile(int percent)
    {
        var wanted = ((long)Total * percent + 99) / 100;
        if (wanted == 0) return 0;
        var seen = 0L;
        for (var index = 0; ; index++)
        {
            seen += _counts[index];
            if (seen >= wanted) return LargestOf(index);
        }
    }

    private void Fade()
    {
        Total = 0;
        for (var index = 0; index < _counts.Length; index++)
        {
            _counts[index] /= 2;
            Total += _counts[index];
        }
    }

    private int IndexOf(long value)
    {
        if (value < LinearMax) return (int)Math.Max(value, 0);
        var octave = BitOperations.Log2((ulong)value) - 6;
        if (octave >= Octaves) return _counts.Length - 1;
        var step = (int)(value >> (octave + 6 - StepBits)) & ((1 << StepBits) - 1);
        return LinearMax + (octave << StepBits) + step;
    }

    private static int LargestOf(int index)
    {
        if (index < LinearMax) return index;
        var octave = (index - LinearMax) >> StepBits;
        var step = (index - LinearMax) & ((1 << StepBits) - 1);
        return (((1 << StepBits) + step + 1) << (octave + 6 - StepBits)) - 1;
    }
}
