using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

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

    // A ring whose length is a power of two.
    private T[] _waiting = new T[TurnMin];
    private int _first;
    private int _left;

    /// <summary>How many wait.</summary>
    internal int Count { get; private set; }

    /// <summary>Puts something behind the rest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(T item)
    {
        if (Count == _waiting.Length) Grow();
        _waiting[(_first + Count++) & (_waiting.Length - 1)] = item;
    }

    /// <summary>Begins a turn's share: at least half as many as it has had answers.</summary>
    /// <param name="answers">What was done in this turn for streams that the loop has opened itself.</param>
    internal void BeginShare(int answers) =>
        _left = Math.Max(Math.Max(TurnMin, answers / 2), Count - waitingMax);

    /// <summary>Takes the next of the share.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryTake([MaybeNullWhen(false)] out T item)
    {
        if (_left <= 0 || Count == 0)
        {
            item = default;
            return false;
        }
        ref var place = ref _waiting[_first];
        item = place;
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>()) place = default!;
        _first = (_first + 1) & (_waiting.Length - 1);
        _left--;
        Count--;
        return true;
    }

    private void Grow()
    {
        var larger = new T[2 * Count];
        _waiting.AsSpan(_first).CopyTo(larger);
        _waiting.AsSpan(0, _first).CopyTo(larger.AsSpan(Count - _first));
        (_waiting, _first) = (larger, 0);
    }
}
