using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tailrace.Memory;

namespace Tailrace.Http.H1;

/// <summary>Reads field lines: those of request heads, response heads and trailer sections alike.</summary>
/// <remarks>
/// <para>Strict where leniency makes two meanings (RFC 9112 sections 2.2, 5.1 and 5.2): a line ends in CRLF and nothing
/// else, a name is a token with the colon right behind it, a value has no control bytes, no line continues
/// another.</para>
/// <para>A line is judged once its LF has come (what begins like the empty line, once its second byte has), and only by
/// its own bytes. That makes the verdict the same however the input was split, and the work linear: a line is scanned
/// for its LF as it grows, and parsed once.</para>
/// <para>Most lines are read by <see cref="UsualLines"/>, which leaves alone what it does not know.</para>
/// <para>The loop knows valid lines only. At the first line that is not, it ends, and <see cref="Judge"/> says whether
/// that was the empty line, a line that has not come yet, or an error, and which.</para>
/// </remarks>
internal static class HeaderParser
{
    private const byte Cr = (byte)'\r';
    private const byte Lf = (byte)'\n';

    /// <summary>CR and LF as the number that this machine reads them as.</summary>
    private static ushort CrLf
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => BitConverter.IsLittleEndian ? (ushort)(Lf << 8 | Cr) : (ushort)(Cr << 8 | Lf);
    }

    /// <summary>Reads lines into the head's table until the empty line.</summary>
    /// <param name="input">From the first byte of the head, as much as there is, at most the limit.</param>
    /// <param name="scanned">How much of the input an earlier call has seen.</param>
    /// <param name="head">Its start line has been read. On completion its next line is the first byte of the
    /// body.</param>
    /// <param name="limits">The limits of that side.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseStatus Read(ReadOnlySpan<byte> input, int scanned, MessageHead head, HttpLimits limits)
    {
        // Most heads are there whole, and all of their lines are usual.
        if (scanned <= head.LineStart)
        {
            int at = UsualLines.Read(input, head.LineStart, head.Headers, limits.HeaderCountMax);
            head.LineStart = at;
            if (IsLineEnd(input, at))
            {
                head.LineStart = at + 2;
                return ParseStatus.Complete;
            }
        }
        return ReadOn(input, scanned, head, limits);
    }

    /// <summary>The same for any head, from where it stands.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ParseStatus ReadOn(ReadOnlySpan<byte> input, int scanned, MessageHead head, HttpLimits limits)
    {
        if (IsStillUnfinished(input, head.LineStart, scanned))
            return ParseStatus.NeedMore;
        HeaderTable headers = head.Headers;
        int countMax = limits.HeaderCountMax;
        int at = head.LineStart;
        while (!IsLineEnd(input, at) && TryReadLine(input, at, out HeaderField field))
        {
            if (headers.Count >= countMax || !headers.TryAdd(field))
                return head.Reject(Rejection.TooManyHeaders);
            at = UsualLines.Read(input, field.LineEnd, headers, countMax);
        }
        if (IsLineEnd(input, at))
        {
            head.LineStart = at + 2;
            return ParseStatus.Complete;
        }
        head.LineStart = at;
        ParseStatus status = Judge(input, at, out _, out Rejection rejection);
        head.Rejection = rejection;
        return status;
    }

    /// <summary>Judges lines until the empty line, and keeps nothing of them: for trailer sections.</summary>
    public static ParseStatus Validate(
        ReadOnlySpan<byte> input, ref int lineStart, int scanned, out Rejection rejection)
    {
        rejection = Rejection.None;
        if (IsStillUnfinished(input, lineStart, scanned))
            return ParseStatus.NeedMore;
        int at = lineStart;
        while (!IsLineEnd(input, at) && TryReadLine(input, at, out HeaderField field))
            at = field.LineEnd;
        return Judge(input, at, out lineStart, out rejection);
    }

    /// <summary>
    /// Reads the field line that begins at <paramref name="start"/>, if there is one, whole and valid.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadLine(ReadOnlySpan<byte> input, int start, out HeaderField field)
    {
        int end = ByteScan.LineEnd(input, start, out int colon);
        field = default;
        if (colon >= end || colon == start || !IsLineEnd(input, end))
            return false;
        ref byte name = ref Unsafe.Add(ref MemoryMarshal.GetReference(input), start);
        // A line has no control bytes, and without those no name but a token is taken for a well-known one.
        KnownHeader id = KnownHeaders.FindInline(ref name, colon - start);
        if (id == KnownHeader.Other && ByteScan.NameEnd(input, start) != colon)
            return false;
        // One space in front is the habit. Anything else that is no visible character, the line's end too, is looked at
        // more closely.
        int value = colon + 1;
        if (At(input, value) == ' ')
            value++;
        ByteSlice text = new(value, end - value);
        if (At(input, value) <= ' ' || At(input, end - 1) <= ' ')
            text = Trimmed(input, value, end);
        field = new(new ByteSlice(start, colon - start), text, end + 2, id);
        return true;
    }

    /// <summary>Leaves out the blanks around a value. The line's end is in the input, and stops both loops.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ByteSlice Trimmed(ReadOnlySpan<byte> input, int value, int end)
    {
        while (HttpSyntax.IsBlank(At(input, value)))
            value++;
        while (end > value && HttpSyntax.IsBlank(At(input, end - 1)))
            end--;
        return new(value, end - value);
    }

    /// <summary>A byte that is known to be there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte At(ReadOnlySpan<byte> input, int at)
    {
        Debug.Assert((uint)at < (uint)input.Length);
        return Unsafe.Add(ref MemoryMarshal.GetReference(input), at);
    }

    /// <summary>Whether CRLF stands there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsLineEnd(ReadOnlySpan<byte> input, int at) =>
        IsLineEnd(ref MemoryMarshal.GetReference(input), input.Length, at);

    /// <summary>The same for an input given as its first byte and its length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsLineEnd(ref byte input, nint length, nint at)
    {
        Debug.Assert(at >= 0);
        return at + 2 <= length && Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref input, at)) == CrLf;
    }

    /// <summary>
    /// Whether the line that an earlier call could not read still has no LF: then nothing has changed. The second byte
    /// of an empty line is worth looking at whatever it is.
    /// </summary>
    private static bool IsStillUnfinished(ReadOnlySpan<byte> input, int lineStart, int scanned) =>
        scanned > lineStart && input[lineStart] != Cr && !input[scanned..].Contains(Lf);

    /// <summary>Says what stands where no valid line was found.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ParseStatus Judge(ReadOnlySpan<byte> input, int start, out int lineStart, out Rejection rejection)
    {
        lineStart = start;
        rejection = Rejection.None;
        if (IsLineEnd(input, start))
        {
            lineStart += 2;
            return ParseStatus.Complete;
        }
        if (start + 1 < input.Length && input[start] == Cr)
        {
            // Not worth waiting for its LF: every peer sends these two bytes, and then waits for us.
            rejection = Rejection.BareCarriageReturn;
            return ParseStatus.Rejected;
        }
        if (!input[start..].Contains(Lf))
            return ParseStatus.NeedMore;
        rejection = ReasonOf(input, start);
        return ParseStatus.Rejected;
    }

    /// <summary>What is wrong with a line that has its LF.</summary>
    private static Rejection ReasonOf(ReadOnlySpan<byte> input, int start)
    {
        int stop = ByteScan.NameEnd(input, start);
        if (stop == start && HttpSyntax.IsBlank(input[stop]))
            return Rejection.ObsoleteFold;
        if (stop == start || input[stop] != ':')
            return input[stop] == Lf ? Rejection.BareLineFeed : Rejection.BadHeaderName;
        return input[ByteScan.ValueEnd(input, stop + 1)] switch
        {
            Lf => Rejection.BareLineFeed,
            Cr => Rejection.BareCarriageReturn,
            _ => Rejection.BadHeaderValue,
        };
    }
}
