using System.Text;
using Tailrace.Memory;

namespace Tailrace.Http.H1;

/// <summary>
/// Splits a request target into its parts, by the form that the method allows (RFC 9112 section 3.2).
/// </summary>
internal static class RequestTarget
{
    /// <summary>Reads the target that the head names; false when it has no form that is allowed.</summary>
    public static bool Read(ReadOnlySpan<byte> input, RequestHead head)
    {
        ByteSlice target = head.Target;
        if (head.Method == Method.Connect)
            return ReadAuthority(input, head);
        if (input[target.Offset] != '/')
            return ReadAbsolute(input, head) || ReadAsterisk(input, head);
        SplitAt(head, target.Offset);
        return true;
    }

    /// <summary>
    /// Path and query, the path beginning at the given offset. The first question mark is known by then.
    /// </summary>
    private static void SplitAt(RequestHead head, int pathStart)
    {
        int end = head.Target.End;
        int mark = head.Query.Offset;
        head.Path = new(pathStart, (mark == 0 ? end : mark - 1) - pathStart);
        head.Query = mark == 0 ? default : new(mark, end - mark);
    }

    private static bool ReadAuthority(ReadOnlySpan<byte> input, RequestHead head)
    {
        head.Form = TargetForm.Authority;
        head.Authority = head.Target;
        head.Query = default;
        return AuthoritySyntax.IsValidWithPort(head.Target.In(input));
    }

    private static bool ReadAsterisk(ReadOnlySpan<byte> input, RequestHead head)
    {
        head.Form = TargetForm.Asterisk;
        head.Path = head.Target;
        return head.Method == Method.Options && head.Target.Length == 1 && input[head.Target.Offset] == '*';
    }

    /// <summary>
    /// http and https alone: for another scheme this is no proxy. User information is an error, for it is there to make
    /// a name look like another (RFC 9110 section 4.2.4).
    /// </summary>
    private static bool ReadAbsolute(ReadOnlySpan<byte> input, RequestHead head)
    {
        ReadOnlySpan<byte> target = head.Target.In(input);
        int scheme = StartsWithIgnoreCase(target, "http://"u8) ? 7 : StartsWithIgnoreCase(target, "https://"u8) ? 8 : 0;
        if (scheme == 0)
            return false;
        ReadOnlySpan<byte> rest = target[scheme..];
        int length = rest.IndexOfAny((byte)'/', (byte)'?');
        if (length < 0)
            length = rest.Length;
        head.Form = TargetForm.Absolute;
        head.Authority = new(head.Target.Offset + scheme, length);
        SplitAt(head, head.Authority.End);
        return AuthoritySyntax.IsValid(rest[..length]);
    }

    private static bool StartsWithIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> start) =>
        text.Length >= start.Length && Ascii.EqualsIgnoreCase(text[..start.Length], start);
}
