using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>Answers an exchange in code. Runs on the exchange's reactor; may await, must not block.</summary>
/// <param name="exchange">Borrowed until the returned task completes.</param>
public delegate LoopTask HandlerDelegate(Exchange exchange);

/// <summary>May answer an exchange: a fixed reply, a proxied cluster, user code.</summary>
public abstract class Handler
{
    /// <summary>
    /// Whether it answers without waiting for anything but room, so that pipelined answers may leave together.
    /// </summary>
    public virtual bool IsImmediate => false;

    /// <summary>
    /// Answers the exchange. Runs on the exchange's reactor; the exchange is borrowed until completion.
    /// </summary>
    public abstract LoopTask HandleAsync(Exchange exchange);

    /// <summary>A handler from a delegate.</summary>
    public static Handler From(HandlerDelegate handle) => new DelegateHandler(handle);

    private sealed class DelegateHandler(HandlerDelegate handle) : Handler
    {
        public override LoopTask HandleAsync(Exchange exchange) => handle(exchange);
    }
}
