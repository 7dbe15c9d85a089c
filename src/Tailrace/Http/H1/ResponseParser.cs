using System.Runtime.CompilerServices;

namespace Tailrace.Http.H1;

/// <summary>Reads an HTTP/1 response head (RFC 9112 section 4) from a contiguous buffer. Pure; any thread.</summary>
/// <remarks>
/// Restartable like <see cref="RequestParser"/>: on <see cref="ParseStatus.NeedMore"/> call again with the same bytes
/// and more behind them, the same <c>scanned</c> and the same head. No I/O, no allocation, no exception for any input.
/// </remarks>
public static class ResponseParser
{
    private const byte Cr = (byte)'\r';
    private const byte Lf = (byte)'\n';
    private const int StatusAt = ProtocolVersion.Length + 1;
    private const int StatusEnd = StatusAt + 3;

    /// <summary>Reads on.</summary>
    /// <param name="input">All received bytes of the response, from its first.</param>
    /// <param name="scanned">0 for a new response; afterwards what the last call left in it.</param>
    /// <param name="head">Receives the head. Cleared when <paramref name="scanned"/> is 0.</param>
    /// <param name="requestMethod">The method of the request that is answered: it decides whether there is a
    /// body.</param>
    /// <param name="limits">The origin side's limits.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseStatus Parse(
        ReadOnlySpan<byte> input, ref int scanned, ResponseHead head, Method requestMethod, HttpLimits limits)
    {
        if (scanned == 0)
            head.Clear();
        ReadOnlySpan<byte> view = input.Length > limits.HeadBytesMax ? input[..limits.HeadBytesMax] : input;
        ParseStatus status = ParseStatus.Complete;
        if (head.LineStart == 0 && (scanned != 0 || !TryReadUsual(view, head)))
            status = ReadStatusLine(view, scanned, head);
        if (status == ParseStatus.Complete)
            status = HeaderParser.Read(view, scanned, head, limits);
        if (status == ParseStatus.Complete)
        {
            scanned = head.Length = head.LineStart;
            head.Rejection = ReadMeaning(view, head, requestMethod, limits);
            return head.Rejection == Rejection.None ? ParseStatus.Complete : ParseStatus.Rejected;
        }
        scanned = view.Length;
        return status == ParseStatus.NeedMore && view.Length == limits.HeadBytesMax
            ? head.Reject(Rejection.HeadTooLarge)
            : status;
    }

    /// <summary>The usual line, there whole: 200.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadUsual(ReadOnlySpan<byte> input, ResponseHead head)
    {
        if (!input.StartsWith("HTTP/1.1 200 OK\r\n"u8))
            return false;
        head.MinorVersion = 1;
        head.IsHttp11 = true;
        head.Status = 200;
        head.Reason = new(StatusEnd + 1, 2);
        head.LineStart = StatusEnd + 5;
        return true;
    }

    /// <summary>
    /// The version and the status are judged byte by byte as they come, so that an origin that speaks no HTTP is found
    /// out at once; the reason, whose content means nothing, when its line has ended.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ParseStatus ReadStatusLine(ReadOnlySpan<byte> input, int scanned, ResponseHead head)
    {
        int minor = 1;
        bool isHttp11 = input.StartsWith("HTTP/1.1 "u8);
        // All but this version, and all that is not whole, is judged byte by byte.
        if (!isHttp11 || !AreDigits(input))
        {
            ParseStatus status = JudgeStart(input, head, out minor);
            if (status != ParseStatus.Complete)
                return status;
        }
        if (scanned > StatusEnd && !input[scanned..].Contains(Lf))
            return ParseStatus.NeedMore;
        head.MinorVersion = Math.Min(minor, 1);
        head.IsHttp11 = isHttp11;
        head.Status = (input[StatusAt] - '0') * 100 + (input[StatusAt + 1] - '0') * 10 + (input[StatusAt + 2] - '0');
        // The space before the reason is due even when the reason is empty; many origins leave both out, and nothing
        // depends on it.
        int start = input.Length > StatusEnd && input[StatusEnd] == ' ' ? StatusEnd + 1 : StatusEnd;
        int end = start == StatusEnd ? StatusEnd : ByteScan.ValueEnd(input, start);
        if (!HeaderParser.IsLineEnd(input, end))
            return input[StatusEnd..].Contains(Lf) ? head.Reject(ReasonOf(input, end)) : ParseStatus.NeedMore;
        if (head.Status is < 100 or > 599)
            return head.Reject(Rejection.BadStatusLine);
        head.Reason = new(start, end - start);
        head.LineStart = end + 2;
        return ParseStatus.Complete;
    }

    /// <summary>What is wrong with a status line that has its LF.</summary>
    private static Rejection ReasonOf(ReadOnlySpan<byte> input, int end) => input[end] switch
    {
        Lf => Rejection.BareLineFeed,
        Cr => Rejection.BareCarriageReturn,
        _ => Rejection.BadStatusLine,
    };

    /// <summary>Whether the three digits of the status have come.</summary>
    private static bool AreDigits(ReadOnlySpan<byte> input) =>
        input.Length >= StatusEnd
        && char.IsAsciiDigit((char)input[StatusAt])
        && char.IsAsciiDigit((char)input[StatusAt + 1])
        && char.IsAsciiDigit((char)input[StatusAt + 2]);

    private static ParseStatus JudgeStart(ReadOnlySpan<byte> input, ResponseHead head, out int minor)
    {
        ParseStatus status = ProtocolVersion.Read(input, out int major, out minor, out _);
        if (status == ParseStatus.Rejected)
            return head.Reject(Rejection.BadStatusLine);
        if (status == ParseStatus.NeedMore)
            return status;
        if (major != 1)
            return head.Reject(Rejection.UnsupportedVersion);
        int judged = Math.Min(input.Length, StatusEnd);
        if (judged > ProtocolVersion.Length && input[ProtocolVersion.Length] != ' ')
            return head.Reject(Rejection.BadStatusLine);
        for (int i = StatusAt; i < judged; i++)
        {
            if (!char.IsAsciiDigit((char)input[i]))
                return head.Reject(Rejection.BadStatusLine);
        }
        return input.Length < StatusEnd ? ParseStatus.NeedMore : ParseStatus.Complete;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Rejection ReadMeaning(
        ReadOnlySpan<byte> bytes, ResponseHead head, Method requestMethod, HttpLimits limits)
    {
        Rejection rejection = BodyFraming.ForResponse(
            requestMethod,
            head.Status,
            head.MinorVersion,
            head.Headers,
            bytes,
            out BodyKind body,
            out long contentLength);
        if (rejection != Rejection.None)
            return rejection;
        if (body == BodyKind.Length && limits.BodyBytesMax > 0 && contentLength > limits.BodyBytesMax)
            return Rejection.BodyTooLarge;
        head.Body = body;
        head.ContentLength = contentLength;
        ConnectionOption options = ConnectionOptions.Read(head, bytes);
        head.HasConnectionOptions = (options & ConnectionOption.Field) != 0;
        if ((options & ConnectionOption.TooMany) != 0)
            return Rejection.TooManyConnectionOptions;
        head.KeepAlive = options.IsPersistent(head.MinorVersion)
            && body != BodyKind.UntilClose
            && !AnnouncesForbiddenBody(head);
        return Rejection.None;
    }

    /// <summary>
    /// RFC 9110 section 8.6 and RFC 9112 section 6.1 forbid both framing fields in 1xx and 204. An origin that sends
    /// them anyway may well send the body too, which would be read as the next response.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool AnnouncesForbiddenBody(ResponseHead head) =>
        head.Status is < 200 or 204
        && (head.ContentLength > 0 || head.Headers.Has(KnownHeader.TransferEncoding));
}
