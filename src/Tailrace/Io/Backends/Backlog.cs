using System.Diagnostics.CodeAnalysis;

namespace Tailrace.Io.Backends;

/// <summary>What accepted streams have brought and nobody has looked at yet, in the order it came.</summary>
/// <remarks>
/// A loop attends to streams that it has opened itself before it attends to those that it has accepted: an answer ends
/// a request, and sets free what the next one needs. So of a thousand requests those are under way that have been sent
/// on and not answered; what belongs to them is still in the processor's caches when their answers come, and the others
/// hold nothing. Some are taken in each turn whatever else there is, so that no flow of answers keeps them out. Used on
/// the loop's thread.
/// </remarks>
/// <param name="waitingMax">How many may be left at the end of a turn.</param>
internal sealed class Backlog<T>(int waitingMax = int.MaxValue)
{
    /// <summary>How many are taken in a turn at least.</summary>
    internal const int TurnMin = 32;

    private readonly Queue<T> _waiting = new(TurnMin);
    private int _left;

    /// <summary>How many wait.</summary>
    internal int Count => _waiting.Count;

    /// <summary>Puts something behind the rest.</summary>
    internal void Add(T item) => _waiting.Enqueue(item);

    /// <summary>Begins a turn's share: at least half as many as it has had answers.</summary>
    /// <param name="answers">What was done in this turn for streams that the loop has opened itself.</param>
    internal void BeginShare(int answers) =>
        _left = Math.Max(Math.Max(TurnMin, answers / 2), _waiting.Count - waitingMax);

    /// <summary>Takes the next of the share.</summary>
    internal bool TryTake([MaybeNullWhen(false)] out T item)
    {
        item = default;
        return _left-- > 0 && _waiting.TryDequeue(out item);
    }
}
