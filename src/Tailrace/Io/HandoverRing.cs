using System.Runtime.InteropServices;

namespace Tailrace.Io;

/// <summary>Connections on their way from one worker to another: lock-free, one producer, one consumer.</summary>
/// <remarks>
/// The producer wakes the consumer's loop when the ring has something new for it, once for all that is added before the
/// consumer looks. The ring itself is the message, so a connection costs no allocation.
/// </remarks>
/// <param name="target">The consumer's loop.</param>
/// <param name="take">Gets each connection, on the consumer's thread.</param>
internal sealed class HandoverRing(EventLoop target, Action<DetachedStream> take) : LoopContinuation
{
    /// <summary>The most connections that may be under way.</summary>
    internal const int Capacity = 128;

    /// <summary>How long the first may lie there before the consumer counts as blocked.</summary>
    private const int PatienceMs = 50;

    private readonly DetachedStream[] _slots = new DetachedStream[Capacity];
    private Index _added;
    private Index _taken;
    private int _isSignalled;
    private uint _lastTaken;
    private long _movedAt;

    /// <summary>Connections that are under way. Any thread; a moment old.</summary>
    internal int Count => (int)(Volatile.Read(ref _added.Value) - Volatile.Read(ref _taken.Value));

    /// <summary>
    /// Whether the consumer takes what it is given: it may be blocked, or have no processor. The producer's thread.
    /// </summary>
    /// <param name="now">The producer's clock in milliseconds.</param>
    internal bool IsTaken(long now)
    {
        var taken = Volatile.Read(ref _taken.Value);
        if (taken == _added.Value || taken != _lastTaken) (_lastTaken, _movedAt) = (taken, now);
        return now - _movedAt < PatienceMs;
    }

    /// <summary>Adds a connection. The producer's thread.</summary>
    /// <returns>False when the consumer is too far behind.</returns>
    internal bool TryAdd(in DetachedStream stream, long now)
    {
        var (added, taken) = (_added.Value, Volatile.Read(ref _taken.Value));
        if (added - taken == Capacity) return false;
        if (added == taken) _movedAt = now;
        _slots[added % Capacity] = stream;
        Volatile.Write(ref _added.Value, added + 1);
        if (Interlocked.Exchange(ref _isSignalled, 1) == 0) target.Post(this);
        return true;
    }

    /// <summary>Whether the consumer will never come again. Any thread.</summary>
    internal bool IsOver => target.IsDown;

    /// <summary>Takes back what a consumer has left that is over: nobody else takes any more. The producer's thread.
    /// </summary>
    internal bool TryTakeBack(out DetachedStream stream)
    {
        stream = default;
        if (!IsOver || _taken.Value == _added.Value) return false;
        stream = _slots[_taken.Value++ % Capacity];
        return true;
    }

    /// <summary>Takes what is there. The consumer's thread.</summary>
    internal override void Resume()
    {
        // First the signal, then the count: what is not counted here signals anew.
        Interlocked.Exchange(ref _isSignalled, 0);
        var added = Volatile.Read(ref _added.Value);
        while (_taken.Value != added)
        {
            var stream = _slots[_taken.Value % Capacity];
            Volatile.Write(ref _taken.Value, _taken.Value + 1);
            take(stream);
        }
    }

    /// <summary>A count with cache lines of its own: each is written by one side and read by the other.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Index
    {
        [FieldOffset(128)]
        internal uint Value;
    }
}
