using System.Runtime.InteropServices;

namespace Tailrace.Memory;

/// <summary>Places in native memory, each large enough for any datagram; a page is taken when it is touched.</summary>
/// <remarks>
/// Owned by one loop and used on its thread only. The places are not a power of two apart: caches would have their
/// first lines, all that small datagrams fill, compete for the same few sets.
/// </remarks>
internal sealed unsafe class DatagramSlots : IDisposable
{
    /// <summary>Bytes of a place: a datagram, or several that the kernel has put together, is shorter.</summary>
    internal const int Bytes = 64 << 10;

    private const int Stride = Bytes + 448;

    private readonly byte* _memory;

    /// <summary>Reserves the memory.</summary>
    internal DatagramSlots(int count)
    {
        Count = count;
        _memory = (byte*)NativeMemory.Alloc((nuint)count * Stride);
    }

    /// <summary>How many there are.</summary>
    internal int Count { get; }

    /// <summary>Where a place begins.</summary>
    internal byte* At(int slot) => _memory + (nint)slot * Stride;

    /// <summary>A place as a span.</summary>
    internal Span<byte> Of(int slot) => new(At(slot), Bytes);

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_memory);
}
