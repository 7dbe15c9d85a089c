namespace Tailrace.Memory;

/// <summary>The two block sizes of a reactor: one that fits any head, and a larger one for bodies in bulk.</summary>
/// <remarks>Owned by one reactor and used on its thread only.</remarks>
public sealed class BufferPools : IDisposable
{
    /// <summary>Creates both pools.</summary>
    /// <param name="blockBytes">Bytes of an ordinary block.</param>
    /// <param name="bulkBytes">Bytes of a bulk block; at least <paramref name="blockBytes"/>.</param>
    /// <param name="limitBytes">The most bytes that may be rented at a time, of each size.</param>
    public BufferPools(int blockBytes, int bulkBytes, long limitBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bulkBytes, blockBytes);
        const int retainedBytes = 4 << 20;
        Small = Create(blockBytes);
        Bulk = Create(bulkBytes);

        BufferPool Create(int size) =>
            new(size, (int)Math.Clamp(limitBytes / size, 1, int.MaxValue), retainedBytes / size);
    }

    /// <summary>Blocks for heads and small bodies.</summary>
    public BufferPool Small { get; }

    /// <summary>Blocks for bodies that fill small blocks.</summary>
    public BufferPool Bulk { get; }

    /// <summary>Blocks of either size that are out.</summary>
    public int Rented => Small.Rented + Bulk.Rented;

    /// <summary>Whether a block of some size could not be had at the moment.</summary>
    public bool IsExhausted => Small.Rented >= Small.Limit || Bulk.Rented >= Bulk.Limit;

    /// <inheritdoc/>
    public void Dispose()
    {
        Small.Dispose();
        Bulk.Dispose();
    }
}
