using System.Buffers;
using System.Text;

namespace Tailrace.Proxy.Tcp;

/// <summary>What a client speaks, as far as its first bytes tell.</summary>
internal enum StreamKind : byte
{
    /// <summary>So far it can be more than one.</summary>
    Undecided,

    /// <summary>HTTP in clear text.</summary>
    Http,

    /// <summary>TLS, whatever is in it.</summary>
    Tls,

    /// <summary>Something else.</summary>
    Other,
}

/// <summary>Tells HTTP, TLS and other protocols apart by a stream's first bytes.</summary>
/// <remarks>
/// <para>Pure: bytes in, verdict out; each call reads from the start, and more bytes never change a verdict. At most
/// <see cref="LengthMax"/> bytes are needed for one.</para>
/// <para>
/// TLS begins with a handshake record (RFC 8446 section 5.1). HTTP begins with a method in capitals, a space and the
/// beginning of a target (RFC 9112 section 3.2): a path, <c>http://</c>, or what OPTIONS, CONNECT and the preface of
/// HTTP/2 have there. Text protocols whose commands are words too (SMTP, FTP, Redis) have other arguments.
/// </para>
/// </remarks>
internal static class FirstBytes
{
    /// <summary>So many bytes are always enough.</summary>
    internal const int LengthMax = MethodLengthMax + 1 + SchemeLengthMax;

    private const int MethodLengthMax = 24;
    private const int SchemeLengthMax = 8;
    private const byte HandshakeRecord = 22;
    private const byte MajorVersion = 3;

    private static readonly SearchValues<byte> s_methodBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ-"u8);

    /// <summary>Decides what the bytes are the beginning of.</summary>
    internal static StreamKind Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return StreamKind.Undecided;
        if (bytes[0] != HandshakeRecord) return ReadRequestLine(bytes);
        if (bytes.Length == 1) return StreamKind.Undecided;
        return bytes[1] == MajorVersion ? StreamKind.Tls : StreamKind.Other;
    }

    private static StreamKind ReadRequestLine(ReadOnlySpan<byte> bytes)
    {
        var length = bytes.IndexOfAnyExcept(s_methodBytes);
        if (length < 0) return bytes.Length > MethodLengthMax ? StreamKind.Other : StreamKind.Undecided;
        if (length is 0 or > MethodLengthMax || bytes[length] != (byte)' ') return StreamKind.Other;
        var method = bytes[..length];
        var target = bytes[(length + 1)..];
        if (target.IsEmpty) return StreamKind.Undecided;
        if (target[0] == (byte)'/') return StreamKind.Http;
        if (method.SequenceEqual("CONNECT"u8))
            return target[0] is > (byte)' ' and <= (byte)'~' ? StreamKind.Http : StreamKind.Other;
        var mayBeStar = method.SequenceEqual("OPTIONS"u8) || method.SequenceEqual("PRI"u8);
        return mayBeStar && target[0] == (byte)'*' ? Compare(target, "* "u8) : ReadScheme(target);
    }

    /// <summary>A target that is a whole URL begins with <c>http://</c> or <c>https://</c>, in any case.</summary>
    private static StreamKind ReadScheme(ReadOnlySpan<byte> target)
    {
        Span<byte> lower = stackalloc byte[SchemeLengthMax];
        if (target.Length > SchemeLengthMax) target = target[..SchemeLengthMax];
        // What is beyond ASCII stays as it is, and is no scheme.
        target.CopyTo(lower);
        lower = lower[..target.Length];
        Ascii.ToLowerInPlace(lower, out _);
        var plain = Compare(lower, "http://"u8);
        return plain == StreamKind.Other ? Compare(lower, "https://"u8) : plain;
    }

    private static StreamKind Compare(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> wanted)
    {
        var length = Math.Min(bytes.Length, wanted.Length);
        if (!bytes[..length].SequenceEqual(wanted[..length])) return StreamKind.Other;
        return length == wanted.Length ? StreamKind.Http : StreamKind.Undecided;
    }
}
