using Tailrace.Http.Rules;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Handlers;

/// <summary>Answers every request with the same content, which is too long for one piece.</summary>
/// <remarks>Immutable; one object may serve all workers.</remarks>
/// <param name="status">From 200 to 599.</param>
/// <param name="contentType">The media type, in ASCII; empty for none.</param>
/// <param name="body">The content.</param>
internal sealed class LongReply(int status, byte[] contentType, byte[] body) : Handler
{
    /// <summary>Fields to set, add or remove; null for none.</summary>
    internal FieldEdits? Fields { get; init; }

    /// <inheritdoc/>
    public override async LoopTask HandleAsync(Exchange exchange)
    {
        exchange.ResponseFields = Fields;
        if (!ErrorReply.TryFit(exchange)) return;
        exchange.Begin(status, body.Length);
        if (contentType.Length > 0) exchange.Header("Content-Type"u8, contentType);
        // Where the answer has no body the pieces are dropped, one as well as all.
        for (var sent = 0; sent < body.Length; sent += Exchange.PieceBytesMax)
        {
            var length = Math.Min(Exchange.PieceBytesMax, body.Length - sent);
            if ((await exchange.WriteAsync(body.AsSpan(sent, length))).IsError) return;
        }
        exchange.End();
    }
}
