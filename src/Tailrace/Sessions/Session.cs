using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>
/// What serves a client's connection of a <see cref="ServerContext"/>: HTTP, or what it ended in. An element of the
/// context's list.
/// </summary>
internal abstract class Session : LoopContinuation
{
    /// <summary>The next in the list of those that are open.</summary>
    internal Session? Next;

    /// <summary>The one before it.</summary>
    internal Session? Previous;

    /// <summary>Closes a connection on which nothing is under way; others close when that has ended.</summary>
    internal virtual void CloseIfIdle()
    {
    }

    /// <summary>Closes the connection at once; whatever it waits for fails.</summary>
    internal abstract void Abort();

    /// <summary>What it has waited for is there; one that does not wait itself is never told.</summary>
    internal override void Resume()
    {
    }
}
