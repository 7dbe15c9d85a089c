using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tailrace.Memory;

/// <summary>Fixed-size native blocks of one reactor: rent, return, and a count of what is out.</summary>
/// <remarks>
/// Owned by one reactor and used on its thread only. The last block returned is the next one rented, so that it is
/// still in the cache. Blocks are native memory: the collector never scans them and the kernel may keep their address.
/// At most <see cref="Limit"/> blocks exist at a time, and at most <see cref="Retained"/> unused ones are kept; a burst
/// gives its memory back to the system.
/// </remarks>
public sealed unsafe class BufferPool : IDisposable
{
    /// <summary>Blocks beyond the limit, for telling clients that it is reached.</summary>
    private const int LastCount = 8;

    private byte* _free;
    private int _freeCount;

    /// <summary>Creates an empty pool; memory is taken as it is used.</summary>
    /// <param name="blockSize">Bytes of each block.</param>
    /// <param name="limit">The most blocks that may be rented at a time.</param>
    /// <param name="retained">The most unused blocks that are kept for later.</param>
    public BufferPool(int blockSize, int limit, int retained)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 64);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        BlockSize = blockSize;
        Limit = limit;
        Retained = retained;
    }

    /// <summary>Bytes of each block.</summary>
    public int BlockSize { get; }

    /// <summary>The most blocks that may be rented at a time.</summary>
    public int Limit { get; internal set; }

    /// <summary>The most unused blocks that are kept.</summary>
    public int Retained { get; }

    /// <summary>Blocks that are rented and not yet returned.</summary>
    public int Rented { get; private set; }

    /// <summary>Rents a block, or null when the limit is reached. Its content is undefined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte* TryRent() => Rented >= Limit ? null : Rent();

    /// <summary>The same from <see cref="LastCount"/> blocks beyond the limit.</summary>
    internal byte* TryRentLast() => Rented >= (long)Limit + LastCount ? null : Rent();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Rent()
    {
        var block = _free;
        if (block == null) return TryAllocate();
        _free = *(byte**)block;
        _freeCount--;
        Rented++;
        return block;
    }

    /// <summary>A system without memory is a limit that is reached, not a reason to end.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* TryAllocate()
    {
        try
        {
            var block = (byte*)NativeMemory.Alloc((nuint)BlockSize);
            Rented++;
            return block;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Takes back a block that <see cref="TryRent"/> gave.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Return(byte* block)
    {
        Debug.Assert(block != null && Rented > 0);
        Rented--;
        if (_freeCount == Retained)
        {
            Free(block);
            return;
        }
        *(byte**)block = _free;
        _free = block;
        _freeCount++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Free(byte* block) => NativeMemory.Free(block);

    /// <summary>Frees the unused blocks. Those still rented stay valid and belong to their holders.</summary>
    public void Dispose()
    {
        while (_free != null)
        {
            var next = *(byte**)_free;
            NativeMemory.Free(_free);
            _free = next;
        }
        _freeCount = 0;
    }
}
