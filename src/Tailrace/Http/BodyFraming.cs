using System.Runtime.CompilerServices;
using System.Text;

namespace Tailrace.Http;

/// <summary>RFC 9112 section 6.3 as one decision table: where the body of a message ends. Pure; any thread.</summary>
/// <remarks>
/// <para>Where the RFC lets a recipient repair a message, this rejects it: two programs that repair differently see two
/// different messages, and that is what request smuggling is made of. So Content-Length is one field with one number,
/// Transfer-Encoding is one field that says "chunked", never both, and never Transfer-Encoding in HTTP/1.0.</para>
/// <para>The table, in order; the first row that applies decides:</para>
/// <list type="table">
/// <item><term>Transfer-Encoding and Content-Length</term><description>rejected</description></item>
/// <item><term>Transfer-Encoding in HTTP/1.0</term><description>rejected</description></item>
/// <item><term>Transfer-Encoding other than one "chunked"</term><description>rejected</description></item>
/// <item><term>Content-Length repeated, a list, not a number, beyond 63
/// bits</term><description>rejected</description></item>
/// <item><term>response to HEAD; 1xx, 204, 304; 2xx to CONNECT</term><description>no body</description></item>
/// <item><term>CONNECT with Transfer-Encoding or a length above 0</term><description>rejected</description></item>
/// <item><term>Transfer-Encoding</term><description>chunked</description></item>
/// <item><term>Content-Length</term><description>that many bytes</description></item>
/// <item><term>POST in HTTP/1.0</term><description>rejected: RFC 1945 section 8.3 asks for a length, and without one
/// the body might end with the connection</description></item>
/// <item><term>request</term><description>no body</description></item>
/// <item><term>response</term><description>until the connection closes</description></item>
/// </list>
/// </remarks>
public static class BodyFraming
{
    private const ulong FramingFields =
        1ul << (int)KnownHeader.ContentLength | 1ul << (int)KnownHeader.TransferEncoding;

    /// <summary>Decides the body of a request.</summary>
    /// <param name="method">The method.</param>
    /// <param name="minorVersion">0 or 1.</param>
    /// <param name="headers">The fields.</param>
    /// <param name="head">The bytes that they are places in.</param>
    /// <param name="kind">Never <see cref="BodyKind.UntilClose"/>.</param>
    /// <param name="length">The Content-Length, or -1 when there is none.</param>
    /// <returns><see cref="Rejection.None"/>, or why the message has no safe meaning.</returns>
    public static Rejection ForRequest(
        Method method,
        int minorVersion,
        HeaderTable headers,
        ReadOnlySpan<byte> head,
        out BodyKind kind,
        out long length)
    {
        kind = BodyKind.None;
        length = -1;
        if ((headers.Known & FramingFields) == 0)
            return minorVersion == 0 && method == Method.Post ? Rejection.LengthRequired : Rejection.None;
        Rejection rejection = Read(headers, head, minorVersion, ref kind, ref length);
        if (rejection == Rejection.None && method == Method.Connect && (kind == BodyKind.Chunked || length > 0))
            return Rejection.ConflictingFraming;
        return rejection;
    }

    /// <summary>Decides the body of a response.</summary>
    /// <param name="requestMethod">The method of the request that it answers.</param>
    /// <param name="status">The status.</param>
    /// <param name="minorVersion">0 or 1.</param>
    /// <param name="headers">The fields.</param>
    /// <param name="head">The bytes that they are places in.</param>
    /// <param name="kind">How the body ends.</param>
    /// <param name="length">
    /// The Content-Length, or -1 when there is none. It may announce what a GET would have had while there is no body.
    /// </param>
    /// <returns><see cref="Rejection.None"/>, or why the message has no safe meaning.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Rejection ForResponse(
        Method requestMethod,
        int status,
        int minorVersion,
        HeaderTable headers,
        ReadOnlySpan<byte> head,
        out BodyKind kind,
        out long length)
    {
        kind = BodyKind.UntilClose;
        length = -1;
        if ((headers.Known & FramingFields) != 0)
        {
            Rejection rejection = Read(headers, head, minorVersion, ref kind, ref length);
            if (rejection != Rejection.None)
                return rejection;
        }
        if (HasNoBody(requestMethod, status))
            kind = BodyKind.None;
        return Rejection.None;
    }

    /// <summary>Whether a response ends with its head whatever it says (RFC 9112 section 6.3, rules 1 and 2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasNoBody(Method requestMethod, int status) =>
        status is < 200 or 204 or 304
        || requestMethod == Method.Head
        || (requestMethod == Method.Connect && status < 300);

    /// <summary>Reads a Content-Length value: 1 to 19 digits and nothing else, within 63 bits.</summary>
    public static bool TryParseLength(ReadOnlySpan<byte> text, out long length)
    {
        ulong value = 0;
        length = -1;
        if (text.IsEmpty || text.Length > 19)
            return false;
        foreach (byte digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
                return false;
            value = value * 10 + (ulong)(digit - '0');
        }
        if (value > long.MaxValue)
            return false;
        length = (long)value;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Rejection Read(
        HeaderTable headers, ReadOnlySpan<byte> head, int minorVersion, ref BodyKind kind, ref long length)
    {
        if (headers.Has(KnownHeader.TransferEncoding)) return ReadCoding(headers, head, minorVersion, ref kind);
        if ((headers.Repeated & KnownHeaders.Bit(KnownHeader.ContentLength)) != 0)
            return Rejection.BadContentLength;
        kind = BodyKind.Length;
        return TryParseLength(headers.First(KnownHeader.ContentLength).Value.In(head), out length)
            ? Rejection.None
            : Rejection.BadContentLength;
    }

    private static Rejection ReadCoding(
        HeaderTable headers, ReadOnlySpan<byte> head, int minorVersion, ref BodyKind kind)
    {
        if (headers.Has(KnownHeader.ContentLength) || minorVersion == 0)
            return Rejection.ConflictingFraming;
        if ((headers.Repeated & KnownHeaders.Bit(KnownHeader.TransferEncoding)) != 0)
            return Rejection.BadTransferEncoding;
        kind = BodyKind.Chunked;
        return JudgeCoding(headers.First(KnownHeader.TransferEncoding).Value.In(head));
    }

    /// <summary>
    /// A list that ends in its only "chunked" has clear framing, just a coding that nobody here can decode; anything
    /// else has no end that two recipients would agree on.
    /// </summary>
    private static Rejection JudgeCoding(ReadOnlySpan<byte> value)
    {
        if (Ascii.EqualsIgnoreCase(value, "chunked"u8))
            return Rejection.None;
        int comma = value.LastIndexOf((byte)',');
        if (comma < 0 || !Ascii.EqualsIgnoreCase(HttpSyntax.Trim(value[(comma + 1)..]), "chunked"u8))
            return Rejection.BadTransferEncoding;
        var codings = new ListReader(value[..comma]);
        int count = 0;
        while (codings.TryRead(out ReadOnlySpan<byte> coding))
        {
            if (!HttpSyntax.IsToken(coding) || Ascii.EqualsIgnoreCase(coding, "chunked"u8))
                return Rejection.BadTransferEncoding;
            count++;
        }
        return count > 0 ? Rejection.UnsupportedTransferEncoding : Rejection.BadTransferEncoding;
    }
}
