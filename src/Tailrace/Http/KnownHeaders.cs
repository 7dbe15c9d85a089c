using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Tailrace.Http;

/// <summary>Finds well-known fields by name, and knows their text. Pure; any thread.</summary>
/// <remarks>
/// A name is identified by two overlapping 8-byte words, its first and its last, with the case bit set everywhere, plus
/// its length; names longer than 16 bytes compare the second word and the last but one too, which are all bytes then.
/// The words hash into a table in which no two names share a place: a lookup is two loads, a multiplication and one
/// comparison.
/// </remarks>
public static class KnownHeaders
{
    private const int SlotBits = 9;

    /// <summary>As long as a name may be for four words to have all of it.</summary>
    private const int LengthMax = 4 * sizeof(ulong);

    /// <summary>Of a few dozen odd numbers the first that gives each name a place of its own.</summary>
    private const ulong Factor = 0x3FCD1E15E6797317;

    private const ulong CaseBits = 0x2020202020202020;

    private static readonly byte[][] Names = BuildNames();
    private static readonly Slot[] Slots = BuildSlots();

    /// <summary>How many there are, <see cref="KnownHeader.Other"/> included: values are below it.</summary>
    public static int Count => Names.Length;

    /// <summary>The field's name in its usual spelling; empty for <see cref="KnownHeader.Other"/>.</summary>
    public static ReadOnlySpan<byte> Text(KnownHeader id) => Names[(int)id];

    /// <summary>The set that has this member only.</summary>
    public static ulong Bit(KnownHeader id) => 1ul << (int)id;

    /// <summary>The well-known field of this name in any case, or <see cref="KnownHeader.Other"/>.</summary>
    /// <param name="name">A valid field name. Setting the case bit makes control bytes look like others, so that a name
    /// which is no token could be taken for one that is.</param>
    public static KnownHeader Find(ReadOnlySpan<byte> name)
    {
        return name.IsEmpty ? KnownHeader.Other : FindInline(ref MemoryMarshal.GetReference(name), name.Length);
    }

    /// <summary>The same for a name of at least one byte, within the loop over a head's lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static KnownHeader FindInline(ref byte name, int length) => new Finder().Find(ref name, length);

    /// <summary>The table for those who ask again and again: it is looked up once.</summary>
    internal readonly ref struct Finder
    {
        private readonly ref Slot _slots = ref MemoryMarshal.GetArrayDataReference(Slots);

        /// <summary>Finds the table.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Finder()
        {
        }

        /// <summary>The field of a name of at least one byte.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public KnownHeader Find(ref byte name, int length)
        {
            Words words = Words.Of(ref name, length);
            ref readonly Slot slot = ref Unsafe.Add(ref _slots, words.Hash);
            return slot.First == words.First && slot.Last == words.Last && slot.Length == length
                && (length <= 16 || (slot.Middle == MiddleOf(ref name) && slot.Rest == RestOf(ref name, length)))
                    ? slot.Id
                    : KnownHeader.Other;
        }
    }

