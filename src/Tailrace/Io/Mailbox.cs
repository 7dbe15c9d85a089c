using System.Collections.Concurrent;

namespace Tailrace.Io;

/// <summary>How other threads reach a loop: a queue that is emptied once a turn, and one wake-up per batch.</summary>
/// <remarks>The only thing of a reactor that another thread may touch.</remarks>
internal sealed class Mailbox
{
    private readonly ConcurrentQueue<LoopContinuation> _queue = new();
    private int _signalled;

    /// <summary>Adds a message. Any thread.</summary>
    /// <returns>True when the caller has to wake the loop.</returns>
    internal bool Add(LoopContinuation message)
    {
        _queue.Enqueue(message);
        return Interlocked.Exchange(ref _signalled, 1) == 0;
    }

    /// <summary>Whether something waits. The loop's thread.</summary>
    internal bool IsEmpty => Volatile.Read(ref _signalled) == 0;

    /// <summary>Moves what is there into the loop's own queue; what comes meanwhile is for the next turn.</summary>
    internal void DrainTo(EventLoop loop)
    {
        // First the signal, then the count: a message that is not counted here signals anew.
        Interlocked.Exchange(ref _signalled, 0);
        for (var count = _queue.Count; count > 0 && _queue.TryDequeue(out var message); count--) loop.Queue(message);
    }
}
