using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tailrace.Memory;

namespace Tailrace.Http;

/// <summary>What a path has that two programs may read differently.</summary>
[Flags]
public enum PathOddity : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A segment "." or "..", spelled out or percent-encoded.</summary>
    DotSegment = 1,

    /// <summary>A slash or a backslash that is percent-encoded: data to some, a separator to others.</summary>
    EncodedSlash = 2,
}

/// <summary>
/// The form of a path that routes are matched on, and rewrites made of (RFC 3986 section 6.2.2); else origins get the
/// path as it was sent. Pure; any thread.
/// </summary>
/// <remarks>
/// Unreserved characters are decoded, other escapes get capital digits, dot segments are resolved, and slashes in a row
/// become one. An encoded slash stays encoded: it is no separator (RFC 3986 section 2.2). A route cannot be passed by
/// with another spelling of its path then, whichever of them the origin takes for the same.
/// </remarks>
internal static class PathSyntax
{
    private const int Width = 16;

    /// <summary>
    /// Whether a path is in that form as it stands: it has no "%", no "//" and no "/.".
    /// </summary>
    /// <param name="bytes">The bytes of the head; what follows the path lets a short one be judged in one step.</param>
    /// <param name="path">The path.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPlain(ReadOnlySpan<byte> bytes, ByteSlice path)
    {
        if (path.Length > Width || bytes.Length - path.Offset <= Width)
            return IsPlainSlow(path.In(bytes));
        uint odd = Odd(bytes[path.Offset..]);
        return (odd & ((1u << path.Length) - 1)) == 0;
    }

    /// <summary>Writes the form; it is never longer than the path.</summary>
    /// <param name="path">A path that begins with a slash.</param>
    /// <param name="form">Where it goes; as long as the path at least.</param>
    /// <param name="oddity">What was met on the way.</param>
    /// <returns>The length of the form.</returns>
    public static int Normalize(ReadOnlySpan<byte> path, Span<byte> form, out PathOddity oddity)
    {
        oddity = PathOddity.None;
        form[0] = (byte)'/';
        int length = 1;
        int segment = 1;
        for (int i = 1; i < path.Length; i++)
        {
            byte value = path[i];
            if (value == '/')
            {
                if (!EndSegment(form, ref length, segment, ref oddity))
                    form[length++] = value;
                segment = length;
            }
            else if (value == '%' && TryDecode(path[i..], out byte decoded))
            {
                if (IsUnreserved(decoded))
                {
                    form[length++] = decoded;
                }
                else
                {
                    if (decoded is (byte)'/' or (byte)'\\')
                        oddity |= PathOddity.EncodedSlash;
                    form[length++] = value;
                    form[length++] = Upper(path[i + 1]);
                    form[length++] = Upper(path[i + 2]);
                }
                i += 2;
            }
            else
            {
                form[length++] = value;
            }
        }
        EndSegment(form, ref length, segment, ref oddity);
        return length;
    }

    /// <summary>
    /// Whether a path in that form has a segment ".." for those who decode every escape first, who take a backslash for
    /// a slash, or for whom a semicolon ends the name of a segment.
    /// </summary>
    public static bool MayLeave(ReadOnlySpan<byte> form)
    {
        // Most paths have no two dots at all.
        if (form.IndexOf(".."u8) < 0 && !form.Contains((byte)'%'))
            return false;
        int dots = 0;
        bool isName = true;
        for (int i = 0; i < form.Length; i++)
        {
            byte value = form[i];
            if (value == '%' && TryDecode(form[i..], out byte decoded))
            {
                value = decoded;
                i += 2;
            }
            bool isSeparator = value is (byte)'/' or (byte)'\\';
            if (isSeparator || value == ';')
            {
                if (isName && dots == 2)
                    return true;
                dots = 0;
                isName = isSeparator;
            }
            else if (value == '.')
            {
                dots++;
            }
            else
            {
                isName = false;
            }
        }
        return isName && dots == 2;
    }

    /// <summary>
    /// Takes an empty segment or a dot segment off the end, so that the form ends in the slash before it.
    /// </summary>
    /// <returns>Whether there was one.</returns>
    private static bool EndSegment(Span<byte> form, ref int length, int segment, ref PathOddity oddity)
    {
        ReadOnlySpan<byte> text = form[segment..length];
        if (text.IsEmpty)
            return true;
        bool isParent = text.SequenceEqual(".."u8);
        if (!isParent && !text.SequenceEqual("."u8))
            return false;
        oddity |= PathOddity.DotSegment;
        // Above the root is the root (RFC 3986 section 5.2.4).
        length = isParent && segment > 1 ? form[..(segment - 1)].LastIndexOf((byte)'/') + 1 : segment;
        return true;
    }

    private static bool TryDecode(ReadOnlySpan<byte> escape, out byte value)
    {
        value = 0;
        if (escape.Length < 3 || !char.IsAsciiHexDigit((char)escape[1]) || !char.IsAsciiHexDigit((char)escape[2]))
            return false;
        value = (byte)(Digit(escape[1]) << 4 | Digit(escape[2]));
        return true;
    }

    private static int Digit(byte hex) => hex <= '9' ? hex - '0' : (hex | 0x20) - 'a' + 10;

    private static byte Upper(byte hex) => hex >= 'a' ? (byte)(hex - 0x20) : hex;

    private static bool IsUnreserved(byte value) =>
        char.IsAsciiLetterOrDigit((char)value) || value is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~';

    /// <summary>The first sixteen bytes that are "%", or "/" with "/" or "." behind it; reads one byte more.</summary>
    private static uint Odd(ReadOnlySpan<byte> bytes)
    {
        Vector128<byte> these = Vector128.Create(bytes);
        Vector128<byte> next = Vector128.Create(bytes[1..]);
        Vector128<byte> slash = Vector128.Create((byte)'/');
        Vector128<byte> pair = Vector128.Equals(these, slash)
            & (Vector128.Equals(next, slash) | Vector128.Equals(next, Vector128.Create((byte)'.')));
        return (Vector128.Equals(these, Vector128.Create((byte)'%')) | pair).ExtractMostSignificantBits();
    }

    private static bool IsPlainSlow(ReadOnlySpan<byte> path)
    {
        int at = 0;
        for (; at + Width < path.Length; at += Width)
        {
            if (Odd(path[at..]) != 0)
                return false;
        }
        for (; at < path.Length; at++)
        {
            byte next = at + 1 < path.Length ? path[at + 1] : (byte)0;
            if (path[at] == '%' || (path[at] == '/' && next is (byte)'/' or (byte)'.'))
                return false;
        }
        return true;
    }
}
