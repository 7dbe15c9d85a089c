using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tailrace.Http;

/// <summary>The inner loops of the head parsers: where a run of plain bytes ends. Pure; any thread.</summary>
/// <remarks>
/// <para>Each loop looks for a class of bytes that is cheap to compare thirty-two at a time and a little wider than
/// what really ends the run; the few false stops (a tab in a value, a dot in a name) are passed over by the scalar
/// definition in <see cref="HttpSyntax"/>, which is also the oracle of the tests.</para>
/// <para>What earned the vectors: when every line was read on its own, a request of 604 bytes and 12 fields took 225 ns
/// with them, and 470 with <c>SearchValues</c> for values and a scalar loop for names (.NET 10, one core of a small
/// virtual machine, no PGO). The first vector of a name or value is inlined, because most runs end in it and a call
/// costs as much.</para>
/// </remarks>
internal static class ByteScan
{
    private interface IStopClass
    {
        static abstract Vector256<byte> Stops(Vector256<byte> bytes);
    }

    /// <summary>
    /// The ends of a field line's parts: its first colon, or any place behind its end where there is none, and where
    /// it stops being a value, as <see cref="ValueEnd"/> finds it.
    /// </summary>
    /// <remarks>Most lines end within sixty-four bytes, and have their name in half of that.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LineEnd(ReadOnlySpan<byte> input, int at, out int colon)
    {
        ulong stops;
        ulong colons;
        int seen = at + 2 * Vector256<byte>.Count;
        if (at <= input.Length - 2 * Vector256<byte>.Count)
        {
            Vector256<byte> bytes = Load(input, at);
            colons = Vector256.Equals(bytes, Vector256.Create((byte)':')).ExtractMostSignificantBits();
            stops = ValueStop.Stops(bytes).ExtractMostSignificantBits();
            bytes = Load(input, at + Vector256<byte>.Count);
            stops |= (ulong)ValueStop.Stops(bytes).ExtractMostSignificantBits() << Vector256<byte>.Count;
        }
        else
        {
            // Near the end the last thirty-two bytes are looked at, without those already passed.
            int from = Math.Min(at, input.Length - Vector256<byte>.Count);
            if (from < 0)
            {
                (int last, colon) = OddLineEnd(input, at);
                return last;
            }
            seen = from + Vector256<byte>.Count;
            Vector256<byte> bytes = Load(input, from);
            colons = Vector256.Equals(bytes, Vector256.Create((byte)':')).ExtractMostSignificantBits();
            colons >>= at - from;
            stops = (ulong)ValueStop.Stops(bytes).ExtractMostSignificantBits() >> (at - from);
        }
        colon = at + BitOperations.TrailingZeroCount(colons);
        if (colons == 0)
        {
            (int last, colon) = OddLineEnd(input, at);
            return last;
        }
        if (stops == 0)
            return ValueEnd(input, seen);
        int end = at + BitOperations.TrailingZeroCount(stops);
        return Unsafe.Add(ref MemoryMarshal.GetReference(input), end) == '\t' ? ValueEnd(input, end) : end;
    }

    /// <summary>The same for any line. A pair, so that the loop's own variables need no address.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (int End, int Colon) OddLineEnd(ReadOnlySpan<byte> input, int at)
    {
        int end = ValueEnd(input, at);
        int length = input[at..end].IndexOf((byte)':');
        return (end, length < 0 ? end : at + length);
    }

    /// <summary>Which of thirty-two bytes may end a value: a bit for each, the first the lowest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ValueStops(Vector256<byte> bytes) => ValueStop.Stops(bytes).ExtractMostSignificantBits();

    /// <summary>Which of thirty-two bytes may end a token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint NameStops(Vector256<byte> bytes) => NameStop.Stops(bytes).ExtractMostSignificantBits();

    /// <summary>Whether a part of the input is a host name and nothing else; false also where that takes more to find
    /// out than one look.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSurelyHost(ReadOnlySpan<byte> input, int at, int length)
    {
        int from = Math.Min(at, input.Length - Vector256<byte>.Count);
        if (from < 0)
            return false;
        ulong stops = (ulong)HostStop.Stops(Load(input, from)).ExtractMostSignificantBits() >> (at - from);
        // Behind the last of the bytes that are looked at lies a stop as well.
        stops |= 1ul << (from + Vector256<byte>.Count - at);
        return BitOperations.TrailingZeroCount(stops) >= length;
    }

    /// <summary>Which of thirty-two bytes are colons.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Colons(Vector256<byte> bytes) =>
        Vector256.Equals(bytes, Vector256.Create((byte)':')).ExtractMostSignificantBits();

    /// <summary>
    /// The first byte from <paramref name="at"/> on that is no part of a token, or the input's length.
    /// </summary>
    public static int NameEnd(ReadOnlySpan<byte> input, int at)
    {
        at = Find<NameStop>(input, at);
        while ((uint)at < (uint)input.Length && input[at] != ':' && HttpSyntax.IsTokenByte(input[at]))
            at = Find<NameStop>(input, at + 1);
        return at;
    }

