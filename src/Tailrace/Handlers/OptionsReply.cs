using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Handlers;

/// <summary>
/// Answers an OPTIONS that may go no further (RFC 9110 sections 7.6.2 and 9.3.7): what this server itself can do.
/// </summary>
public sealed class OptionsReply : Handler
{
    /// <summary>The one object: it has no state.</summary>
    public static OptionsReply Instance { get; } = new();

    /// <inheritdoc/>
    public override bool IsImmediate => true;

    /// <inheritdoc/>
    public override LoopTask HandleAsync(Exchange exchange)
    {
        exchange.Begin(200, 0);
        exchange.Header("Allow"u8, MethodRefusal.Allowed);
        exchange.End();
        return LoopTask.Completed;
    }
}
