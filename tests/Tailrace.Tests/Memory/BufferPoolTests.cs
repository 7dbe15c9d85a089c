using Tailrace.Memory;

namespace Tailrace.Tests.Memory;

public sealed unsafe class BufferPoolTests
{
    [Fact]
    public void At_most_the_limit_is_rented_and_every_block_is_its_own()
    {
        using var pool = new BufferPool(64, limit: 3, retained: 1);
        var blocks = new HashSet<nint>();
        for (var i = 0; i < 3; i++) Assert.True(blocks.Add((nint)pool.TryRent()));
        Assert.DoesNotContain(0, blocks);
        Assert.True(pool.TryRent() == null);
        Assert.Equal(3, pool.Rented);
        foreach (var block in blocks) pool.Return((byte*)block);
        Assert.Equal(0, pool.Rented);
        var again = pool.TryRent();
        Assert.True(again != null);
        pool.Return(again);
    }

    [Fact]
    public void A_few_blocks_beyond_the_limit_are_for_last_words()
    {
        using var pool = new BufferPool(64, limit: 1, retained: 1);
        var blocks = new List<nint> { (nint)pool.TryRent() };
        Assert.True(pool.TryRent() == null);
        for (var last = (nint)pool.TryRentLast(); last != 0; last = (nint)pool.TryRentLast()) blocks.Add(last);
        Assert.Equal(9, blocks.Distinct().Count());
        Assert.True(pool.TryRent() == null);
        foreach (var block in blocks) pool.Return((byte*)block);
        Assert.Equal(0, pool.Rented);
        pool.Return(pool.TryRent());
    }

    [Fact]
    public void The_block_returned_last_is_rented_next()
    {
        using var pool = new BufferPool(64, limit: 8, retained: 8);
        var first = pool.TryRent();
        var second = pool.TryRent();
        pool.Return(second);
        pool.Return(first);
        Assert.True(pool.TryRent() == first);
        Assert.True(pool.TryRent() == second);
        pool.Return(first);
        pool.Return(second);
    }

    [Fact]
    public void A_whole_block_may_be_written()
    {
        using var pool = new BufferPool(4096, limit: 2, retained: 2);
        var block = pool.TryRent();
        new Span<byte>(block, 4096).Fill(0xAA);
        pool.Return(block);
        Assert.True(pool.TryRent() == block);
        pool.Return(block);
    }

    [Theory, InlineData(63, 1), InlineData(64, 0), InlineData(64, -1)]
    public void Useless_sizes_are_refused(int blockSize, int limit) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BufferPool(blockSize, limit, 1));

    [Fact]
    public void Both_pools_count_together()
    {
        using var pools = new BufferPools(1024, 4096, limitBytes: 8192);
        Assert.Equal((8, 2), (pools.Small.Limit, pools.Bulk.Limit));
        var small = pools.Small.TryRent();
        var bulk = pools.Bulk.TryRent();
        Assert.Equal(2, pools.Rented);
        pools.Small.Return(small);
        pools.Bulk.Return(bulk);
        Assert.Equal(0, pools.Rented);
    }

    [Fact]
    public void There_is_always_room_for_one_block() =>
        Assert.Equal(1, new BufferPools(1024, 4096, limitBytes: 1).Bulk.Limit);

    [Fact]
    public void A_bulk_block_is_no_smaller_than_an_ordinary_one() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BufferPools(4096, 1024, 1 << 20));
}
