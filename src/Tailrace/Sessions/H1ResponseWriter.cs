using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Http.Rules;
using Tailrace.Memory;

namespace Tailrace.Sessions;

/// <summary>Writes response heads of HTTP/1.1: the server's own, and upstreams' by edit-copy.</summary>
/// <remarks>
/// Edit-copy: runs of fields that need no change are copied as they are; what ends at this hop is left out; framing and
/// persistence are always written anew, never forwarded.
/// </remarks>
internal static class H1ResponseWriter
{
    /// <summary>Room for what is added to an upstream's head.</summary>
    private const int AddedBytesMax = 256;

    private const ulong Dropped = HopByHop.Always | 1ul << (int)KnownHeader.ContentLength;

    /// <summary>The final answer of an upstream.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="head">The upstream's head.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="framing">The framing and persistence towards the client.</param>
    /// <param name="edits">What to change.</param>
    /// <param name="dateLine">The Date field to add when the upstream sent none (RFC 9110 section 6.6.1).</param>
    /// <param name="added">Further field lines to add.</param>
    /// <param name="values">What the values of added fields repeat; needed when the edits have fields.</param>
    internal static bool TryForward(
        ByteBuffer output, ResponseHead head, ReadOnlySpan<byte> bytes, in H1Framing framing, ResponseEdits edits,
        ReadOnlySpan<byte> dateLine, ReadOnlySpan<byte> added = default, in ExchangeValues values = default)
    {
        var fields = edits.Fields;
        var room = head.Length + AddedBytesMax + added.Length + (fields?.LengthIn(values) ?? 0);
        if (!output.TryReserve(room)) return false;
        var writer = new HeadWriter(output.Writable);
        CopyHead(ref writer, head, bytes, fields);
        if (!head.Headers.Has(KnownHeader.Date)) writer.Write(dateLine);
        if (edits.Via && (fields is null || !fields.Drops("Via"u8)))
            writer.Write(head.MinorVersion == 0 ? "Via: 1.0 tailrace\r\n"u8 : "Via: 1.1 tailrace\r\n"u8);
        if (fields is not null) FieldEditWriter.Write(ref writer, fields, values);
        if (!added.IsEmpty) writer.Write(added);
        framing.Write(ref writer);
        writer.WriteCrlf();
        if (writer.Overflowed) return false;
        output.Commit(writer.Length);
        return true;
    }

