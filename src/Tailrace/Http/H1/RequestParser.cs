using System.Runtime.CompilerServices;
using System.Text;

namespace Tailrace.Http.H1;

/// <summary>Reads an HTTP/1 request head (RFC 9112 section 3) from a contiguous buffer. Pure; any thread.</summary>
/// <remarks>
/// <para>Restartable: on <see cref="ParseStatus.NeedMore"/> call again with the same bytes and more behind them, the
/// same <c>scanned</c> and the same head. Where it stopped stands in the head, so a head that drips in byte by byte
/// costs linear time, and its verdict is that of the whole: each byte is judged from what came before it alone.</para>
/// <para>No I/O, no allocation, no exception for any input.</para>
/// </remarks>
public static class RequestParser
{
    /// <summary>Empty lines tolerated before the request line (RFC 9112 section 2.2 asks for one at least).</summary>
    private const int EmptyLinesMax = 2;

    /// <summary>The fields that say how the body ends and what becomes of the connection.</summary>
    private const ulong MeaningFields =
        1ul << (int)KnownHeader.ContentLength
        | 1ul << (int)KnownHeader.TransferEncoding
        | 1ul << (int)KnownHeader.Connection
        | 1ul << (int)KnownHeader.Te
        | 1ul << (int)KnownHeader.Expect;

    /// <summary>Reads on.</summary>
    /// <param name="input">All received bytes of the request, from its first.</param>
    /// <param name="scanned">0 for a new request; afterwards what the last call left in it.</param>
    /// <param name="head">Receives the head. Cleared when <paramref name="scanned"/> is 0.</param>
    /// <param name="limits">The client side's limits.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseStatus Parse(ReadOnlySpan<byte> input, ref int scanned, RequestHead head, HttpLimits limits)
    {
        if (scanned == 0)
            head.Clear();
        ReadOnlySpan<byte> view = input.Length > limits.HeadBytesMax ? input[..limits.HeadBytesMax] : input;
        ParseStatus status = ParseStatus.Complete;
        if (head.LineStart == 0 && (scanned != 0 || !RequestLine.TryReadUsual(view, head, limits)))
            status = RequestLine.Read(view, scanned, head, limits);
        if (status == ParseStatus.Complete)
            status = HeaderParser.Read(view, scanned, head, limits);
        if (status == ParseStatus.Complete)
        {
            scanned = head.Length = head.LineStart;
            head.Rejection = ReadMeaning(view, head, limits);
            return head.Rejection == Rejection.None ? ParseStatus.Complete : ParseStatus.Rejected;
        }
        scanned = view.Length;
        if (status == ParseStatus.NeedMore && view.Length == limits.HeadBytesMax)
        {
            bool inTarget = head.LineStart == 0 && !head.MethodText.IsEmpty;
            return head.Reject(inTarget ? Rejection.TargetTooLong : Rejection.HeadTooLarge);
        }
        return status;
    }

    /// <summary>How many bytes of empty lines to pass over, as far as they have come.</summary>
    internal static int SkipEmptyLines(ReadOnlySpan<byte> input)
    {
        int start = 0;
        while (start < EmptyLinesMax * 2 && HeaderParser.IsLineEnd(input, start))
            start += 2;
        return start;
    }

    /// <summary>Judges the head as a whole, now that each of its lines is valid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Rejection ReadMeaning(ReadOnlySpan<byte> bytes, RequestHead head, HttpLimits limits)
    {
        HeaderTable headers = head.Headers;
        Rejection rejection = ReadHost(bytes, head);
        if (rejection != Rejection.None)
            return rejection;
        if ((headers.Known & MeaningFields) != 0 || head.MinorVersion == 0)
            return ReadFurther(bytes, head, limits);
        head.KeepAlive = true;
        return Rejection.None;
    }

    /// <summary>What depends on more than the host.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Rejection ReadFurther(ReadOnlySpan<byte> bytes, RequestHead head, HttpLimits limits)
    {
        HeaderTable headers = head.Headers;
        Rejection rejection = BodyFraming.ForRequest(
            head.Method, head.MinorVersion, headers, bytes, out BodyKind body, out long contentLength);
        if (rejection != Rejection.None)
            return rejection;
        if (limits.BodyBytesMax > 0 && contentLength > limits.BodyBytesMax)
            return Rejection.BodyTooLarge;
        head.Body = body;
        head.ContentLength = contentLength;

        ConnectionOption options = ConnectionOptions.Read(head, bytes);
        head.KeepAlive = options.IsPersistent(head.MinorVersion);
        head.HasConnectionOptions = (options & ConnectionOption.Field) != 0;
        if ((options & ConnectionOption.TooMany) != 0)
            return Rejection.TooManyConnectionOptions;
        if (head.MinorVersion == 0)
            return Rejection.None;
        // What HTTP/1.0 does not know must not be done for a client that speaks it.
        head.IsUpgrade = (options & ConnectionOption.Upgrade) != 0 && headers.Has(KnownHeader.Upgrade);
        head.TeTrailers = headers.Has(KnownHeader.Te) && HasTrailers(headers, bytes);
        head.ExpectContinue = headers.TryFind(KnownHeader.Expect, out HeaderField expect)
            && Ascii.EqualsIgnoreCase(expect.Value.In(bytes), "100-continue"u8)
            && body != BodyKind.None && contentLength != 0;
        return Rejection.None;
    }

    /// <summary>Host: exactly one in HTTP/1.1, at most one ever, and a valid one (RFC 9112 section 3.2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Rejection ReadHost(ReadOnlySpan<byte> bytes, RequestHead head)
    {
        if (!head.Headers.TryFind(KnownHeader.Host, out HeaderField host))
            return head.MinorVersion == 0 ? Rejection.None : Rejection.MissingHost;
        if ((head.Headers.Repeated & KnownHeaders.Bit(KnownHeader.Host)) != 0)
            return Rejection.DuplicateHost;
        if (!AuthoritySyntax.IsValid(bytes, host.Value))
            return Rejection.BadHost;
        if (head.Authority.IsEmpty)
            head.Authority = host.Value;
        return Rejection.None;
    }

    private static bool HasTrailers(HeaderTable headers, ReadOnlySpan<byte> bytes)
    {
        foreach (ref readonly HeaderField field in headers.Fields)
        {
            if (field.Id != KnownHeader.Te)
                continue;
            var codings = new ListReader(field.Value.In(bytes));
            while (codings.TryRead(out ReadOnlySpan<byte> coding))
            {
                if (Ascii.EqualsIgnoreCase(coding, "trailers"u8))
                    return true;
            }
        }
        return false;
    }
}
