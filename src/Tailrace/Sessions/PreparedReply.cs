using System.Text;
using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Sessions;

/// <summary>A whole answer that is always the same, checked and serialised once.</summary>
/// <remarks>Immutable; one object may answer on all workers. Date and persistence are added each time.</remarks>
public sealed class PreparedReply
{
    private const int AddedBytesMax = 128;

    private readonly byte[] _head;
    private readonly byte[] _end;
    private readonly byte[] _contentType;

    /// <summary>Prepares an answer.</summary>
    /// <param name="status">From 200 to 599.</param>
    /// <param name="contentType">The media type; empty for none.</param>
    /// <param name="body">At most <see cref="Exchange.PieceBytesMax"/> bytes.</param>
    /// <exception cref="ArgumentException">A value is not valid in HTTP, or the body is too long.</exception>
    public PreparedReply(int status, string contentType, ReadOnlySpan<byte> body)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, Exchange.PieceBytesMax);
        var type = Encoding.ASCII.GetBytes(contentType);
        if (!HttpSyntax.IsFieldValue(type)) throw new ArgumentException("not a valid media type", nameof(contentType));
        Status = status;
        _contentType = type;
        var mayHaveBody = status is not (204 or 304);
        _end = mayHaveBody ? [.. "\r\n"u8, .. body] : [.. "\r\n"u8];
        var writer = new HeadWriter(new byte[type.Length + 256]);
        writer.WriteStatusLine(status);
        if (type.Length > 0) writer.WriteHeader("Content-Type"u8, type);
        if (mayHaveBody) writer.WriteHeader("Content-Length"u8, body.Length);
        _head = writer.Written.ToArray();
        Room = _head.Length + _end.Length + AddedBytesMax;
    }

    /// <summary>The status.</summary>
    public int Status { get; }

    /// <summary>The status line and all fields that do not depend on the exchange.</summary>
    internal ReadOnlySpan<byte> Head => _head;

    /// <summary>Bytes of all of it, with room for what is added each time.</summary>
    internal int Room { get; }

    /// <summary>The media type; empty for none.</summary>
    internal ReadOnlySpan<byte> ContentType => _contentType;

    /// <summary>The body.</summary>
    internal ReadOnlySpan<byte> Body => End[2..];

    /// <summary>Bytes of the body.</summary>
    internal int BodyLength => _end.Length - 2;

    /// <summary>What ends the head, and the body.</summary>
    internal ReadOnlySpan<byte> End => _end;
}
