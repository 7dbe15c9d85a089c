namespace Tailrace.Memory;

/// <summary>A place inside a buffer as offset and length, relative to a base that the owner names.</summary>
/// <remarks>
/// Unlike a span it survives an await and the compaction of its buffer; it owns nothing. The default value is empty.
/// </remarks>
/// <param name="Offset">Bytes from the base.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct ByteSlice(int Offset, int Length)
{
    /// <summary>The first byte behind the slice, relative to the same base.</summary>
    public int End => Offset + Length;

    /// <summary>Whether there is nothing in it.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>The bytes themselves, given the base.</summary>
    public ReadOnlySpan<byte> In(ReadOnlySpan<byte> bytes) => bytes.Slice(Offset, Length);
}