    /// <summary>The second word of a name of at least 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MiddleOf(ref byte name) =>
        Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref name, sizeof(ulong))) | CaseBits;

    /// <summary>The last word but one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong RestOf(ref byte name, int length) => MiddleOf(ref Unsafe.Add(ref name, length - 24));

    private readonly record struct Slot(
        ulong First, ulong Last, ulong Middle, ulong Rest, int Length, KnownHeader Id);

    /// <summary>What identifies a name; little-endian everywhere, as the factor was searched for.</summary>
    internal readonly record struct Words(ulong First, ulong Last)
    {
        /// <summary>The name's place in the table.</summary>
        public int Hash
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => (int)((First ^ BitOperations.RotateLeft(Last, 29)) * Factor >> (64 - SlotBits));
        }

        /// <summary>The words of a name of at least one byte.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Words Of(ref byte name, int length)
        {
            if (length >= 8)
            {
                return new(Load64(ref name) | CaseBits, Load64(ref Unsafe.Add(ref name, length - 8)) | CaseBits);
            }
            ulong word = length >= 4
                ? Load32(ref name) | (ulong)Load32(ref Unsafe.Add(ref name, length - 4)) << 32
                : name | (ulong)Unsafe.Add(ref name, length >> 1) << 8 | (ulong)Unsafe.Add(ref name, length - 1) << 16;
            return new(word | CaseBits, 0);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong Load64(ref byte from)
        {
            ulong word = Unsafe.ReadUnaligned<ulong>(ref from);
            return BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static uint Load32(ref byte from)
        {
            uint word = Unsafe.ReadUnaligned<uint>(ref from);
            return BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
        }
    }

    private static Slot[] BuildSlots()
    {
        var slots = new Slot[1 << SlotBits];
        for (int id = 1; id < Names.Length; id++)
        {
            Words words = Words.Of(ref Names[id][0], Names[id].Length);
            ref Slot slot = ref slots[words.Hash];
            if (slot.Id != KnownHeader.Other)
                throw new InvalidOperationException($"{(KnownHeader)id} needs another factor");
            int length = Names[id].Length;
            if (length > LengthMax)
                throw new InvalidOperationException($"{(KnownHeader)id} has bytes that nobody compares");
            bool isLong = length > 16;
            ulong middle = isLong ? MiddleOf(ref Names[id][0]) : 0;
            ulong rest = isLong ? RestOf(ref Names[id][0], length) : 0;
            slot = new(words.First, words.Last, middle, rest, length, (KnownHeader)id);
        }
        return slots;
    }

    private static byte[][] BuildNames() =>
    [
        [],
        [.. "Host"u8],
        [.. "Content-Length"u8],
        [.. "Transfer-Encoding"u8],
        [.. "Connection"u8],
        [.. "Keep-Alive"u8],
        [.. "Proxy-Connection"u8],
        [.. "Proxy-Authenticate"u8],
        [.. "Proxy-Authorization"u8],
        [.. "TE"u8],
        [.. "Trailer"u8],
        [.. "Upgrade"u8],
        [.. "HTTP2-Settings"u8],
        [.. "Expect"u8],
        [.. "Max-Forwards"u8],
        [.. "Via"u8],
        [.. "Forwarded"u8],
        [.. "X-Forwarded-For"u8],
        [.. "X-Forwarded-Proto"u8],
        [.. "X-Forwarded-Host"u8],
        [.. "X-Forwarded-Port"u8],
        [.. "X-Real-IP"u8],
        [.. "X-Request-ID"u8],
        [.. "Date"u8],
        [.. "Server"u8],
        [.. "Content-Type"u8],
        [.. "Content-Encoding"u8],
        [.. "Content-Range"u8],
        [.. "Content-Disposition"u8],
        [.. "User-Agent"u8],
        [.. "Referer"u8],
        [.. "Origin"u8],
        [.. "Accept"u8],
        [.. "Accept-Encoding"u8],
        [.. "Accept-Language"u8],
        [.. "Accept-Ranges"u8],
        [.. "Authorization"u8],
        [.. "WWW-Authenticate"u8],
        [.. "Cookie"u8],
        [.. "Set-Cookie"u8],
        [.. "Cache-Control"u8],
        [.. "Pragma"u8],
        [.. "Age"u8],
        [.. "Expires"u8],
        [.. "ETag"u8],
        [.. "Last-Modified"u8],
        [.. "If-Match"u8],
        [.. "If-None-Match"u8],
        [.. "If-Modified-Since"u8],
        [.. "If-Unmodified-Since"u8],
        [.. "If-Range"u8],
        [.. "Range"u8],
        [.. "Location"u8],
        [.. "Vary"u8],
        [.. "Allow"u8],
        [.. "Retry-After"u8],
        [.. "Link"u8],
        [.. "Alt-Svc"u8],
        [.. "Warning"u8],
        [.. "Strict-Transport-Security"u8],
        [.. "Priority"u8],
        [.. "Traceparent"u8],
    ];
}
