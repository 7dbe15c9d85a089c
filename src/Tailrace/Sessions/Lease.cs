using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>What a handler has borrowed for an exchange and gives back itself, unless it fails.</summary>
internal abstract class Lease : LoopContinuation
{
    /// <summary>
    /// Gives up what is borrowed after a handler's exception. When it completes nothing of the exchange is at work any
    /// more, so that its connection may serve another request.
    /// </summary>
    internal abstract LoopTask AbandonAsync(Exchange exchange);
}
