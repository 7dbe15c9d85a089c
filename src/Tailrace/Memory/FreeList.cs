namespace Tailrace.Memory;

/// <summary>Objects of one kind that are kept for reuse by one reactor, last in, first out.</summary>
/// <remarks>Used on its reactor's thread only. Bounded: what does not fit is left to the collector.</remarks>
/// <param name="limit">The most objects kept.</param>
public sealed class FreeList<T>(int limit) where T : class
{
    private T[] _items = new T[Math.Min(limit, 16)];
    private int _count;

    /// <summary>Objects kept at the moment.</summary>
    public int Count => _count;

    /// <summary>Takes the object returned last, or null when there is none.</summary>
    public T? TryTake()
    {
        if (_count == 0) return null;
        var item = _items[--_count];
        _items[_count] = null!;
        return item;
    }

    /// <summary>Keeps an object for a later <see cref="TryTake"/>.</summary>
    public void Return(T item)
    {
        if (_count == _items.Length)
        {
            if (_count >= limit) return;
            Array.Resize(ref _items, Math.Min(limit, _count * 2));
        }
        _items[_count++] = item;
    }
}
