using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tailrace.Memory;

/// <summary>A contiguous sliding window of bytes in a pooled block: written at the end, read from the start.</summary>
/// <remarks>
/// Belongs to one connection and is used on its reactor's thread only. It holds no block until bytes are to be stored
/// and gives the block back by <see cref="Release"/>; an idle connection therefore costs this object alone.
/// <para>
/// A message head can be <see cref="Keep">kept</see>: it stays readable through <see cref="Kept"/>, at a base that
/// survives compaction, while the body behind it streams through the rest of the block.
/// </para>
/// <para>A block that a single receive filled is exchanged for a bulk block: large bodies earn large reads.</para>
/// </remarks>
public sealed unsafe class ByteBuffer
{
    private readonly BufferPools _pools;
    private readonly BufferPool _small;
    private byte* _block;
    private int _capacity;
    private int _start;
    private int _end;
    private int _keptStart;
    private int _keptLength;
    private bool _isBulk;

    /// <summary>Creates a buffer that holds no block yet.</summary>
    public ByteBuffer(BufferPools pools)
    {
        _pools = pools;
        _small = pools.Small;
    }

    private ByteBuffer() => (_pools, _small) = (null!, null!);

    /// <summary>A buffer that stays empty: nothing can be written to it.</summary>
    internal static ByteBuffer WithoutRoom() => new();

    /// <summary>Bytes written and not yet consumed.</summary>
    public int Length => _end - _start;

    /// <summary>Whether nothing waits to be read.</summary>
    public bool IsEmpty => _end == _start;

    /// <summary>Whether a block is held.</summary>
    public bool HasBlock => _block != null;

    /// <summary>Whether it is as it was made: it holds no block, and has not earned a bulk one.</summary>
    internal bool IsNew => _block == null && !_isBulk;

    /// <summary>Bytes that can be appended without renting, compacting or growing.</summary>
    public int Free => _capacity - _end;

    /// <summary>The bytes written and not yet consumed. Valid until the next call that changes the buffer.</summary>
    public ReadOnlySpan<byte> Unread => Span(_start, _end - _start);

    /// <summary>The head set aside by <see cref="Keep"/>; empty when there is none.</summary>
    public ReadOnlySpan<byte> Kept => Span(_keptStart, _keptLength);

    /// <summary>Room behind the bytes; follow a write by <see cref="Commit"/>.</summary>
    public Span<byte> Writable => Span(_end, _capacity - _end);

    internal byte* ReadPointer => _block + _start;

    internal byte* WritePointer => _block + _end;

    /// <summary>Makes room for at least <paramref name="minimum"/> bytes: rents, compacts or grows.</summary>
    /// <returns>False when the pool's limit is reached or no block is that large.</returns>
    public bool TryReserve(int minimum)
    {
        if (_capacity - _end >= minimum && _end < _capacity) return true;
        return _block == null ? TryRent(minimum) : TryMakeRoom(minimum);
    }

    /// <summary>The same for any number of bytes at all, as a receive wants it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryReserve() => _end < _capacity || (_block == null ? TryRent(1) : TryMakeRoom(1));

    /// <summary>
    /// The same when the limit is reached, from a few blocks beyond it: for a last word before the connection closes.
    /// </summary>
    internal bool TryReserveLast(int minimum)
    {
        if (_block != null || minimum > _small.BlockSize) return TryReserve(minimum);
        _block = _small.TryRentLast();
        if (_block == null) return false;
        _capacity = _small.BlockSize;
        return true;
    }

    /// <summary>Appends bytes that were written to <see cref="Writable"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Commit(int count)
    {
        Debug.Assert((uint)count <= (uint)(_capacity - _end));
        _end += count;
        if (_end == _capacity || _isBulk) _isBulk = _end >= _small.BlockSize;
    }

