using Tailrace.Memory;

namespace Tailrace.Tests.Memory;

public sealed class ByteBufferTests : IDisposable
{
    private readonly BufferPools _pools = new(256, 1024, 1 << 20);

    [Fact]
    public void Blocks_go_back_to_their_pool_where_both_sizes_are_the_same()
    {
        using var pools = new BufferPools(256, 256, 1 << 20);
        var buffer = new ByteBuffer(pools);
        for (var i = 0; i < 3; i++)
        {
            // Filled as by a receive, which is what bulk is known by.
            Assert.True(buffer.TryReserve());
            buffer.Commit(buffer.Free);
            buffer.Clear();
            Assert.Equal((0, 0), (pools.Small.Rented, pools.Bulk.Rented));
        }
    }

    [Fact]
    public void It_holds_no_block_until_bytes_come_and_none_after_release()
    {
        var buffer = new ByteBuffer(_pools);
        Assert.False(buffer.HasBlock);
        Assert.True(buffer.TryAppend("ab"u8));
        Assert.True(buffer.HasBlock);
        buffer.Release();
        Assert.True(buffer.HasBlock, "bytes are stored in it");
        buffer.Consume(2);
        buffer.Release();
        Assert.False(buffer.HasBlock);
        buffer.Release();
        buffer.Clear();
    }

    [Fact]
    public void Nothing_can_be_appended_to_nothing()
    {
        var buffer = new ByteBuffer(_pools);
        Assert.True(buffer.TryAppend([]));
        Assert.Equal(0, buffer.Unread.Length);
        Assert.Equal(0, buffer.Kept.Length);
    }

    [Fact]
    public void What_is_larger_than_any_block_does_not_fit()
    {
        var buffer = new ByteBuffer(_pools);
        Assert.False(buffer.TryReserve(1025));
        Assert.False(buffer.HasBlock);
        Assert.True(buffer.TryReserve(1024));
        buffer.Clear();
    }

    [Fact]
    public void What_filled_a_block_gets_a_bulk_block_next_until_that_is_too_large()
    {
        using var pools = new BufferPools(4096, 16384, 1 << 20);
        var buffer = new ByteBuffer(pools);
        Fill(4096);
        Assert.Equal((0, 1), Fill(16384));
        Assert.Equal((0, 1), Fill(5000));
        Assert.Equal((0, 1), Fill(4095));
        Assert.Equal((1, 0), Fill(4095));

        (int Small, int Bulk) Fill(int count)
        {
            Assert.True(buffer.TryReserve(1));
            var rented = (pools.Small.Rented, pools.Bulk.Rented);
            buffer.Commit(count);
            buffer.Consume(count);
            buffer.Release();
            return rented;
        }
    }

    [Fact]
    public void A_full_small_block_is_exchanged_for_a_bulk_block()
    {
        var buffer = new ByteBuffer(_pools);
        Assert.True(buffer.TryAppend(new byte[256]));
        Assert.Equal((1, 0), (_pools.Small.Rented, _pools.Bulk.Rented));
        Assert.True(buffer.TryReserve(1));
        Assert.Equal((0, 1), (_pools.Small.Rented, _pools.Bulk.Rented));
        Assert.Equal(256, buffer.Length);
        Assert.Equal(768, buffer.Free);
        buffer.Clear();
    }

    [Fact]
    public void Without_a_bulk_block_an_ordinary_one_does()
    {
        using var pools = new BufferPools(256, 1024, 1024);
        var (buffer, other) = (new ByteBuffer(pools), new ByteBuffer(pools));
        foreach (var each in new[] { buffer, other })
        {
            Assert.True(each.TryReserve(1));
            each.Commit(256);
            each.Consume(256);
            each.Release();
        }
        Assert.True(buffer.TryReserve(1));
        Assert.Equal(1024, buffer.Free);
        Assert.True(other.TryReserve(1));
        Assert.Equal(256, other.Free);
        buffer.Clear();
        other.Clear();
    }

