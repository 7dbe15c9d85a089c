using System.Runtime.CompilerServices;

namespace Tailrace.Proxy;

/// <summary>A stack of idle connections from which one can also leave out of the middle.</summary>
internal sealed class IdleStack
{
    private UpstreamConnection[] _items = new UpstreamConnection[16];

    internal int Count { get; private set; }

    internal UpstreamConnection this[int index] => _items[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Push(UpstreamConnection item)
    {
        if (Count == _items.Length) Array.Resize(ref _items, Count * 2);
        _items[Count++] = item;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal UpstreamConnection? TryPop()
    {
        if (Count == 0) return null;
        ref var place = ref _items[--Count];
        var item = place;
        place = null!;
        return item;
    }

    internal bool Remove(UpstreamConnection item)
    {
        for (var index = Count - 1; index >= 0; index--)
        {
            if (_items[index] != item) continue;
            Count--;
            Array.Copy(_items, index + 1, _items, index, Count - index);
            _items[Count] = null!;
            return true;
        }
        return false;
    }
}
