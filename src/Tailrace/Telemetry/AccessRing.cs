using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Tailrace.Telemetry;

/// <summary>
/// A bounded queue of fixed-size records from one producing thread to one consuming thread, without a lock.
/// </summary>
/// <remarks>
/// The producer (a reactor) fills the record that <see cref="TryClaim"/> lends it and calls <see cref="Publish"/>; the
/// consumer (the access log's thread) reads what <see cref="TryPeek"/> lends it and calls <see cref="Release"/>.
/// Positions only grow; each is written by one side and read by the other, and they lie on cache lines of their own so
/// that neither side slows the other. The producer remembers the consumer's position it saw last and looks again only
/// when the ring seems full.
/// </remarks>
internal sealed class AccessRing
{
    private readonly byte[] _bytes;
    private readonly int _recordSize;
    private readonly long _mask;
    private Positions _positions;

    public AccessRing(int capacity, int recordSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Capacity = (int)BitOperations.RoundUpToPowerOf2((uint)capacity);
        _recordSize = recordSize;
        _mask = Capacity - 1;
        // Not cleared: a page that no record has reached yet costs no memory.
        _bytes = GC.AllocateUninitializedArray<byte>(checked(Capacity * recordSize));
    }

    /// <summary>Records the ring holds: the asked capacity rounded up to a power of two.</summary>
    public int Capacity { get; }

    /// <summary>Producer: the next free record, or false when the ring is full.</summary>
    public bool TryClaim(out Span<byte> record)
    {
        long written = _positions.Written;
        if (written - _positions.ReadSeen >= Capacity)
        {
            _positions.ReadSeen = Volatile.Read(ref _positions.Read);
            if (written - _positions.ReadSeen >= Capacity)
            {
                record = default;
                return false;
            }
        }
        record = RecordAt(written);
        return true;
    }

    /// <summary>Producer: hands the claimed record to the consumer.</summary>
    public void Publish()
    {
        Debug.Assert(_positions.Written - Volatile.Read(ref _positions.Read) < Capacity, "published without a claim");
        Volatile.Write(ref _positions.Written, _positions.Written + 1);
    }

    /// <summary>Consumer: the oldest record, or false when there is none.</summary>
    public bool TryPeek(out ReadOnlySpan<byte> record)
    {
        long read = _positions.Read;
        bool any = read < Volatile.Read(ref _positions.Written);
        record = any ? RecordAt(read) : default;
        return any;
    }

    /// <summary>Consumer: gives the peeked record back to the producer.</summary>
    public void Release()
    {
        Debug.Assert(_positions.Read < Volatile.Read(ref _positions.Written), "released without a peek");
        Volatile.Write(ref _positions.Read, _positions.Read + 1);
    }

    private Span<byte> RecordAt(long position) => _bytes.AsSpan((int)(position & _mask) * _recordSize, _recordSize);

    // 128 bytes apart: processors fetch cache lines in pairs.
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Positions
    {
        [FieldOffset(128)] public long Written;
        [FieldOffset(136)] public long ReadSeen;
        [FieldOffset(256)] public long Read;
    }
}
