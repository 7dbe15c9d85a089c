using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>The buffers that the kernel receives into, for all connections of a ring, and what waits in them.</summary>
/// <remarks>
/// <para>A ring of provided buffers (io_uring_register_buf_ring(3)): idle connections hold none, and the kernel
/// picks one when bytes arrive. What was received is copied out and its buffer published again at once; only what
/// nobody has asked for yet, or what the loop puts off, stays in it. So as many are needed as arrive in one turn and
/// wait for theirs, whatever the number of connections.</para>
/// <para>As many lie ready as messages came at once: each that found no buffer adds one, and what is never used is
/// taken back in time. They are kept few, for the kernel uses one after the other, and caches should hold all of them;
/// a buffer whose bytes have to wait is replaced by the one that came free last. The kernel takes buffers only inside
/// io_uring_enter: outside of it, what is published may be taken back.</para>
/// <para>Bytes that wait are linked by buffer number, first to last, in the order they came.</para>
/// </remarks>
internal sealed unsafe class UringReceives : IDisposable
{
    /// <summary>No buffer: the end of a list.</summary>
    internal const short None = -1;

    internal const ushort Group = 1;

    // Buffers that begin a whole number of pages apart would compete for the same lines of the cache.
    private const int Colour = 192;

    private readonly byte* _memory;
    private readonly nuint _memoryBytes;
    private readonly Uring.BufferEntry* _entries;
    private readonly nuint _entryBytes;
    private readonly Waiting* _waiting;
    private readonly int* _free;
    private readonly int _stride;
    private readonly int _start;
    private readonly int _max;
    private readonly uint _mask;
    private int _freeCount;

    // Of the free ones, counted from below: those that were not in use since the last trim, and those without memory.
    private int _idle;
    private int _clean;
    private int _target;
    private int _published;
    private int _lowest;
    private ushort _tail;

    /// <summary>Reserves memory for the most buffers, and publishes the first of them.</summary>
    /// <exception cref="IoException">The kernel refuses.</exception>
    internal UringReceives(UringRing ring, UringSettings settings)
    {
        Debug.Assert((settings.ReceivesMax & (settings.ReceivesMax - 1)) == 0);
        Debug.Assert(settings.ReceivesMax <= short.MaxValue + 1);
        Bytes = settings.BufferBytes;
        _max = settings.ReceivesMax;
        _mask = (uint)_max - 1;
        _start = _target = Math.Min(settings.Receives, _max);
        _stride = Bytes + Colour;
        _memoryBytes = (nuint)_stride * (nuint)_max;
        _memory = Pages.Reserve(_memoryBytes);
        _entryBytes = (nuint)(_max * sizeof(Uring.BufferEntry));
        _entries = (Uring.BufferEntry*)Pages.Reserve(_entryBytes);
        _waiting = (Waiting*)NativeMemory.Alloc((nuint)(_max * sizeof(Waiting)));
        _free = (int*)NativeMemory.Alloc((nuint)(_max * sizeof(int)));
        var registration = new Uring.BufferRegistration
        {
            Ring = (ulong)_entries,
            Entries = (uint)_max,
            Group = Group,
        };
        var errno = _memory == null || _entries == null
            ? Errno.NoMemory
            : ring.Register(Uring.RegisterBufferRing, &registration, 1);
        if (errno != 0)
        {
            Dispose();
            throw UringRing.Refusal("io_uring_register(PBUF_RING)", errno);
        }
        for (var i = _max - 1; i >= 0; i--) _free[_freeCount++] = i;
        _clean = _freeCount;
        PublishMore();
    }

    /// <summary>Bytes of each buffer.</summary>
    internal int Bytes { get; }

    /// <summary>Buffers that lie ready for the kernel.</summary>
    internal int Published => _published;

    /// <summary>Buffers that lie ready or hold bytes that wait.</summary>
    internal int InUse => _max - _freeCount;

    /// <summary>The kernel has filled a buffer: it is published no more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Take(int buffer)
    {
        Debug.Assert(_published > 0 && (uint)buffer < (uint)_max);
        if (--_published < _lowest) _lowest = _published;
    }

