namespace Tailrace.Http;

/// <summary>The character classes of RFC 9110 section 5, for single bytes and whole values. Pure; any thread.</summary>
public static class HttpSyntax
{
    // One bit per ASCII character: cheaper than a table in memory, and checked against the RFC's list by a test.
    private const ulong TokenLow = 0x03FF6CFA00000000;
    private const ulong TokenHigh = 0x57FFFFFFC7FFFFFE;

    /// <summary>
    /// Whether it may stand in a token (method, field name, coding): tchar of RFC 9110 section 5.6.2.
    /// </summary>
    public static bool IsTokenByte(byte value) =>
        value < 128 && ((value < 64 ? TokenLow : TokenHigh) >> (value & 63) & 1) != 0;

    /// <summary>
    /// Whether it may stand in a field value: tab, space, visible ASCII or obs-text (RFC 9110 section 5.5).
    /// </summary>
    public static bool IsFieldByte(byte value) => value >= 0x20 ? value != 0x7F : value == '\t';

    /// <summary>
    /// Whether it may stand in a request target: visible ASCII but no fragment. Wider than RFC 3986, which also has no
    /// quotes, braces, caret, backquote and bar, because clients send those and every byte of them is unambiguous.
    /// </summary>
    public static bool IsTargetByte(byte value) => value is > 0x20 and < 0x7F and not (byte)'#';

    /// <summary>Whether it is white space inside a line (OWS of RFC 9110 section 5.6.3).</summary>
    public static bool IsBlank(byte value) => value is (byte)' ' or (byte)'\t';

    /// <summary>Whether it is a token: at least one byte, all of them tchar.</summary>
    public static bool IsToken(ReadOnlySpan<byte> text)
    {
        foreach (byte value in text)
        {
            if (!IsTokenByte(value))
                return false;
        }
        return !text.IsEmpty;
    }

    /// <summary>
    /// Whether it may be a field value as it is: no control bytes, no blanks around it. May be empty.
    /// </summary>
    public static bool IsFieldValue(ReadOnlySpan<byte> text)
    {
        foreach (byte value in text)
        {
            if (!IsFieldByte(value))
                return false;
        }
        return text.IsEmpty || (!IsBlank(text[0]) && !IsBlank(text[^1]));
    }

    /// <summary>The text without blanks around it.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t"u8);
}
