using Tailrace.Memory;

namespace Tailrace.Http.H1;

/// <summary>Reads field lines: those of request heads, response heads and trailer sections alike.</summary>
/// <remarks>
/// <para>Strict where leniency makes two meanings (RFC 9112 sections 2.2, 5.1 and 5.2): a line ends in CRLF and nothing
/// else, a name is a token with the colon right behind it, a value has no control bytes, no line continues another.</para>
/// <para>A line is judged once its LF has come, and only by its own bytes. That makes the verdict the same however the
/// input was split, and the work linear: a line is scanned for its LF as it grows, and parsed once.</para>
/// </remarks>
internal static class HeaderParser
{
    private const byte Cr = (byte)'\r';
    private const byte Lf = (byte)'\n';

    /// <summary>Reads lines into the table until the empty line.</summary>
    /// <param name="input">From the first byte of the head, as much as there is, at most the limit.</param>
    /// <param name="lineStart">Where the next line begins; on completion, the byte behind the empty line.</param>
    /// <param name="scanned">How much of the input an earlier call has seen.</param>
    /// <param name="headers">Where the fields go.</param>
    /// <param name="countMax">How many there may be.</param>
    /// <param name="rejection">Why not.</param>
    public static ParseStatus Read(
        ReadOnlySpan<byte> input,
        ref int lineStart,
        int scanned,
        HeaderTable headers,
        int countMax,
        out Rejection rejection)
    {
        rejection = Rejection.None;
        if (scanned > lineStart && !input[scanned..].Contains(Lf))
            return ParseStatus.NeedMore;
        while (true)
        {
            if (IsEmptyLine(input, lineStart))
            {
                lineStart += 2;
                return ParseStatus.Complete;
            }
            ParseStatus status = ReadLine(input, lineStart, out HeaderField field, out rejection);
            if (status != ParseStatus.Complete)
                return status;
            if (headers.Count >= countMax || !headers.TryAdd(field))
            {
                rejection = Rejection.TooManyHeaders;
                return ParseStatus.Rejected;
            }
            lineStart = field.LineEnd;
        }
    }

    /// <summary>Judges lines until the empty line, and keeps nothing of them: for trailer sections.</summary>
    public static ParseStatus Validate(
        ReadOnlySpan<byte> input, ref int lineStart, int scanned, out Rejection rejection)
    {
        rejection = Rejection.None;
        if (scanned > lineStart && !input[scanned..].Contains(Lf))
            return ParseStatus.NeedMore;
        while (!IsEmptyLine(input, lineStart))
        {
            ParseStatus status = ReadLine(input, lineStart, out HeaderField field, out rejection);
            if (status != ParseStatus.Complete)
                return status;
            lineStart = field.LineEnd;
        }
        lineStart += 2;
        return ParseStatus.Complete;
    }

    /// <summary>Whether the line that begins there is empty, so that the section ends with it.</summary>
    public static bool IsEmptyLine(ReadOnlySpan<byte> input, int start) =>
        start + 1 < input.Length && input[start] == Cr && input[start + 1] == Lf;

    /// <summary>Reads the one field line that begins at <paramref name="start"/>.</summary>
    public static ParseStatus ReadLine(
        ReadOnlySpan<byte> input, int start, out HeaderField field, out Rejection rejection)
    {
        field = default;
        rejection = Rejection.None;
        int colon = start + FieldScan.Name(input[start..]);
        if (colon >= input.Length)
            return ParseStatus.NeedMore;
        if (input[colon] != ':' || colon == start)
            return Reject(input, start, ReasonAtName(input, start, colon), out rejection);
        int value = colon + 1;
        while (value < input.Length && HttpSyntax.IsBlank(input[value]))
            value++;
        int end = value + FieldScan.Value(input[value..]);
        if (end + 1 >= input.Length)
            return ParseStatus.NeedMore;
        if (input[end] != Cr || input[end + 1] != Lf)
            return Reject(input, start, ReasonAtEnd(input[end]), out rejection);
        int valueEnd = end;
        while (valueEnd > value && HttpSyntax.IsBlank(input[valueEnd - 1]))
            valueEnd--;
        KnownHeader id = KnownHeaders.Find(input[start..colon]);
        field = new(new ByteSlice(start, colon - start), new ByteSlice(value, valueEnd - value), end + 2, id);
        return ParseStatus.Complete;
    }

    /// <summary>What is wrong with the byte where a name should have ended in a colon.</summary>
    private static Rejection ReasonAtName(ReadOnlySpan<byte> input, int start, int stop) => input[stop] switch
    {
        Lf => Rejection.BareLineFeed,
        (byte)' ' or (byte)'\t' when stop == start => Rejection.ObsoleteFold,
        _ => Rejection.BadHeaderName,
    };

    /// <summary>What is wrong with the byte where a value should have ended in CRLF.</summary>
    private static Rejection ReasonAtEnd(byte stop) => stop switch
    {
        Lf => Rejection.BareLineFeed,
        Cr => Rejection.BareCarriageReturn,
        _ => Rejection.BadHeaderValue,
    };

    /// <summary>Rejects the line, unless its LF has not come: then it is unfinished, not yet wrong.</summary>
    private static ParseStatus Reject(ReadOnlySpan<byte> input, int start, Rejection reason, out Rejection rejection)
    {
        if (!input[start..].Contains(Lf))
        {
            rejection = Rejection.None;
            return ParseStatus.NeedMore;
        }
        rejection = reason;
        return ParseStatus.Rejected;
    }
}
