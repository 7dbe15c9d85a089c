using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Http.Rules;
using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Sessions;

/// <summary>Writes the request head that an HTTP/1.1 upstream gets, by edit-copy of the client's.</summary>
/// <remarks>
/// Runs of fields that need no change are copied as they are. What ends at this hop is left out, and framing is written
/// anew from the decision that was made for the client's message.
/// </remarks>
internal static class H1RequestWriter
{
    /// <summary>Room for what is added, beside the client's own values that are repeated.</summary>
    private const int AddedBytesMax = 512;

    private const ulong AlwaysDropped = HopByHop.Always | 1ul << (int)KnownHeader.ContentLength;

    /// <summary>What says where a client is and what it asked for: worth something from a known hop only.</summary>
    private const ulong ForgedFields =
        1ul << (int)KnownHeader.XForwardedFor
        | 1ul << (int)KnownHeader.XForwardedProto
        | 1ul << (int)KnownHeader.XForwardedHost
        | 1ul << (int)KnownHeader.XForwardedPort
        | 1ul << (int)KnownHeader.XRealIp;

    /// <summary>What is meant for this hop too, and passes in a form that depends on what it says.</summary>
    private const ulong ForThisHop = 1ul << (int)KnownHeader.Expect | 1ul << (int)KnownHeader.MaxForwards;

    /// <summary>What a request has none of that passes as it is, and the Host that it has.</summary>
    private const ulong Unusual = AlwaysDropped | ForgedFields | ForThisHop | 1ul << (int)KnownHeader.Host;

