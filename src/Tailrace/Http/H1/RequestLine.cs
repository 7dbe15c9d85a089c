using System.Runtime.CompilerServices;
using Tailrace.Memory;

namespace Tailrace.Http.H1;

/// <summary>Reads the request line: method, target, version (RFC 9112 section 3).</summary>
/// <remarks>
/// Unlike field lines it is judged byte by byte as it comes, so that what is no HTTP (a TLS hello, say) is turned away
/// at once. What is finished stands in the head, and is not read again.
/// </remarks>
internal static class RequestLine
{
    /// <summary>Reads on from wherever the line stands.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ParseStatus Read(ReadOnlySpan<byte> input, int scanned, RequestHead head, HttpLimits limits)
    {
        ParseStatus status = ParseStatus.Complete;
        if (head.MethodText.IsEmpty)
            status = ReadMethod(input, head);
        if (status == ParseStatus.Complete && head.Target.IsEmpty)
            status = ReadTarget(input, scanned, head, limits.TargetLengthMax);
        if (status == ParseStatus.Complete)
            status = ReadVersion(input, head);
        return status;
    }

    /// <summary>The usual line, there whole: GET of a path.</summary>
    /// <returns>False for any other, of which nothing is noted.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadUsual(ReadOnlySpan<byte> input, RequestHead head, HttpLimits limits)
    {
        const int start = 4;
        if (!input.StartsWith("GET /"u8))
            return false;
        int pathEnd = ByteScan.PathEnd(input, start);
        int end = pathEnd < input.Length && input[pathEnd] == '?' ? ByteScan.TargetEnd(input, pathEnd) : pathEnd;
        if (!input[end..].StartsWith(" HTTP/1.1\r\n"u8) || end - start > limits.TargetLengthMax)
            return false;
        head.Method = Method.Get;
        head.MethodText = new(0, 3);
        head.Target = new(start, end - start);
        head.Path = new(start, pathEnd - start);
        if (end != pathEnd)
            head.Query = new(pathEnd + 1, end - pathEnd - 1);
        head.MinorVersion = 1;
        head.IsHttp11 = true;
        head.LineStart = end + " HTTP/1.1\r\n"u8.Length;
        return true;
    }

    private static ParseStatus ReadMethod(ReadOnlySpan<byte> input, RequestHead head)
    {
        if (!input.StartsWith("GET "u8))
            return ReadOtherMethod(input, head);
        head.Method = Method.Get;
        head.MethodText = new(0, 3);
        return ParseStatus.Complete;
    }

    private static ParseStatus ReadOtherMethod(ReadOnlySpan<byte> input, RequestHead head)
    {
        int start = RequestParser.SkipEmptyLines(input);
        ReadOnlySpan<byte> rest = input[start..];
        if (rest is [(byte)'\r'])
            return ParseStatus.NeedMore;
        int length = ByteScan.NameEnd(rest.Length > Methods.LengthMax + 1 ? rest[..(Methods.LengthMax + 1)] : rest, 0);
        if (length > Methods.LengthMax)
            return head.Reject(Rejection.MethodTooLong);
        if (length == rest.Length)
            return ParseStatus.NeedMore;
        if (length == 0 || rest[length] != ' ')
        {
            bool isLineEnd = rest[length] is (byte)'\r' or (byte)'\n' or (byte)' ';
            return head.Reject(isLineEnd ? Rejection.BadRequestLine : Rejection.BadMethod);
        }
        head.Method = Methods.FromBytes(rest[..length]);
        head.MethodText = new(start, length);
        return ParseStatus.Complete;
    }

    /// <summary>Finds the end of the target, and its question mark on the way.</summary>
    private static ParseStatus ReadTarget(ReadOnlySpan<byte> input, int scanned, RequestHead head, int lengthMax)
    {
        int start = head.MethodText.End + 1;
        int at = Math.Max(start, scanned);
        if (at < input.Length && head.Query.Offset == 0)
        {
            at = ByteScan.PathEnd(input, at);
            if (at < input.Length && input[at] == '?')
                head.Query = new(at + 1, 0);
        }
        if (at < input.Length && head.Query.Offset != 0)
            at = ByteScan.TargetEnd(input, at);
        if (at - start > lengthMax)
            return head.Reject(Rejection.TargetTooLong);
        if (at >= input.Length)
            return ParseStatus.NeedMore;
        if (input[at] != ' ')
        {
            bool isLineEnd = input[at] is (byte)'\r' or (byte)'\n';
            return head.Reject(isLineEnd ? Rejection.BadRequestLine : Rejection.BadTarget);
        }
        if (at == start)
            return head.Reject(Rejection.BadRequestLine);
        head.Target = new(start, at - start);
        return ParseStatus.Complete;
    }

    private static ParseStatus ReadVersion(ReadOnlySpan<byte> input, RequestHead head)
    {
        int start = head.Target.End + 1;
        ReadOnlySpan<byte> rest = input[start..];
        if (rest.StartsWith("HTTP/1.1\r\n"u8))
        {
            head.MinorVersion = 1;
            head.IsHttp11 = true;
        }
        else
        {
            ParseStatus status = ProtocolVersion.Read(rest, out int major, out int minor, out Rejection rejection);
            if (status == ParseStatus.Rejected)
                return head.Reject(rejection);
            status = status == ParseStatus.Complete ? ReadLineEnd(rest, head) : status;
            if (status != ParseStatus.Complete)
                return status;
            if (major != 1)
                return head.Reject(Rejection.UnsupportedVersion);
            head.MinorVersion = Math.Min(minor, 1);
        }
        head.LineStart = start + ProtocolVersion.Length + 2;
        return RequestTarget.Read(input, head) ? ParseStatus.Complete : head.Reject(Rejection.BadTarget);
    }

    private static ParseStatus ReadLineEnd(ReadOnlySpan<byte> rest, RequestHead head)
    {
        if (rest.Length > ProtocolVersion.Length && rest[ProtocolVersion.Length] != '\r')
        {
            bool isFeed = rest[ProtocolVersion.Length] == '\n';
            return head.Reject(isFeed ? Rejection.BareLineFeed : Rejection.BadVersion);
        }
        if (rest.Length < ProtocolVersion.Length + 2)
            return ParseStatus.NeedMore;
        return rest[ProtocolVersion.Length + 1] == '\n'
            ? ParseStatus.Complete
            : head.Reject(Rejection.BareCarriageReturn);
    }
}
