using Tailrace.Http.Rules;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Handlers;

/// <summary>Answers every request with the same reply.</summary>
/// <remarks>Immutable; one object may serve all workers.</remarks>
/// <param name="reply">What to answer.</param>
public sealed class FixedReply(PreparedReply reply) : Handler
{
    /// <summary>Creates the handler of a reply given in parts.</summary>
    /// <param name="status">From 200 to 599.</param>
    /// <param name="contentType">The media type; empty for none.</param>
    /// <param name="body">At most <see cref="Exchange.PieceBytesMax"/> bytes.</param>
    public FixedReply(int status, string contentType, ReadOnlySpan<byte> body)
        : this(new PreparedReply(status, contentType, body))
    {
    }

    /// <summary>The answer to what matches no route.</summary>
    public static FixedReply NotFound { get; } = new(404, "text/plain", "404 Not Found\n"u8);

    /// <inheritdoc/>
    public override bool IsImmediate => true;

    /// <summary>Fields to set, add or remove; null for none.</summary>
    internal FieldEdits? Fields { get; init; }

    /// <inheritdoc/>
    public override LoopTask HandleAsync(Exchange exchange)
    {
        if (Fields is not null) exchange.ResponseFields = Fields;
        return exchange.TryRespond(reply) ? LoopTask.Completed : exchange.RespondInPiecesAsync(reply);
    }
}