    /// <summary>Writes the head.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="head">The client's head.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="edits">What to change.</param>
    /// <param name="client">The client's address as text, without its port.</param>
    /// <param name="destination">The destination's host and port.</param>
    /// <param name="path">The path that stands for the client's; empty for the client's own.</param>
    /// <returns>False when it has no room in the buffers.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryWrite(
        ByteBuffer output, RequestHead head, ReadOnlySpan<byte> bytes, RequestEdits edits,
        ReadOnlySpan<byte> client, ReadOnlySpan<byte> destination, ReadOnlySpan<byte> path = default)
    {
        if (!path.IsEmpty || !IsWhole(head, edits))
            return TryWriteEdited(output, head, bytes, edits, client, destination, path);
        if (!output.TryReserve(RoomForWhole(head))) return false;
        var length = WriteWhole(output.Writable, head, bytes, edits.Via, client);
        if (length == 0) return false;
        output.Commit(length);
        return true;
    }

    /// <summary>
    /// Whether nothing is left out of the head, if its path stays, and it says nothing of a body.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsWhole(RequestHead head, RequestEdits edits) =>
        (head.Headers.Known & Unusual) == KnownHeaders.Bit(KnownHeader.Host) && head.Form == TargetForm.Origin
        && edits.AddsOnly && head.IsHttp11;

    /// <summary>What <see cref="WriteWhole"/> writes is no longer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int RoomForWhole(RequestHead head) => head.Length + head.Authority.Length + AddedBytesMax;

    /// <summary>Writes a head that <see cref="IsWhole"/>: a copy, and this hop.</summary>
    /// <returns>How many bytes it has; 0 when it has no room.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int WriteWhole(
        Span<byte> output, RequestHead head, ReadOnlySpan<byte> bytes, bool via, ReadOnlySpan<byte> client)
    {
        var writer = new HeadWriter(output);
        writer.WriteShort(bytes[head.MethodText.Offset..(head.Length - 2)]);
        writer.Write("X-Forwarded-For: "u8);
        writer.WriteShort(client);
        writer.Write("\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: "u8);
        writer.WriteShort(head.Authority.In(bytes));
        if (via) writer.Write("\r\nVia: 1.1 tailrace\r\n\r\n"u8);
        else writer.Write("\r\n\r\n"u8);
        return writer.Overflowed ? 0 : writer.Length;
    }

    /// <summary>The same for any head.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool TryWriteEdited(
        ByteBuffer output, RequestHead head, ReadOnlySpan<byte> bytes, RequestEdits edits,
        ReadOnlySpan<byte> client, ReadOnlySpan<byte> destination, ReadOnlySpan<byte> path)
    {
        var host = edits.Host switch
        {
            HostPolicy.Keep => head.Authority.In(bytes),
            HostPolicy.Fixed => edits.FixedHost.Span,
            _ => destination,
        };
        var fields = edits.Fields;
        var replaced = fields?.Replaced ?? 0;
        // What the client said of earlier hops may be repeated, and the host that it asked for twice more.
        var added = AddedBytesMax + host.Length + 2 * head.Authority.Length;
        if (fields is not null) added += fields.LengthIn(new ExchangeValues(head, bytes, client, destination));
        if (!output.TryReserve(head.Length + path.Length + added)) return false;
        var writer = new HeadWriter(output.Writable);
        var keepsHost = edits.Host == HostPolicy.Keep && head.Form == TargetForm.Origin
            && head.Headers.Has(KnownHeader.Host);
        var dropped = DroppedBy(edits, keepsHost) | replaced;
        var hasForThisHop = (head.Headers.Known & ForThisHop) != 0;
        if (hasForThisHop) dropped |= DroppedHere(head, edits);
        // A line that stays as it is belongs to the first run of what is copied.
        var runStart = keepsHost && path.IsEmpty && head.IsHttp11 ? head.MethodText.Offset : -1;
        if (runStart < 0)
        {
            WriteRequestLine(ref writer, head, bytes, path);
            if (!keepsHost) writer.WriteHeader("Host"u8, host);
        }
        CopyFields(ref writer, head, bytes, runStart, dropped, fields);
        if (hasForThisHop) WriteHops(ref writer, head, bytes);
        // Usually nobody has said anything of it yet.
        if (edits.XForwarded != ForwardedPolicy.Off)
        {
            if (((head.Headers.Known | replaced) & ForgedFields) == 0)
                WriteFirstXForwarded(ref writer, client, head.Authority.In(bytes));
            else
                WriteXForwarded(ref writer, head, bytes, edits, client);
        }
        if (edits.Forwarded != ForwardedPolicy.Off && (replaced & KnownHeaders.Bit(KnownHeader.Forwarded)) == 0)
            WriteForwarded(ref writer, head, bytes, client);
        if (edits.Via && (replaced & KnownHeaders.Bit(KnownHeader.Via)) == 0)
            writer.Write(head.MinorVersion == 0 ? "Via: 1.0 tailrace\r\n"u8 : "Via: 1.1 tailrace\r\n"u8);
        if (fields is not null)
            FieldEditWriter.Write(ref writer, fields, new ExchangeValues(head, bytes, client, destination));
        if (head.TeTrailers || head.IsUpgrade) WriteConnection(ref writer, head, bytes, edits);
        if (head.Body == BodyKind.Chunked) writer.Write("Transfer-Encoding: chunked\r\n"u8);
        else if (head.ContentLength >= 0) writer.WriteHeader("Content-Length"u8, head.ContentLength);
        writer.WriteCrlf();
        if (writer.Overflowed) return false;
        output.Commit(writer.Length);
        return true;
    }

    /// <summary>Writes the head of a request of our own.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="method">A method that has a name.</param>
    /// <param name="target">Path and query, valid.</param>
    /// <param name="host">Host and port, valid.</param>
    /// <param name="fields">Further field lines, valid, each with its CRLF; none about framing.</param>
    /// <param name="contentLength">Bytes of the body, or -1 for a request that has none.</param>
    /// <returns>False when it has no room in the buffers.</returns>
    internal static bool TryWrite(
        ByteBuffer output, Method method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> host, ReadOnlySpan<byte> fields,
        long contentLength)
    {
        if (!output.TryReserve(target.Length + host.Length + fields.Length + AddedBytesMax)) return false;
        var writer = new HeadWriter(output.Writable);
        writer.WriteRequestLine(Methods.Text(method), target);
        writer.WriteHeader("Host"u8, host);
        writer.Write(fields);
        if (contentLength >= 0) writer.WriteHeader("Content-Length"u8, contentLength);
        writer.WriteCrlf();
        if (writer.Overflowed) return false;
        output.Commit(writer.Length);
        return true;
    }

    /// <summary>
    /// Absolute-form becomes origin-form, a rewritten path stands for the client's, and the version is ours.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteRequestLine(
        ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> path)
    {
        writer.Write(head.MethodText.In(bytes));
        writer.WriteByte((byte)' ');
        if (!path.IsEmpty)
        {
            writer.Write(path);
            WriteQuery(ref writer, head, bytes);
        }
        else if (head.Form == TargetForm.Absolute)
        {
            WriteOriginForm(ref writer, head, bytes);
        }
        else
        {
            writer.Write(head.Target.In(bytes));
        }
        writer.Write(" HTTP/1.1\r\n"u8);
    }

    private static void WriteOriginForm(ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes)
    {
        // RFC 9112 section 3.2.4: OPTIONS of an authority without a path is "*".
        if (head.Path.IsEmpty && head.Query.Offset == 0 && head.Method == Method.Options)
        {
            writer.WriteByte((byte)'*');
            return;
        }
        if (head.Path.IsEmpty) writer.WriteByte((byte)'/');
        else writer.Write(head.Path.In(bytes));
        WriteQuery(ref writer, head, bytes);
    }

    private static void WriteQuery(ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes)
    {
        // An empty query is not the same as none (RFC 3986 section 6.2.3).
        if (head.Query.Offset == 0) return;
        writer.WriteByte((byte)'?');
        writer.Write(head.Query.In(bytes));
    }

    /// <summary>
    /// Off leaves alone what the client sent. Append keeps what an earlier hop said of the protocol and the host, which
    /// it alone knows, and continues its list of addresses. Set trusts nothing that a client could have made up.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong DroppedBy(RequestEdits edits, bool keepsHost)
    {
        var dropped = AlwaysDropped;
        if (!keepsHost) dropped |= KnownHeaders.Bit(KnownHeader.Host);
        if (edits.XForwarded == ForwardedPolicy.Append) dropped |= KnownHeaders.Bit(KnownHeader.XForwardedFor);
        if (edits.XForwarded == ForwardedPolicy.Set) dropped |= ForgedFields;
        if (edits.Forwarded == ForwardedPolicy.Set) dropped |= KnownHeaders.Bit(KnownHeader.Forwarded);
        return dropped;
    }

    /// <summary>
    /// Copies the fields that stay, in runs; the first may begin before them, or is -1 to begin with them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyFields(
        ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes, int runStart, ulong dropped,
        FieldEdits? edits)
    {
        var headers = head.Headers;
        if (runStart < 0) runStart = headers.Count == 0 ? head.Length - 2 : headers[0].Name.Offset;
        if (head.HasConnectionOptions || (headers.Known & dropped) != 0 || edits is { HasReplacedOthers: true })
            runStart = CopyRuns(ref writer, head, bytes, runStart, dropped, edits);
        // The empty line at the end is not part of the fields.
        writer.Write(bytes[runStart..(head.Length - 2)]);
    }

    /// <summary>Copies all runs but the last.</summary>
    /// <returns>Where that begins.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int CopyRuns(
        ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes, int runStart, ulong dropped,
        FieldEdits? edits)
    {
        var dropsOthers = edits is { HasReplacedOthers: true };
        foreach (ref readonly var field in head.Headers.Fields)
        {
            var drop = (dropped & KnownHeaders.Bit(field.Id)) != 0
                || HopByHop.IsNominated(field, bytes, head)
                || (dropsOthers && edits!.DropsOther(field, bytes));
            if (!drop) continue;
            writer.Write(bytes[runStart..field.Name.Offset]);
            runStart = field.LineEnd;
        }
        return runStart;
    }

    /// <summary>
    /// An expectation that this hop meets itself, or that HTTP/1.0 cannot have, is not passed on (RFC 9110 section
    /// 10.1.1); the hops of OPTIONS and TRACE are counted down (section 7.6.2).
    /// </summary>
    /// <returns>The fields that are not to be copied.</returns>
    private static ulong DroppedHere(RequestHead head, RequestEdits edits)
    {
        var isMetHere = head.MinorVersion == 0 || (head.ExpectContinue && edits.AnswersContinue);
        var dropped = isMetHere ? KnownHeaders.Bit(KnownHeader.Expect) : 0;
        return MaxForwards.Applies(head) ? dropped | KnownHeaders.Bit(KnownHeader.MaxForwards) : dropped;
    }

    private static void WriteHops(ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes)
    {
        if (!MaxForwards.Applies(head)) return;
        writer.WriteHeader("Max-Forwards"u8, Math.Max(MaxForwards.Read(head, bytes) - 1, 0));
    }

    /// <summary>What this hop asks of the next one: trailers, and another protocol where that is allowed.</summary>
    private static void WriteConnection(
        ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes, RequestEdits edits)
    {
        if (!edits.Upgrades.IsAsked(head, bytes))
        {
            if (head.TeTrailers) writer.Write("TE: trailers\r\nConnection: TE\r\n"u8);
            return;
        }
        writer.Write(head.TeTrailers ? "TE: trailers\r\nConnection: TE, Upgrade\r\n"u8 : "Connection: Upgrade\r\n"u8);
        var separator = "Upgrade: "u8;
        var asked = new UpgradeReader(head.Headers, bytes);
        while (asked.TryRead(out var protocol))
        {
            if (!edits.Upgrades.Allows(protocol)) continue;
            writer.Write(separator);
            writer.Write(protocol);
            separator = ", "u8;
        }
        writer.WriteCrlf();
    }

    /// <summary>The three fields where there was none of them: one piece between two values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteFirstXForwarded(
        ref HeadWriter writer, ReadOnlySpan<byte> client, ReadOnlySpan<byte> host)
    {
        writer.Write("X-Forwarded-For: "u8);
        writer.Write(client);
        writer.Write("\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: "u8);
        writer.Write(host);
        writer.WriteCrlf();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteXForwarded(
        ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes, RequestEdits edits,
        ReadOnlySpan<byte> client)
    {
        var keepsEarlier = edits.XForwarded == ForwardedPolicy.Append;
        // What an earlier hop said of itself, and what the route says, is not said again.
        var said = keepsEarlier ? Kept(head) & ~KnownHeaders.Bit(KnownHeader.XForwardedFor) : 0;
        said |= edits.Fields?.Replaced ?? 0;
        if ((said & KnownHeaders.Bit(KnownHeader.XForwardedFor)) == 0)
        {
            writer.Write("X-Forwarded-For: "u8);
            if (keepsEarlier) WriteEarlier(ref writer, head, bytes, KnownHeader.XForwardedFor);
            writer.Write(client);
            writer.WriteCrlf();
        }
        if ((said & KnownHeaders.Bit(KnownHeader.XForwardedProto)) == 0)
            writer.Write("X-Forwarded-Proto: http\r\n"u8);
        if ((said & KnownHeaders.Bit(KnownHeader.XForwardedHost)) == 0)
            writer.WriteHeader("X-Forwarded-Host"u8, head.Authority.In(bytes));
    }

    /// <summary>The known fields of a head but for those that Connection names: they are not forwarded.</summary>
    private static ulong Kept(RequestHead head) =>
        head.HasConnectionOptions ? head.Headers.Known & ~head.Nominated.Known : head.Headers.Known;

    /// <summary>The values of a field that earlier hops wrote, as the beginning of a list.</summary>
    private static void WriteEarlier(ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes, KnownHeader id)
    {
        if ((Kept(head) & KnownHeaders.Bit(id)) == 0) return;
        foreach (ref readonly var field in head.Headers.Fields)
        {
            if (field.Id != id || field.Value.IsEmpty) continue;
            writer.Write(field.Value.In(bytes));
            writer.Write(", "u8);
        }
    }

    /// <summary>
    /// RFC 7239: one element for this hop. With append, the client's own fields were copied before it.
    /// </summary>
    private static void WriteForwarded(
        ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> client)
    {
        writer.Write("Forwarded: for="u8);
        if (client.Contains((byte)':'))
        {
            writer.Write("\"["u8);
            writer.Write(client);
            writer.Write("]\""u8);
        }
        else
        {
            // RFC 7239 section 6: an address, this word, or something that begins with an underscore.
            writer.Write(client.SequenceEqual(NetAddress.UnixText) ? "unknown"u8 : client);
        }
        var host = head.Authority.In(bytes);
        if (!host.IsEmpty)
        {
            // Always quoted: a port's colon is no token character.
            writer.Write(";host=\""u8);
            writer.Write(host);
            writer.WriteByte((byte)'"');
        }
        writer.Write(";proto=http\r\n"u8);
    }
}
