using System.Net.Sockets;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Tailrace.Io;

/// <summary>
/// What each source of a listener's connections has open, and how fast it opens them, over all workers.
/// </summary>
/// <remarks>
/// <para>
/// A source is the leading bits of an address. It has one of the eight slots that a hash of it leads to, so a look-up
/// is one or two cache lines, memory is bounded, and nothing is allocated after the start. The hash has a secret, so
/// that nobody can choose addresses which share slots. In a slot a source is known by 64 bits of the hash.
/// </para>
/// <para>
/// Shared by all workers without a lock. Who uses a slot has counted itself in it first, and only a slot in which
/// nobody is counted can be given to another source; so an owner that is read after counting stays. Workers that meet
/// a new source at the same moment may give it two slots, of which all others see the first: such a source may have
/// one connection more from each of them.
/// </para>
/// </remarks>
internal sealed class SourceTable
{
    /// <summary>What <see cref="Hold"/> returns when every slot of a source has open connections of others.</summary>
    internal const int NoSlot = -1;

    private const int SlotsOfSource = 8;
    private const int Changing = -1;

    private readonly Slot[] _slots;
    private readonly int _setMask;
    private readonly UInt128 _mask4;
    private readonly UInt128 _mask6;
    private readonly ulong _secret1 = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private readonly ulong _secret2 = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Creates an empty table.</summary>
    /// <param name="sources">Sources that it remembers; rounded up to a power of two.</param>
    /// <param name="prefix4">The leading bits of an IPv4 address that make a source.</param>
    /// <param name="prefix6">The same of an IPv6 address.</param>
    internal SourceTable(int sources, int prefix4, int prefix6)
    {
        var count = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(sources, SlotsOfSource));
        _slots = new Slot[count];
        _setMask = count / SlotsOfSource - 1;
        _mask4 = uint.MaxValue << (32 - prefix4);
        _mask6 = UInt128.MaxValue << (128 - prefix6);
    }

    /// <summary>Connections that are counted now, of all sources. Any thread; a moment old.</summary>
    internal int Counted
    {
        get
        {
            var sum = 0;
            for (var i = 0; i < _slots.Length; i++) sum += Math.Max(CountOf(i), 0);
            return sum;
        }
    }

    /// <summary>Counts one more connection of a source.</summary>
    /// <param name="source">Its address.</param>
    /// <returns>The slot to give to <see cref="Leave"/>, or <see cref="NoSlot"/>.</returns>
    internal int Hold(in NetAddress source)
    {
        var owner = Hash(source);
        var first = ((int)(owner >> 32) & _setMask) * SlotsOfSource;
        while (true)
        {
            for (var i = first; i < first + SlotsOfSource; i++)
            {
                if (Volatile.Read(ref _slots[i].Owner) != owner || !TryCount(i)) continue;
                if (Volatile.Read(ref _slots[i].Owner) == owner) return i;
                Leave(i);
            }
            var idle = FindIdle(first);
            if (idle == NoSlot) return NoSlot;
            ref var slot = ref _slots[idle];
            // When another worker was faster there may be a slot for this source by now.
            if (Interlocked.CompareExchange(ref slot.Open, Changing, 0) != 0) continue;
            Volatile.Write(ref slot.FullAt, 0);
            Volatile.Write(ref slot.Owner, owner);
            Volatile.Write(ref slot.Open, 1);
            return idle;
        }
    }

    /// <summary>A connection that was counted in a slot is no more.</summary>
    internal void Leave(int slot) => Interlocked.Decrement(ref _slots[slot].Open);

    /// <summary>The connections that are counted in a slot.</summary>
    internal int CountOf(int slot) => Volatile.Read(ref _slots[slot].Open);

    /// <summary>The state of the source's <see cref="TokenBucket"/>. For who is counted in the slot.</summary>
    internal ref long BucketOf(int slot) => ref _slots[slot].FullAt;

    /// <summary>The slot that is free, or whose source opened nothing for longest.</summary>
    private int FindIdle(int first)
    {
        var (found, fullAt) = (NoSlot, long.MaxValue);
        for (var i = first; i < first + SlotsOfSource; i++)
        {
            if (Volatile.Read(ref _slots[i].Open) != 0) continue;
            var at = Volatile.Read(ref _slots[i].FullAt);
            if (Volatile.Read(ref _slots[i].Owner) == 0) at = long.MinValue;
            if (found == NoSlot || at < fullAt) (found, fullAt) = (i, at);
        }
        return found;
    }

    /// <summary>Counts one more in a slot, unless its owner is changing.</summary>
    private bool TryCount(int slot)
    {
        ref var open = ref _slots[slot].Open;
        while (true)
        {
            var before = Volatile.Read(ref open);
            if (before == Changing) return false;
            if (Interlocked.CompareExchange(ref open, before + 1, before) == before) return true;
        }
    }

    /// <summary>64 bits of a source, never 0.</summary>
    private ulong Hash(in NetAddress source)
    {
        var bits = source.Bits & (source.Family == AddressFamily.InterNetwork ? _mask4 : _mask6);
        var high = (ulong)(bits >> 64) ^ _secret1 ^ (ulong)source.Family;
        var product = Math.BigMul(high, (ulong)bits ^ _secret2, out var low) ^ low;
        // The product alone has few good bits in the middle when a factor has few.
        product = Math.BigMul(product ^ _secret1, 0x9E3779B97F4A7C15, out low) ^ low;
        return product | 1;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Slot
    {
        internal ulong Owner;
        internal long FullAt;
        internal int Open;
    }
}