    /// <summary>The bytes of a buffer that was taken.</summary>
    internal byte* At(int buffer) => _memory + (nint)buffer * _stride;

    /// <summary>Replaces buffers whose bytes wait, so that enough lie ready for what comes.</summary>
    internal void Replenish()
    {
        if (_published <= _target / 2) PublishMore();
    }

    /// <summary>Gives a buffer back, for the kernel to fill again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Return(int buffer)
    {
        if (_published < _target) Publish(buffer);
        else Retire(buffer);
    }

    /// <summary>Puts what a buffer holds behind the bytes that wait already.</summary>
    internal void Append(ref short first, ref short last, int buffer, int offset, int length)
    {
        _waiting[buffer] = new Waiting { Next = None, Offset = offset, Length = length };
        if (first == None) first = (short)buffer;
        else _waiting[last].Next = (short)buffer;
        last = (short)buffer;
    }

    /// <summary>The first of the bytes that wait.</summary>
    internal ReadOnlySpan<byte> Peek(int first) =>
        new(_memory + (nint)first * _stride + _waiting[first].Offset, _waiting[first].Length);

    /// <summary>Drops the first bytes that wait; an empty buffer is given back.</summary>
    internal void Consume(ref short first, int count)
    {
        ref var waiting = ref _waiting[first];
        waiting.Offset += count;
        waiting.Length -= count;
        if (waiting.Length > 0) return;
        var next = waiting.Next;
        Return(first);
        first = next;
    }

    /// <summary>A message found no buffer: there should be one more.</summary>
    internal void Grow()
    {
        _target = Math.Min(_target + 1, _max);
        PublishMore();
    }

    /// <summary>
    /// Lets twice as many lie ready as were in use at once since the last call, if that is less than now, and gives
    /// back the memory of buffers that were free all that time.
    /// </summary>
    /// <remarks>Only when each buffer that the kernel has filled was taken: those beyond them are taken back.</remarks>
    internal void Trim()
    {
        var enough = Math.Max(_start, 2 * (_target - _lowest));
        if (enough < _target)
        {
            _target = enough;
            // The last ones published are taken back, newest first.
            for (; _published > _target; _published--) Retire(_entries[--_tail & _mask].Id);
            Volatile.Write(ref _entries->Tail, _tail);
        }
        _lowest = _published;
        GiveBackIdle();
        _idle = _freeCount;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pages.Unmap(_memory, _memoryBytes);
        Pages.Unmap((byte*)_entries, _entryBytes);
        NativeMemory.Free(_waiting);
        NativeMemory.Free(_free);
    }

    private void PublishMore()
    {
        while (_published < _target && _freeCount > 0) Publish(_free[--_freeCount]);
        _lowest = Math.Min(_lowest, _published);
        _idle = Math.Min(_idle, _freeCount);
        _clean = Math.Min(_clean, _freeCount);
    }

    private void Publish(int buffer)
    {
        ref var entry = ref _entries[_tail & _mask];
        entry.Address = (ulong)(_memory + (nint)buffer * _stride);
        entry.Length = (uint)Bytes;
        entry.Id = (ushort)buffer;
        Volatile.Write(ref _entries->Tail, ++_tail);
        _published++;
    }

    private void Retire(int buffer) => _free[_freeCount++] = buffer;

    /// <summary>Gives back neighbours together: a page has parts of two.</summary>
    private void GiveBackIdle()
    {
        if (_clean >= _idle) return;
        var idle = new Span<int>(_free, _idle);
        idle.Sort(static (a, b) => b - a);
        for (int from = 0, i = 1; i <= idle.Length; i++)
        {
            if (i < idle.Length && idle[i] == idle[i - 1] - 1) continue;
            Pages.GiveBack(_memory + (nint)idle[i - 1] * _stride, (nuint)_stride * (nuint)(i - from));
            from = i;
        }
        _clean = _idle;
    }

    private struct Waiting
    {
        internal short Next;
        internal int Offset;
        internal int Length;
    }
}
