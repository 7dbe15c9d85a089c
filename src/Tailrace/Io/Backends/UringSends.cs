using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>The memory that small messages are copied to until the kernel has sent them.</summary>
/// <remarks>
/// <para>So the sender's own buffer is free at once, as if a socket had taken the bytes. Every send of the ring has
/// come to its end before io_uring_enter(2) returns, and only failures are told. So all that was copied before an entry
/// is free again once the completions that this entry left behind have been seen: a window that moves through a ring
/// of bytes. Nothing is given back one by one.</para>
/// <para>Positions count bytes from the beginning. Memory is taken as it is touched.</para>
/// </remarks>
internal sealed unsafe class UringSends : IDisposable
{
    // Two messages share no line of the cache.
    private const int Alignment = 64;

    private readonly byte* _memory;
    private readonly uint _size;
    private uint _offset;
    private ulong _end;
    private ulong _sealedEnd;
    private uint _sealedTail;
    private bool _isSealed;

    /// <summary>Reserves the memory.</summary>
    /// <exception cref="IoException">The system has none.</exception>
    internal UringSends(UringSettings settings)
    {
        Bytes = settings.BufferBytes;
        _size = settings.SendBytes;
        Debug.Assert(_size % Alignment == 0 && Bytes <= ushort.MaxValue);
        _memory = Pages.Reserve(_size);
        if (_memory == null) throw UringRing.Refusal("mmap of the send buffers", Errno.NoMemory);
    }

    /// <summary>Bytes of the largest message.</summary>
    internal int Bytes { get; }

    /// <summary>The position up to which all sends have come to their end.</summary>
    internal ulong Settled { get; private set; }

    /// <summary>A position in few bits, enough for one that is near: its line, counted from the beginning again and
    /// again.</summary>
    internal static ushort LineOf(ulong position) => (ushort)(position / Alignment);

    /// <summary>Whether the sends up to a line have come to their end.</summary>
    internal bool IsSettled(ushort line) => (short)(LineOf(Settled) - line) >= 0;

    /// <summary>Takes room for a message, or returns null when there is none.</summary>
    /// <param name="length">Bytes, at most <see cref="Bytes"/>.</param>
    /// <param name="end">The position of its end.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte* TryTake(int length, out ulong end)
    {
        Debug.Assert(length > 0 && length <= Bytes);
        var rounded = Rounded(length);
        // With nothing under way the first lines, which the cache still has, are used again.
        if (_end == Settled) _offset = 0;
        // A message lies in one piece.
        var place = _offset + rounded > _size ? 0 : _offset;
        var skipped = place < _offset ? _size - _offset : 0;
        end = _end + skipped + rounded;
        if (end - Settled > _size) return null;
        _end = end;
        _offset = place + rounded;
        return _memory + place;
    }

    /// <summary>Gives back what the last message has not needed of its room.</summary>
    /// <param name="room">What was taken for it.</param>
    /// <param name="length">What it has come to.</param>
    /// <returns>The position of its end.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong Shrink(int room, int length)
    {
        Debug.Assert(length > 0 && length <= room);
        var surplus = Rounded(room) - Rounded(length);
        _offset -= surplus;
        return _end -= surplus;
    }

    private static uint Rounded(int length) => (uint)(length + Alignment - 1) & ~(uint)(Alignment - 1);

    /// <summary>The kernel has been given everything so far, and has told what failed.</summary>
    /// <param name="tail">The completion queue's tail since.</param>
    internal void Seal(uint tail)
    {
        if (_isSealed || _end == Settled) return;
        _isSealed = true;
        _sealedEnd = _end;
        _sealedTail = tail;
    }

    /// <summary>Completions have been taken up to <paramref name="head"/>.</summary>
    /// <returns>Whether sends have come to their end by it.</returns>
    internal bool Settle(uint head)
    {
        if (!_isSealed || (int)(head - _sealedTail) < 0) return false;
        _isSealed = false;
        Settled = _sealedEnd;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => Pages.Unmap(_memory, _size);
}
