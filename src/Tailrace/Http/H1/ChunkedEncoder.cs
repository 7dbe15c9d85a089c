using System.Diagnostics;
using System.Numerics;

namespace Tailrace.Http.H1;

/// <summary>The framing of a chunked body that is sent (RFC 9112 section 7.1). Pure; any thread.</summary>
/// <remarks>
/// A chunk is its header, the data and <see cref="ChunkEnd"/>; a body ends in <see cref="LastChunk"/>, or, with
/// trailers, in <see cref="LastChunkHeader"/>, the field lines and <see cref="ChunkEnd"/>. No extensions are ever
/// written.
/// </remarks>
public static class ChunkedEncoder
{
    /// <summary>The most that <see cref="WriteHeader"/> writes.</summary>
    public const int HeaderBytesMax = 16 + 2;

    /// <summary>What follows the data of a chunk, and ends a trailer section.</summary>
    public static ReadOnlySpan<byte> ChunkEnd => "\r\n"u8;

    /// <summary>The end of a body without trailers.</summary>
    public static ReadOnlySpan<byte> LastChunk => "0\r\n\r\n"u8;

    /// <summary>The last chunk when trailer field lines follow.</summary>
    public static ReadOnlySpan<byte> LastChunkHeader => "0\r\n"u8;

    /// <summary>Writes the size line of a chunk.</summary>
    /// <param name="size">Above 0: a chunk of size 0 would end the body.</param>
    /// <param name="output">At least <see cref="HeaderBytesMax"/> bytes.</param>
    /// <returns>How many bytes were written.</returns>
    public static int WriteHeader(long size, Span<byte> output)
    {
        Debug.Assert(size > 0, "an empty chunk would end the body");
        int digits = (BitOperations.Log2((ulong)size) >> 2) + 1;
        for (int i = digits - 1; i >= 0; i--, size >>= 4)
            output[i] = "0123456789abcdef"u8[(int)(size & 15)];
        output[digits] = (byte)'\r';
        output[digits + 1] = (byte)'\n';
        return digits + 2;
    }
}
