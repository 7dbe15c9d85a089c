using Tailrace.Memory;

namespace Tailrace.Tests.Memory;

public sealed class FreeListTests
{
    [Fact]
    public void Last_in_is_first_out_and_no_more_than_the_limit_is_kept()
    {
        var list = new FreeList<string>(40);
        Assert.Null(list.TryTake());
        for (var i = 0; i < 50; i++) list.Return($"{i}");
        Assert.Equal(40, list.Count);
        for (var i = 39; i >= 0; i--) Assert.Equal($"{i}", list.TryTake());
        Assert.Null(list.TryTake());
        Assert.Equal(0, list.Count);
    }

    [Fact]
    public void A_list_of_nothing_keeps_nothing()
    {
        var list = new FreeList<string>(0);
        list.Return("lost");
        Assert.Null(list.TryTake());
    }

    [Fact]
    public void What_was_taken_is_no_longer_referred_to()
    {
        var list = new FreeList<object>(4);
        var weak = Fill(list);
        GC.Collect();
        Assert.False(weak.IsAlive);
        Assert.Equal(0, list.Count);

        static WeakReference Fill(FreeList<object> list)
        {
            list.Return(new object());
            return new WeakReference(list.TryTake());
        }
    }
}
