using System.Buffers.Binary;

namespace Tailrace.Proxy.Balancing;

/// <summary>A hash that is the same in every process: all workers and all proxies agree on a key's place.</summary>
/// <remarks>
/// Eight bytes at a time through the finisher of SplitMix64, which spreads every bit over all others. It is no defence
/// against clients that choose their keys: where the place matters, the key is best one that they cannot choose.
/// </remarks>
internal static class StableHash
{
    private const ulong Golden = 0x9E37_79B9_7F4A_7C15;

    /// <summary>The hash of some bytes.</summary>
    internal static ulong Of(ReadOnlySpan<byte> bytes, ulong seed = 0)
    {
        var hash = Mix(seed + (ulong)bytes.Length * Golden);
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        var rest = 0ul;
        foreach (var value in bytes) rest = rest << 8 | value;
        return Mix(hash ^ rest);
    }

    /// <summary>The next hash of a sequence that begins with a key's own.</summary>
    internal static ulong Next(ulong hash) => Mix(hash + Golden);

    private static ulong Mix(ulong value)
    {
        value = (value ^ value >> 30) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ value >> 27) * 0x94D0_49BB_1331_11EB;
        return value ^ value >> 31;
    }
}
