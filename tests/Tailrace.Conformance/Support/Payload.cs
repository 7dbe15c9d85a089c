using System.Runtime.InteropServices;

namespace Tailrace.Conformance.Support;

/// <summary>Bodies whose every byte tells its place, so that a lost, doubled or moved piece is noticed.</summary>
internal static class Payload
{
    /// <summary>Sizes at the edges of blocks, and beyond them.</summary>
    internal static readonly int[] Sizes =
    [
        0, 1, (4 << 10) - 1, 4 << 10, (4 << 10) + 1, (16 << 10) - 1, 16 << 10, (16 << 10) + 1,
        (64 << 10) - 1, 64 << 10, (64 << 10) + 1,
        1 << 20,
    ];

    /// <summary>A body that no buffer holds.</summary>
    internal const int Large = 20 << 20;

    /// <summary>So many bytes; other seeds, other bytes.</summary>
    internal static byte[] Of(int length, int seed = 1)
    {
        var words = new ulong[length / 8 + 1];
        var word = (ulong)(seed * 7919 + length) | 1;
        for (var i = 0; i < words.Length; i++) words[i] = word = word * 6364136223846793005 + 1442695040888963407;
        return MemoryMarshal.AsBytes(words.AsSpan())[..length].ToArray();
    }

    /// <summary>Fails unless both are the same; says where they part.</summary>
    internal static void Same(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var common = expected.CommonPrefixLength(actual);
        if (common != expected.Length) Assert.Fail($"the bytes differ from {common} on");
    }
}
