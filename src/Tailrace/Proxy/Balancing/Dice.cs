namespace Tailrace.Proxy.Balancing;

/// <summary>Random numbers for choosing destinations: one addition and one mix each. Not for secrets.</summary>
/// <remarks>Used on one thread. The same seed gives the same numbers, so a simulation can be run again.</remarks>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A number from 0 up to, and without, <paramref name="limit"/>.</summary>
    internal long Below(long limit)
    {
        _state = StableHash.Next(_state);
        return (long)Math.BigMul(_state, (ulong)limit, out _);
    }
}