    [Fact]
    public void When_the_pool_is_empty_a_reserve_fails_and_the_bytes_stay()
    {
        using var pools = new BufferPools(256, 1024, 1024);
        var hog = pools.Bulk;
        unsafe
        {
            var block = hog.TryRent();
            var buffer = new ByteBuffer(pools);
            Assert.True(buffer.TryAppend(Bytes(0, 256)));
            Assert.False(buffer.TryReserve(1));
            Assert.Equal(Bytes(0, 256), buffer.Unread.ToArray());
            buffer.Consume(10);
            Assert.True(buffer.TryReserve(10));
            Assert.Equal(Bytes(10, 246), buffer.Unread.ToArray());
            buffer.Clear();
            hog.Return(block);
        }
    }

    [Fact]
    public void A_kept_head_survives_compaction_and_growth()
    {
        var buffer = new ByteBuffer(_pools);
        Assert.True(buffer.TryAppend(Bytes(0, 100)));
        buffer.Consume(20);
        buffer.Keep(50);
        Assert.Equal(Bytes(20, 50), buffer.Kept.ToArray());
        Assert.True(buffer.TryReserve(160));
        Assert.Equal(Bytes(20, 50), buffer.Kept.ToArray());
        Assert.Equal(Bytes(70, 30), buffer.Unread.ToArray());
        Assert.True(buffer.TryReserve(900));
        Assert.Equal(Bytes(20, 50), buffer.Kept.ToArray());
        Assert.Equal(Bytes(70, 30), buffer.Unread.ToArray());
        buffer.Consume(30);
        buffer.Release();
        Assert.True(buffer.HasBlock, "the head is stored in it");
        buffer.DropKept();
        buffer.Release();
        Assert.False(buffer.HasBlock);
    }

    /// <summary>Any sequence of calls does what a list of bytes with a head set aside would do.</summary>
    [Fact]
    public void It_behaves_like_its_model()
    {
        for (var seed = 0; seed < 300; seed++) RunModel(seed);
    }

    private void RunModel(int seed)
    {
        var random = new Random(seed);
        var buffer = new ByteBuffer(_pools);
        var model = new List<byte>();
        var kept = Array.Empty<byte>();
        var next = 0;
        for (var step = 0; step < 300; step++)
        {
            switch (random.Next(9))
            {
                case 0 or 1:
                    var bytes = Bytes(next, random.Next(300));
                    var fits = kept.Length + model.Count + bytes.Length <= _pools.Bulk.BlockSize;
                    Assert.Equal(fits || bytes.Length == 0, buffer.TryAppend(bytes));
                    if (!fits) break;
                    model.AddRange(bytes);
                    next += bytes.Length;
                    break;
                case 2:
                    var minimum = random.Next(1, 400);
                    var room = kept.Length + model.Count + minimum <= _pools.Bulk.BlockSize;
                    Assert.Equal(room, buffer.TryReserve(minimum));
                    if (room) Assert.True(buffer.Writable.Length >= minimum && buffer.Free >= minimum);
                    break;
                case 3 or 4:
                    var count = random.Next(model.Count + 1);
                    buffer.Consume(count);
                    model.RemoveRange(0, count);
                    break;
                case 5:
                    var length = random.Next(model.Count + 1);
                    buffer.Truncate(length);
                    model.RemoveRange(length, model.Count - length);
                    break;
                case 6 when kept.Length == 0:
                    var head = random.Next(model.Count + 1);
                    buffer.Keep(head);
                    kept = [.. model[..head]];
                    model.RemoveRange(0, head);
                    break;
                case 7:
                    buffer.DropKept();
                    kept = [];
                    break;
                default:
                    buffer.Release();
                    if (kept.Length == 0 && model.Count == 0) Assert.False(buffer.HasBlock);
                    break;
            }
            Assert.Equal((seed, step, model.Count), (seed, step, buffer.Length));
            Assert.Equal(model.Count == 0, buffer.IsEmpty);
            Assert.True(buffer.Unread.SequenceEqual(model.ToArray()), $"seed {seed} step {step}: unread");
            Assert.True(buffer.Kept.SequenceEqual(kept), $"seed {seed} step {step}: kept");
        }
        buffer.Clear();
        Assert.Equal(0, _pools.Rented);
    }

    private static byte[] Bytes(int start, int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++) bytes[i] = (byte)(start + i);
        return bytes;
    }

    public void Dispose()
    {
        Assert.Equal(0, _pools.Rented);
        _pools.Dispose();
    }
}
