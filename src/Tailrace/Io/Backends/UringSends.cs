using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>The places that small messages are copied to while the kernel sends them.</summary>
/// <remarks>
/// So the sender's own buffer is free at once, as if a socket had taken the bytes. The place used last is the next one
/// used. Memory is taken as it is touched.
/// </remarks>
internal sealed unsafe class UringSends : IDisposable
{
    /// <summary>No place.</summary>
    internal const int None = -1;

    private const int Colour = 192;

    private readonly byte* _memory;
    private readonly nuint _memoryBytes;
    private readonly int* _free;
    private readonly int _stride;
    private readonly int _max;
    private int _freeCount;

    /// <summary>Reserves the memory.</summary>
    /// <exception cref="IoException">The system has none.</exception>
    internal UringSends(UringSettings settings)
    {
        Bytes = settings.BufferBytes;
        _max = settings.SendsMax;
        _stride = Bytes + Colour;
        _memoryBytes = (nuint)_stride * (nuint)_max;
        _memory = Pages.Reserve(_memoryBytes);
        if (_memory == null) throw UringRing.Refusal("mmap of the send buffers", Errno.NoMemory);
        _free = (int*)NativeMemory.Alloc((nuint)(_max * sizeof(int)));
        for (var i = _max - 1; i >= 0; i--) _free[_freeCount++] = i;
    }

    /// <summary>Bytes of each place.</summary>
    internal int Bytes { get; }

    /// <summary>Places in use.</summary>
    internal int InUse => _max - _freeCount;

    /// <summary>Takes a place, or <see cref="None"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int TryTake() => _freeCount == 0 ? None : _free[--_freeCount];

    /// <summary>Where a place is.</summary>
    internal byte* At(int place) => _memory + (nint)place * _stride;

    /// <summary>Gives a place back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Return(int place) => _free[_freeCount++] = place;

    /// <inheritdoc/>
    public void Dispose()
    {
        Pages.Unmap(_memory, _memoryBytes);
        NativeMemory.Free(_free);
    }
}
