namespace Tailrace.Http.H1;

/// <summary>Reads <c>HTTP/digit.digit</c> (RFC 9112 section 2.3), which is exactly that: case, dot and all.</summary>
internal static class ProtocolVersion
{
    /// <summary>The length of every valid version.</summary>
    public const int Length = 8;

    private const int MajorAt = 5;
    private const int MinorAt = 7;

    /// <summary>Reads the version at the start of the input, judging byte by byte as they come.</summary>
    public static ParseStatus Read(ReadOnlySpan<byte> input, out int major, out int minor, out Rejection rejection)
    {
        rejection = Rejection.None;
        if (input.StartsWith("HTTP/1.1"u8))
        {
            major = minor = 1;
            return ParseStatus.Complete;
        }
        major = minor = 0;
        int length = Math.Min(input.Length, Length);
        for (int i = 0; i < length; i++)
        {
            bool isDigit = char.IsAsciiDigit((char)input[i]);
            if (i is MajorAt or MinorAt ? !isDigit : input[i] != "HTTP/0.0"u8[i])
            {
                rejection = Rejection.BadVersion;
                return ParseStatus.Rejected;
            }
        }
        if (length < Length)
            return ParseStatus.NeedMore;
        major = input[MajorAt] - '0';
        minor = input[MinorAt] - '0';
        return ParseStatus.Complete;
    }
}
