using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Tailrace.Memory;

namespace Tailrace.Http.H1;

/// <summary>Reads field lines of the form that nearly all have; the others are left alone. Pure; any thread.</summary>
/// <remarks>
/// <para>The form: a name of at most 31 letters, digits and hyphens, a colon, at most one space, a value that begins
/// and ends with something visible and has no tab, CRLF. One look at thirty-two bytes finds the colon and, mostly, the
/// end. Any such line is valid for <see cref="HeaderParser.TryReadLine"/> too and reads the same there: tests compare
/// them.</para>
/// <para>What earned it: without a call in the loop its variables stay in registers, and a line costs two thirds of the
/// instructions.</para>
/// </remarks>
internal static class UsualLines
{
    /// <summary>Reads lines into the table.</summary>
    /// <param name="input">From the first byte of the head, as much as there is.</param>
    /// <param name="at">Where the first line begins.</param>
    /// <param name="headers">The table.</param>
    /// <param name="countMax">How many fields it may get to hold.</param>
    /// <returns>Where the first line begins that was not read: of another form, empty, or not there whole.</returns>
    internal static int Read(ReadOnlySpan<byte> input, int at, HeaderTable headers, int countMax) =>
        input.Length < Vector256<byte>.Count
            ? at
            : (int)Read(ref MemoryMarshal.GetReference(input), input.Length, at, headers, countMax);

    /// <summary>The same. Places have the width of addresses, so that they need not be widened for each byte.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Read(ref byte start, nint length, nint at, HeaderTable headers, int countMax)
    {
        countMax = Math.Min(countMax, headers.Capacity);
        var names = new KnownHeaders.Finder();
        while (at < length && Unsafe.Add(ref start, at) != '\r')
        {
            // Near the end it is the last thirty-two bytes, without those already passed.
            nint from = Math.Min(at, length - Vector256<byte>.Count);
            Vector256<byte> bytes = Vector256.LoadUnsafe(ref start, (nuint)from);
            int passed = (int)(at - from);
            int name = BitOperations.TrailingZeroCount((ulong)ByteScan.Colons(bytes) >> passed);
            ulong stops = (ulong)ByteScan.ValueStops(bytes) >> passed;
            nint end = at;
            while (stops == 0)
            {
                end = from + Vector256<byte>.Count;
                if (end >= length)
                    return at;
                from = end = Math.Min(end, length - Vector256<byte>.Count);
                stops = ByteScan.ValueStops(Vector256.LoadUnsafe(ref start, (nuint)from));
            }
            end += BitOperations.TrailingZeroCount(stops);
            if ((uint)(name - 1) >= Vector256<byte>.Count - 1 || at + name >= end
                || !HeaderParser.IsLineEnd(ref start, length, end))
                return at;
            KnownHeader id = names.Find(ref Unsafe.Add(ref start, at), name);
            if (id == KnownHeader.Other
                && BitOperations.TrailingZeroCount((ulong)ByteScan.NameStops(bytes) >> passed) != name)
                return at;
            nint value = at + name + 1;
            if (Unsafe.Add(ref start, value) == ' ')
                value++;
            if (Unsafe.Add(ref start, value) <= ' ' || Unsafe.Add(ref start, end - 1) <= ' ')
                return at;
            if (headers.Count >= countMax)
                return at;
            headers.Add(new(
                new ByteSlice((int)at, name), new ByteSlice((int)value, (int)(end - value)), (int)end + 2, id));
            at = end + 2;
        }
        return at;
    }
}
