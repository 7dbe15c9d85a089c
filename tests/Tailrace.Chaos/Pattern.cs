namespace Tailrace.Chaos;

/// <summary>
/// The bytes of a body or a stream: they say whose it is and where they belong, so that nothing can be mixed unseen.
/// </summary>
internal static class Pattern
{
    /// <summary>Fills a piece.</summary>
    /// <param name="id">The number of the request or the stream.</param>
    /// <param name="offset">Where the piece begins.</param>
    /// <param name="target">The piece.</param>
    internal static void Fill(uint id, long offset, Span<byte> target)
    {
        for (var i = 0; i < target.Length; i++) target[i] = At(id, offset + i);
    }

    /// <summary>Whether a piece is what it has to be.</summary>
    internal static bool Fits(uint id, long offset, ReadOnlySpan<byte> piece)
    {
        for (var i = 0; i < piece.Length; i++)
        {
            if (piece[i] != At(id, offset + i)) return false;
        }
        return true;
    }

    // The third byte of the offset too: blocks of 64 KiB may not change their places either.
    private static byte At(uint id, long offset) =>
        (byte)(id * 2654435761u >> (int)(offset & 3) * 8 ^ offset ^ offset >> 8 ^ offset >> 16);
}
