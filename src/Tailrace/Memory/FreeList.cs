using System.Runtime.CompilerServices;

namespace Tailrace.Memory;

/// <summary>Objects of one kind that are kept for reuse by one reactor, last in, first out.</summary>
/// <remarks>Used on its reactor's thread only. Bounded: what does not fit is left to the collector.</remarks>
/// <param name="limit">The most objects kept.</param>
public sealed class FreeList<T>(int limit) where T : class
{
    private Place[] _places = new Place[Math.Min(limit, 16)];
    private int _count;

    /// <summary>Objects kept at the moment.</summary>
    public int Count => _count;

    /// <summary>Takes the object returned last, or null when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T? TryTake()
    {
        if (_count == 0) return null;
        ref var place = ref _places[--_count];
        var item = place.Item;
        place.Item = null;
        return item;
    }

    /// <summary>Keeps an object for a later <see cref="TryTake"/>.</summary>
    public void Return(T item)
    {
        if (_count < _places.Length || TryGrow()) _places[_count++].Item = item;
    }

    private bool TryGrow()
    {
        if (_count >= limit) return false;
        Array.Resize(ref _places, Math.Min(limit, _count * 2));
        return true;
    }

    /// <summary>In a structure a store into the array needs no test of the object's type.</summary>
    private struct Place
    {
        internal T? Item;
    }
}
