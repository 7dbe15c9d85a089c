using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Handlers;

/// <summary>
/// Refuses CONNECT and TRACE: no tunnel is offered, and nobody's request is echoed (RFC 9110 section 9.3.8).
/// </summary>
public sealed class MethodRefusal : Handler
{
    /// <summary>What is not refused.</summary>
    internal static ReadOnlySpan<byte> Allowed => "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"u8;

    /// <summary>The one object: it has no state.</summary>
    public static MethodRefusal Instance { get; } = new();

    /// <inheritdoc/>
    public override LoopTask HandleAsync(Exchange exchange)
    {
        // What follows a CONNECT may be meant for a tunnel, not as a request.
        exchange.CloseAfterwards();
        var body = "405 Method Not Allowed\n"u8;
        exchange.Begin(405, body.Length);
        exchange.Header("Allow"u8, Allowed);
        exchange.Header("Content-Type"u8, "text/plain"u8);
        exchange.End(body);
        return LoopTask.Completed;
    }
}
