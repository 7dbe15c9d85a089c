using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Handlers;

/// <summary>Answers every request with the same status and body.</summary>
/// <remarks>Immutable; one object may serve all workers.</remarks>
public sealed class FixedReply : Handler
{
    private readonly int _status;
    private readonly string _contentType;
    private readonly byte[] _body;

    /// <summary>Creates the handler.</summary>
    /// <param name="status">From 200 to 599.</param>
    /// <param name="contentType">The media type; empty for none.</param>
    /// <param name="body">At most <see cref="Exchange.PieceBytesMax"/> bytes.</param>
    public FixedReply(int status, string contentType, ReadOnlySpan<byte> body)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, Exchange.PieceBytesMax);
        _status = status;
        _contentType = contentType;
        _body = body.ToArray();
    }

    /// <summary>The answer to what matches no route.</summary>
    public static FixedReply NotFound { get; } = new(404, "text/plain", "404 Not Found\n"u8);

    /// <inheritdoc/>
    public override bool IsImmediate => true;

    /// <inheritdoc/>
    public override LoopTask HandleAsync(Exchange exchange) => exchange.Respond(_status, _contentType, _body);
}
