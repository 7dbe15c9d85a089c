namespace Tailrace.Simulation;

/// <summary>How unkind the simulated network is. Chances are given in a thousand.</summary>
internal sealed record SimConditions
{
    /// <summary>Milliseconds that a segment travels at most.</summary>
    internal int LatencyMsMax { get; init; } = 5;

    /// <summary>The largest segment that bytes are split into.</summary>
    internal int SegmentBytesMax { get; init; } = 1460;

    /// <summary>Bytes that one direction holds, under way and unread: the rest of a send waits.</summary>
    internal int WindowBytes { get; init; } = 16 << 10;

    /// <summary>Those of them that have arrived and that the reader's system has taken.</summary>
    internal int ReceiverBytes { get; init; } = int.MaxValue;

    /// <summary>An operation that could complete is left for a later turn.</summary>
    internal int Late { get; init; } = 200;

    /// <summary>A receive gets less than what is there.</summary>
    internal int ShortRead { get; init; } = 200;

    /// <summary>A receive that may stay unseen does.</summary>
    internal int Unseen { get; init; }

    /// <summary>A message that may be passed on is.</summary>
    internal int PassedOn { get; init; } = 500;

    /// <summary>A loop misses its turn.</summary>
    internal int Busy { get; init; } = 100;

    /// <summary>A connect is refused although somebody listens.</summary>
    internal int Refused { get; init; }

    /// <summary>A connect is never answered.</summary>
    internal int Silent { get; init; }

    /// <summary>An operation finds that the network has reset its stream.</summary>
    internal int Reset { get; init; }

    /// <summary>A segment takes as long as <see cref="DelayMsMax"/>.</summary>
    internal int Delayed { get; init; }

    /// <summary>The longest time that a delayed segment takes.</summary>
    internal int DelayMsMax { get; init; } = 2000;

    /// <summary>The largest body that this network carries in a few hundred steps.</summary>
    internal int BodyBytesMax => Math.Min(200_000, 100 * Math.Min(SegmentBytesMax, WindowBytes));

    /// <summary>Whether streams may fail, or miss deadlines, without anybody's doing.</summary>
    internal bool IsFaulty => Refused + Silent + Reset + Delayed > 0;

    /// <summary>A network that splits, delays and reorders, but loses nothing.</summary>
    internal static SimConditions Lossless(SimRandom random)
    {
        var window = random.Below(3) switch { 0 => random.Between(16, 300), 1 => 16 << 10, _ => 256 << 10 };
        return new SimConditions
        {
            // A small window and a long way would be slower than any deadline.
            LatencyMsMax = random.Below(4) == 0 ? 0 : random.Between(0, Math.Min(40, window / 8)),
            SegmentBytesMax = random.Below(3) switch
            {
                0 => random.Between(1, 20),
                1 => 1460,
                _ => random.Between(20, 65536),
            },
            WindowBytes = window,
            Late = random.Below(3) * 300,
            ShortRead = random.Below(3) * 300,
            Busy = random.Below(3) * 200,
            // No throw of its own: what earlier seeds do has not changed where nothing comes in bulk.
            Unseen = window % 3 * 400,
        };
    }

    /// <summary>A network on which anything may also fail.</summary>
    internal static SimConditions Faulty(SimRandom random) => Lossless(random) with
    {
        Refused = random.Below(3) * 50,
        Silent = random.Below(3) * 20,
        Reset = random.Below(3) * 5,
        Delayed = random.Below(3) * 10,
    };
}
