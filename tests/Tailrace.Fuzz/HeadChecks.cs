using Tailrace.Http;

namespace Tailrace.Fuzz;

/// <summary>What holds for every head that was accepted, whatever it was.</summary>
internal static class HeadChecks
{
    /// <summary>Says what is wrong with the fields or the framing of an accepted head, or null.</summary>
    public static string? Of(MessageHead head, ReadOnlySpan<byte> bytes, HttpLimits limits)
    {
        if (head.Length > limits.HeadBytesMax || head.Length > bytes.Length)
            return $"a head of {head.Length} bytes passed the limit";
        if (head.Headers.Count > limits.HeaderCountMax)
            return $"{head.Headers.Count} headers passed the limit";
        if (!bytes[..head.Length].EndsWith("\r\n\r\n"u8) && head.Headers.Count > 0)
            return "the head does not end in an empty line";
        if (head.Rejection != Rejection.None)
            return "accepted with a reason for rejection";
        return OfFields(head, bytes) ?? OfFraming(head);
    }

    private static string? OfFields(MessageHead head, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<HeaderField> fields = head.Headers.Fields;
        for (int i = 0; i < fields.Length; i++)
        {
            HeaderField field = fields[i];
            int next = i + 1 < fields.Length ? fields[i + 1].Name.Offset : head.Length - 2;
            if (field.LineEnd != next)
                return $"line {i} ends at {field.LineEnd}, not {next}";
            if (!HttpSyntax.IsToken(field.Name.In(bytes)) || bytes[field.Name.End] != ':')
                return $"line {i} has no valid name";
            if (!HttpSyntax.IsFieldValue(field.Value.In(bytes)) || field.Value.Offset <= field.Name.End)
                return $"line {i} has no valid value";
            if (!bytes[..field.LineEnd].EndsWith("\r\n"u8) || field.Value.End > field.LineEnd - 2)
                return $"line {i} does not end in CRLF";
            if (field.Id != KnownHeaders.Find(field.Name.In(bytes)))
                return $"line {i} was taken for {field.Id}";
            if (field.Id != KnownHeader.Other && !head.Headers.Has(field.Id))
                return $"the table does not know of line {i}";
        }
        return null;
    }

    private static string? OfFraming(MessageHead head)
    {
        bool hasCoding = head.Headers.Has(KnownHeader.TransferEncoding);
        bool hasLength = head.Headers.Has(KnownHeader.ContentLength);
        if (hasCoding && hasLength)
            return "both framing fields were accepted";
        if (((head.Headers.Repeated >> (int)KnownHeader.ContentLength) & 1) != 0)
            return "a second Content-Length was accepted";
        if (((head.Headers.Repeated >> (int)KnownHeader.TransferEncoding) & 1) != 0)
            return "a second Transfer-Encoding was accepted";
        if (hasCoding && head.MinorVersion == 0)
            return "Transfer-Encoding was accepted in HTTP/1.0";
        if (hasLength != (head.ContentLength >= 0))
            return "Content-Length and its value disagree";
        return null;
    }
}