    /// <summary>
    /// The first byte from <paramref name="at"/> on that is no part of a host name, or the input's length.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int HostEnd(ReadOnlySpan<byte> input, int at)
    {
        at = Find<HostStop>(input, at);
        return (uint)at >= (uint)input.Length || input[at] is (byte)':' or (byte)'\r' ? at : OddHostEnd(input, at);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int OddHostEnd(ReadOnlySpan<byte> input, int at)
    {
        while ((uint)at < (uint)input.Length && input[at] != ':' && AuthoritySyntax.IsNameByte(input[at]))
            at = Find<HostStop>(input, at + 1);
        return at;
    }

    /// <summary>
    /// The first byte from <paramref name="at"/> on that is no part of a value, or the input's length.
    /// </summary>
    public static int ValueEnd(ReadOnlySpan<byte> input, int at)
    {
        at = Find<ValueStop>(input, at);
        while ((uint)at < (uint)input.Length && input[at] == '\t')
            at = Find<ValueStop>(input, at + 1);
        return at;
    }

    /// <summary>The first question mark, or byte that is no part of a target, or the input's length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PathEnd(ReadOnlySpan<byte> input, int at) => Find<TargetStop>(input, at);

    /// <summary>
    /// The first byte from <paramref name="at"/> on that is no part of a target, or the input's length.
    /// </summary>
    public static int TargetEnd(ReadOnlySpan<byte> input, int at)
    {
        at = Find<TargetStop>(input, at);
        while (at < input.Length && input[at] == '?')
            at = Find<TargetStop>(input, at + 1);
        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Find<TClass>(ReadOnlySpan<byte> input, int at)
        where TClass : struct, IStopClass
    {
        int last = input.Length - Vector256<byte>.Count;
        while (at <= last)
        {
            uint stops = TClass.Stops(Load(input, at)).ExtractMostSignificantBits();
            if (stops != 0)
                return at + BitOperations.TrailingZeroCount(stops);
            at += Vector256<byte>.Count;
        }
        if (last < 0) return FindInShort<TClass>(input, at);
        // The last thirty-two bytes again, without those already passed.
        ulong rest = TClass.Stops(Load(input, last)).ExtractMostSignificantBits();
        rest >>= at - last;
        return rest != 0 ? at + BitOperations.TrailingZeroCount(rest) : input.Length;
    }

    /// <summary>Thirty-two bytes from <paramref name="at"/> on: the callers know that they are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Load(ReadOnlySpan<byte> input, int at)
    {
        Debug.Assert(at >= 0 && at <= input.Length - Vector256<byte>.Count);
        return Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(input), (nuint)(uint)at);
    }

    /// <summary>
    /// The same for an input shorter than a vector: behind its copy lie zeroes, which every class stops at.
    /// </summary>
    private static int FindInShort<TClass>(ReadOnlySpan<byte> input, int at)
        where TClass : struct, IStopClass
    {
        if (at >= input.Length) return at;
        Span<byte> copy = stackalloc byte[Vector256<byte>.Count];
        copy.Clear();
        input[at..].CopyTo(copy);
        uint stops = TClass.Stops(Vector256.Create<byte>(copy)).ExtractMostSignificantBits();
        return at + BitOperations.TrailingZeroCount(stops);
    }

    /// <summary>A comparison without signs, which the instruction sets lack: the smaller of both is the byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> IsAtMost(Vector256<byte> bytes, byte limit) =>
        Vector256.Equals(Vector256.Min(bytes, Vector256.Create(limit)), bytes);

    /// <summary>Everything but letters, digits and hyphen.</summary>
    private readonly struct NameStop : IStopClass
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Stops(Vector256<byte> bytes)
        {
            Vector256<byte> letters = (bytes | Vector256.Create((byte)0x20)) - Vector256.Create((byte)'a');
            Vector256<byte> digits = bytes - Vector256.Create((byte)'0');
            return ~(IsAtMost(letters, 25) | IsAtMost(digits, 9)
                | Vector256.Equals(bytes, Vector256.Create((byte)'-')));
        }
    }

    /// <summary>Everything but letters, digits, hyphen and dot.</summary>
    private readonly struct HostStop : IStopClass
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Stops(Vector256<byte> bytes) =>
            Vector256.AndNot(NameStop.Stops(bytes), Vector256.Equals(bytes, Vector256.Create((byte)'.')));
    }

    /// <summary>The control bytes, the tab among them.</summary>
    private readonly struct ValueStop : IStopClass
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Stops(Vector256<byte> bytes) =>
            IsAtMost(bytes, 0x1F) | Vector256.Equals(bytes, Vector256.Create((byte)0x7F));
    }

    /// <summary>Everything but visible ASCII, and the two characters that end a part of a URI.</summary>
    private readonly struct TargetStop : IStopClass
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Stops(Vector256<byte> bytes) =>
            ~IsAtMost(bytes - Vector256.Create((byte)0x21), 0x7E - 0x21)
                | Vector256.Equals(bytes, Vector256.Create((byte)'#'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'?'));
    }
}
