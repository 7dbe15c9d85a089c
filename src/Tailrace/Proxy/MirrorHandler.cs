using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Lets another handler answer, and sends copies of some requests to a mirror.</summary>
/// <remarks>One for each route and worker; runs on the worker's reactor.</remarks>
/// <param name="mirror">Gets the copies.</param>
/// <param name="inner">Who answers.</param>
internal sealed class MirrorHandler(Mirror mirror, Handler inner) : Handler
{
    /// <inheritdoc/>
    public override LoopTask HandleAsync(Exchange exchange)
    {
        var copy = mirror.TryCopy(exchange);
        // The request goes first; the copy is sent while it waits for its answer.
        var answer = inner.HandleAsync(exchange);
        if (copy is not null) mirror.Send(copy);
        return answer;
    }
}
