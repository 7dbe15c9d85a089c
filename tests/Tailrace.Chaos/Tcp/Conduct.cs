namespace Tailrace.Chaos.Tcp;

/// <summary>What a peer does to the order of things.</summary>
internal enum Fault
{
    /// <summary>Nothing: it sends what it has, and reads until the other stream ends.</summary>
    None,

    /// <summary>It resets while it sends.</summary>
    ResetSending,

    /// <summary>It resets while it sends, when all that it has sent has arrived at the proxy's system.</summary>
    ResetSettled,

    /// <summary>It resets behind the end of its own stream.</summary>
    ResetEnded,

    /// <summary>It resets when it has read enough.</summary>
    ResetReading,

    /// <summary>It closes in the middle: an end of its stream, or a reset if it has not read everything.</summary>
    Leave,
}

/// <summary>How one peer will behave, drawn before it begins.</summary>
internal sealed class Conduct
{
    /// <summary>The bytes of its stream, without what comes before its id; 0: nothing at all.</summary>
    internal int Length { get; private init; }

    /// <summary>The most that it sends at once.</summary>
    internal int PieceMax { get; private init; }

    /// <summary>How long it waits before its first byte.</summary>
    internal int StartMs { get; private init; }

    /// <summary>How long it pauses now and then, at most.</summary>
    internal int PauseMs { get; private init; }

    /// <summary>Where in its stream it falls silent, and for how long.</summary>
    internal (int At, int Ms) Nap { get; private init; }

    /// <summary>The most that it reads at once at first.</summary>
    internal int ReadMax { get; private init; }

    /// <summary>How long it waits before it begins to read.</summary>
    internal int ReadStartMs { get; private init; }

    /// <summary>How long it waits between reads, until it has been slow for long enough.</summary>
    internal int ReadPauseMs { get; private init; }

    /// <summary>Its receive buffer; 0: the system's choice.</summary>
    internal int ReceiveBuffer { get; private init; }

    /// <summary>
    /// For how long it waits for the other stream's end before it ends its own; -1: for as long as it takes.
    /// </summary>
    internal int LastWordMs { get; private init; }

    /// <summary>What it does to the order of things.</summary>
    internal Fault Fault { get; private init; }

    /// <summary>Where in the stream that the fault is about it happens.</summary>
    internal int FaultAt { get; private init; }

    /// <summary>Draws one.</summary>
    /// <param name="random">The dice.</param>
    /// <param name="place">Where the peer is.</param>
    internal static Conduct Draw(Random random, Place place)
    {
        var style = random.Next(4);
        var length = style == 0 ? random.Next(12_000) : LengthOf(random);
        return new Conduct
        {
            Length = random.Next(12) == 0 ? 0 : Math.Max(Beginning.IdBytes, length),
            PieceMax = style switch { 0 => 300, 1 => 6_000, _ => 1 << 16 },
            StartMs = Sometimes(random, 5, 200),
            PauseMs = Sometimes(random, 3, 20),
            Nap = (random.Next(length + 1), random.Next(12) == 0 ? 300 + random.Next(2_500) : 0),
            ReadMax = random.Next(4) switch { 0 => 1 + random.Next(2_000), 1 => 8_192, _ => 1 << 16 },
            ReadStartMs = Sometimes(random, 8, 1_000),
            ReadPauseMs = Sometimes(random, 4, 20),
            // In smaller ones silly windows make a stream take minutes.
            ReceiveBuffer = random.Next(4) == 0 ? 16_384 << random.Next(3) : 0,
            LastWordMs = place.WaitsForEnd && random.Next(2) == 0 ? Timeout.Infinite : Sometimes(random, 3, 700),
            Fault = place.IsCalm || random.Next(5) > 0 ? Fault.None : (Fault)(1 + random.Next(5)),
            FaultAt = random.Next(3) == 0 ? random.Next(300) : random.Next(Math.Max(length, 1)),
        };
    }

    private static int LengthOf(Random random) => random.Next(10) switch
    {
        < 3 => random.Next(300),
        < 6 => random.Next(20_000),
        < 9 => random.Next(400_000),
        _ => random.Next(2 << 20),
    };

    private static int Sometimes(Random random, int oneOf, int limit) =>
        random.Next(oneOf) == 0 ? 1 + random.Next(limit) : 0;
}
