namespace Tailrace.Http.H1;

/// <summary>
/// Lets through the trailer fields that cannot change what the message already meant. Pure; any thread.
/// </summary>
/// <remarks>
/// RFC 9110 section 6.5.1 forbids trailers that frame, route, authenticate, modify the request, control its processing
/// or describe how to read the content, for those who evaluated the head have already acted without them. Nearly every
/// well-known field is one of these, so of the well-known ones only a few pass, and of the others all.
/// </remarks>
public static class TrailerFilter
{
    private const ulong Allowed =
        1ul << (int)KnownHeader.Other
        | 1ul << (int)KnownHeader.ETag
        | 1ul << (int)KnownHeader.XRequestId
        | 1ul << (int)KnownHeader.Traceparent;

    /// <summary>Whether a field of that name may be forwarded as a trailer.</summary>
    public static bool IsAllowed(KnownHeader id) => (KnownHeaders.Bit(id) & Allowed) != 0;

    /// <summary>Copies the lines that may be forwarded.</summary>
    /// <param name="trailers">Field lines as <see cref="ChunkedDecoder.Trailers"/> has them.</param>
    /// <param name="output">As long as the trailers is always long enough.</param>
    /// <param name="written">How many bytes were copied: whole lines with their CRLF, without a final empty
    /// line.</param>
    /// <returns>False when a line did not fit; then what was copied is not to be used.</returns>
    public static bool TryCopy(ReadOnlySpan<byte> trailers, Span<byte> output, out int written)
    {
        written = 0;
        int start = 0;
        while (HeaderParser.TryReadLine(trailers, start, out HeaderField field))
        {
            if (IsAllowed(field.Id))
            {
                if (!trailers[start..field.LineEnd].TryCopyTo(output[written..]))
                    return false;
                written += field.LineEnd - start;
            }
            start = field.LineEnd;
        }
        return true;
    }
}