    /// <summary>Appends a copy of <paramref name="bytes"/> if they fit.</summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        if (_capacity - _end < bytes.Length && !TryReserve(bytes.Length)) return false;
        bytes.CopyTo(new Span<byte>(_block + _end, bytes.Length));
        _end += bytes.Length;
        return true;
    }

    /// <summary>Drops the first <paramref name="count"/> unread bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Consume(int count)
    {
        Debug.Assert((uint)count <= (uint)Length);
        _start += count;
        if (_start == _end) _start = _end = _keptLength == 0 ? 0 : _keptStart + _keptLength;
    }

    /// <summary>Drops what was written behind the first <paramref name="length"/> unread bytes.</summary>
    public void Truncate(int length)
    {
        Debug.Assert((uint)length <= (uint)Length);
        _end = _start + length;
    }

    /// <summary>
    /// Consumes the first <paramref name="count"/> unread bytes, but keeps them readable as <see cref="Kept"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Keep(int count)
    {
        Debug.Assert(_keptLength == 0 && (uint)count <= (uint)Length);
        _keptStart = _start;
        _keptLength = count;
        _start += count;
    }

    /// <summary>Ends <see cref="Keep"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void DropKept()
    {
        _keptLength = 0;
        if (_start == _end) _start = _end = 0;
    }

    /// <summary>Gives the block back when nothing is stored in it.</summary>
    public void Release()
    {
        if (_block != null && _start == _end && _keptLength == 0) ReturnBlock();
    }

    /// <summary>Forgets all bytes and gives the block back.</summary>
    public void Clear()
    {
        if (_block != null) ReturnBlock();
    }

    /// <summary>Lengths are never negative here; the span's own check is left out.</summary>
    private Span<byte> Span(int offset, int length) => MemoryMarshal.CreateSpan(ref *(_block + offset), length);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryMakeRoom(int minimum)
    {
        var held = _keptLength + Length;
        if (_end == _capacity && _capacity < _pools.Bulk.BlockSize && TryGrow()) return _capacity - held >= minimum;
        Compact();
        return _capacity - _end >= minimum || (TryGrow() && _capacity - _end >= minimum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryRent(int minimum) =>
        _isBulk || minimum > _small.BlockSize ? TryRentBulk(minimum) : TryRentFrom(_small, minimum);

    /// <summary>Where both sizes are the same, there is only one kind of block.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryRentBulk(int minimum) =>
        (_pools.Bulk.BlockSize > _small.BlockSize && TryRentFrom(_pools.Bulk, minimum))
        || TryRentFrom(_small, minimum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryRentFrom(BufferPool pool, int minimum)
    {
        if (minimum > pool.BlockSize) return false;
        _block = pool.TryRent();
        if (_block == null) return false;
        _capacity = pool.BlockSize;
        return true;
    }

    private bool TryGrow()
    {
        if (_capacity >= _pools.Bulk.BlockSize) return false;
        var larger = _pools.Bulk.TryRent();
        if (larger == null) return false;
        var kept = _keptLength;
        var length = Length;
        Buffer.MemoryCopy(_block + _keptStart, larger, _pools.Bulk.BlockSize, kept);
        Buffer.MemoryCopy(_block + _start, larger + kept, _pools.Bulk.BlockSize - kept, length);
        _small.Return(_block);
        _block = larger;
        _capacity = _pools.Bulk.BlockSize;
        Place(kept, length);
        return true;
    }

    private void Compact()
    {
        var kept = _keptLength;
        var length = Length;
        if (_start == kept) return;
        Buffer.MemoryCopy(_block + _keptStart, _block, _capacity, kept);
        Buffer.MemoryCopy(_block + _start, _block + kept, _capacity - kept, length);
        Place(kept, length);
    }

    private void Place(int kept, int length)
    {
        _keptStart = 0;
        _keptLength = kept;
        _start = kept;
        _end = kept + length;
    }

    private void ReturnBlock()
    {
        var block = _block;
        var isSmall = _capacity == _small.BlockSize;
        _block = null;
        _capacity = _start = _end = _keptStart = _keptLength = 0;
        if (isSmall) _small.Return(block);
        else _pools.Bulk.Return(block);
    }
}
