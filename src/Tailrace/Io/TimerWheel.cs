using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tailrace.Io;

/// <summary>The deadlines of one loop: a hashed wheel of lazily moved entries.</summary>
/// <remarks>
/// Slots of <see cref="TickMs"/> milliseconds, linked through the entries themselves, so that setting a deadline
/// allocates nothing. A deadline beyond the wheel's span waits in the furthest slot and is queued again from there.
/// Deadlines fire late by up to one tick, never early.
/// </remarks>
public sealed class TimerWheel
{
    /// <summary>Milliseconds of one slot.</summary>
    public const int TickMs = 8;

    /// <summary>Marks an entry that is in no slot: any deadline has to be queued.</summary>
    internal const long NotQueued = long.MaxValue;

    /// <summary>Marks one whose slot has come round and which is looked at next, whatever its deadline.</summary>
    private const long Firing = long.MinValue;

    private const int SlotCount = 1024;
    private readonly TimerEntry?[] _slots = new TimerEntry?[SlotCount];
    private readonly ulong[] _occupied = new ulong[SlotCount / 64];
    private long _tick;

    /// <summary>The first tick whose slot is occupied; not known when it is not ahead.</summary>
    private long _soonest;

    /// <summary>Creates an empty wheel whose time begins at <paramref name="now"/>.</summary>
    public TimerWheel(long now) => _tick = now / TickMs;

    /// <summary>Entries that are queued.</summary>
    public int Count { get; private set; }

    /// <summary>Sets the deadline of an entry, in the loop's milliseconds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(TimerEntry entry, long deadline)
    {
        entry.Deadline = deadline;
        // A later deadline is looked at when the slot comes round.
        if (deadline < entry.ServedFrom) Queue(entry);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Queue(TimerEntry entry)
    {
        if (entry.ServedFrom != NotQueued) Unlink(entry);
        Link(entry);
    }

    /// <summary>Withdraws the deadline. The entry leaves the wheel when its slot comes round.</summary>
    public void Clear(TimerEntry entry) => entry.Deadline = long.MaxValue;

    /// <summary>Takes the entry out at once: for one that is about to be reused or dropped.</summary>
    public void Remove(TimerEntry entry)
    {
        entry.Deadline = long.MaxValue;
        if (entry.ServedFrom != NotQueued) Unlink(entry);
    }

    /// <summary>Those that wait for a deadline.</summary>
    internal List<TimerEntry> Waiting()
    {
        var waiting = new List<TimerEntry>(Count);
        foreach (var first in _slots)
        {
            for (var entry = first; entry is not null; entry = entry.Next)
                if (entry.Deadline != long.MaxValue) waiting.Add(entry);
        }
        return waiting;
    }

    /// <summary>Milliseconds until something may expire; -1 when nothing is queued.</summary>
    public int NextTimeout(long now)
    {
        if (Count == 0) return -1;
        if (_soonest <= _tick) _soonest = FindSoonest();
        return (int)Math.Max(0, _soonest * TickMs - now);
    }

    private long FindSoonest()
    {
        for (var distance = 1; distance <= SlotCount;)
        {
            var slot = (int)((_tick + distance) % SlotCount);
            var bits = _occupied[slot / 64] >> (slot % 64);
            if (bits != 0) return _tick + distance + BitOperations.TrailingZeroCount(bits);
            distance += 64 - slot % 64;
        }
        throw new UnreachableException();
    }

    /// <summary>Fires what has expired at <paramref name="now"/>.</summary>
    public void Advance(long now)
    {
        var target = now / TickMs;
        if (Count == 0)
        {
            _tick = Math.Max(_tick, target);
            return;
        }
        // After a long sleep one round of the wheel meets every entry.
        if (target - _tick > SlotCount) _tick = target - SlotCount;
        while (_tick < target)
        {
            _tick++;
            Fire((int)(_tick % SlotCount), now);
        }
    }

    private void Fire(int slot, long now)
    {
        var entry = _slots[slot];
        if (entry is null) return;
        _slots[slot] = null;
        _occupied[slot / 64] &= ~(1UL << (slot % 64));
        // The whole slot is detached first: an entry that sets a new deadline goes to a later slot.
        for (var e = entry; e is not null; e = e.Next)
        {
            e.ServedFrom = Firing;
            Count--;
        }
        while (entry is not null)
        {
            var next = entry.Next;
            if (next is not null) next.Previous = null;
            entry.Next = null;
            entry.ServedFrom = NotQueued;
            if (entry.Deadline <= now)
            {
                entry.Deadline = long.MaxValue;
                _firing = next;
                entry.OnDeadline();
                next = _firing;
            }
            else if (entry.Deadline != long.MaxValue)
            {
                Link(entry);
            }
            entry = next;
        }
        _firing = null;
    }

    private TimerEntry? _firing;

    /// <summary>The deadline rounded up to a tick that has not begun.</summary>
    private static long TickOf(long deadline) => deadline == long.MaxValue ? long.MaxValue : deadline / TickMs + 1;

    private void Link(TimerEntry entry)
    {
        var tick = Math.Clamp(TickOf(entry.Deadline), _tick + 1, _tick + SlotCount - 1);
        var slot = (int)(tick % SlotCount);
        var first = _slots[slot];
        _soonest = Math.Min(_soonest, tick);
        entry.ServedFrom = (tick - 1) * TickMs;
        entry.Previous = null;
        entry.Next = first;
        if (first is not null) first.Previous = entry;
        _slots[slot] = entry;
        _occupied[slot / 64] |= 1UL << (slot % 64);
        Count++;
    }

    private void Vacate(int slot)
    {
        _occupied[slot / 64] &= ~(1UL << (slot % 64));
        if (_soonest % SlotCount == slot) _soonest = 0;
    }

    private void Unlink(TimerEntry entry)
    {
        if (entry.Next is { } next) next.Previous = entry.Previous;
        if (entry.Previous is { } previous) previous.Next = entry.Next;
        if (entry.ServedFrom == Firing)
        {
            if (_firing == entry) _firing = entry.Next;
        }
        else
        {
            if (entry.Previous is null)
            {
                var slot = (int)((entry.ServedFrom / TickMs + 1) % SlotCount);
                _slots[slot] = entry.Next;
                if (entry.Next is null) Vacate(slot);
            }
            Count--;
        }
        entry.Next = entry.Previous = null;
        entry.ServedFrom = NotQueued;
    }
}