    /// <summary>The usual answer: there whole, its body of known length behind it, no edits, a client that stays.
    /// </summary>
    /// <param name="output">Where it goes: <see cref="RoomForWhole"/>.</param>
    /// <param name="head">The upstream's head; <see cref="IsPlain"/>.</param>
    /// <param name="message">All bytes of the answer.</param>
    /// <param name="dateAndLength">See <see cref="ServerContext.DateAndLength"/>.</param>
    /// <returns>How many bytes it has; 0 when it has no room.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int ForwardWhole(
        Span<byte> output, ResponseHead head, ReadOnlySpan<byte> message, ReadOnlySpan<byte> dateAndLength)
    {
        Debug.Assert(IsPlain(head) && head.Body == BodyKind.Length);
        if ((head.Headers.Known & Dropped) != KnownHeaders.Bit(KnownHeader.ContentLength))
            return ForwardRuns(output, head, message, dateAndLength);
        ref readonly var length = ref head.Headers.First(KnownHeader.ContentLength);
        var writer = new HeadWriter(output);
        writer.WriteShort(message[..length.Name.Offset]);
        return ForwardRest(writer, head, message, length.LineEnd, dateAndLength);
    }

    /// <summary>The same for a head of which more than one field is left out.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ForwardRuns(
        Span<byte> output, ResponseHead head, ReadOnlySpan<byte> message, ReadOnlySpan<byte> dateAndLength)
    {
        var writer = new HeadWriter(output);
        var runStart = 0;
        foreach (ref readonly var field in head.Headers.Fields)
        {
            if ((Dropped & KnownHeaders.Bit(field.Id)) == 0) continue;
            writer.Write(message[runStart..field.Name.Offset]);
            runStart = field.LineEnd;
        }
        return ForwardRest(writer, head, message, runStart, dateAndLength);
    }

    /// <summary>The last run of fields, what is added, and the body.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ForwardRest(
        HeadWriter writer, ResponseHead head, ReadOnlySpan<byte> message, int runStart,
        ReadOnlySpan<byte> dateAndLength)
    {
        if (runStart < head.Length - 2) writer.Write(message[runStart..(head.Length - 2)]);
        if (head.Headers.Has(KnownHeader.Date)) writer.Write(dateAndLength[ServerContext.DateLineLength..]);
        else writer.Write(dateAndLength);
        writer.WriteNumber(head.ContentLength);
        writer.Write("\r\n\r\n"u8);
        writer.WriteShort(message[head.Length..]);
        return writer.Overflowed ? 0 : writer.Length;
    }

    /// <summary>What <see cref="ForwardWhole"/> writes is no longer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int RoomForWhole(ReadOnlySpan<byte> message) => message.Length + AddedBytesMax;

    /// <summary>Whether what stays of a head depends on nothing but which well-known fields it has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsPlain(ResponseHead head) => !head.HasConnectionOptions && IsOurStatusLine(head);

    /// <summary>An interim answer of an upstream: no framing, no body.</summary>
    internal static bool TryForwardInterim(ByteBuffer output, ResponseHead head, ReadOnlySpan<byte> bytes)
    {
        if (!output.TryReserve(head.Length + AddedBytesMax)) return false;
        var writer = new HeadWriter(output.Writable);
        CopyHead(ref writer, head, bytes, edits: null);
        writer.WriteCrlf();
        if (writer.Overflowed) return false;
        output.Commit(writer.Length);
        return true;
    }

    /// <summary>The 101 of an upstream that changes protocol as it was asked to: there HTTP ends.</summary>
    internal static bool TryForwardSwitch(ByteBuffer output, ResponseHead head, ReadOnlySpan<byte> bytes)
    {
        if (!output.TryReserve(head.Length + AddedBytesMax)) return false;
        var writer = new HeadWriter(output.Writable);
        CopyHead(ref writer, head, bytes, edits: null);
        writer.Write("Connection: Upgrade\r\n"u8);
        foreach (ref readonly var field in head.Headers.Fields)
        {
            if (field.Id == KnownHeader.Upgrade) writer.WriteHeader("Upgrade"u8, field.Value.In(bytes));
        }
        writer.WriteCrlf();
        if (writer.Overflowed) return false;
        output.Commit(writer.Length);
        return true;
    }

    /// <summary>The status line and the fields that stay, in runs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyHead(
        ref HeadWriter writer, ResponseHead head, ReadOnlySpan<byte> bytes, FieldEdits? edits)
    {
        var headers = head.Headers;
        // A line that stays as it is belongs to the first run of what is copied.
        var runStart = 0;
        if (!IsOurStatusLine(head))
        {
            WriteStatusLine(ref writer, head, bytes);
            runStart = headers.Count == 0 ? head.Length - 2 : headers[0].Name.Offset;
        }
        var dropped = Dropped | (edits?.Replaced ?? 0);
        var hasOthers = head.HasConnectionOptions || edits is not null;
        foreach (ref readonly var field in headers.Fields)
        {
            if ((dropped & KnownHeaders.Bit(field.Id)) == 0
                && !(hasOthers && IsDropped(field, head, bytes, edits)))
                continue;
            writer.Write(bytes[runStart..field.Name.Offset]);
            runStart = field.LineEnd;
        }
        // The empty line at the end is not part of the fields.
        writer.Write(bytes[runStart..(head.Length - 2)]);
    }

    /// <summary>Whether Connection names the field, or the edits do.</summary>
    private static bool IsDropped(
        in HeaderField field, ResponseHead head, ReadOnlySpan<byte> bytes, FieldEdits? edits) =>
        HopByHop.IsNominated(field, bytes, head)
        || (edits is not null && edits.DropsOther(field, bytes));

    /// <summary>
    /// Whether the status line is one of our version, with the space that many leave out before an empty reason.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsOurStatusLine(ResponseHead head) =>
        head.IsHttp11 && head.Reason.Offset == "HTTP/1.1 200 ".Length;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteStatusLine(ref HeadWriter writer, ResponseHead head, ReadOnlySpan<byte> bytes) =>
        writer.WriteStatusLine(head.Status, head.Reason.In(bytes));
}
