using Tailrace.Io;
using Tailrace.Io.Backends;

namespace Tailrace.Tests.Io.Backends;

/// <summary>Pipes are lent up to a number, and come back empty or not at all.</summary>
public sealed class PipePoolTests
{
    [Fact]
    public void There_are_no_more_than_the_limit()
    {
        using var pool = new PipePool(new DescriptorReserve(1 << 20), limit: 2);
        var first = pool.TryRent();
        var second = pool.TryRent();
        Assert.NotNull(first);
        Assert.NotNull(second);
        Assert.Null(pool.TryRent());
        Assert.Equal(2, pool.Rented);
        first.Discard();
        Assert.Same(first, pool.TryRent());
        first.Discard();
        second.Discard();
        Assert.Equal(0, pool.Rented);
    }

    [Fact]
    public void One_that_is_not_empty_is_not_lent_again()
    {
        using var pool = new PipePool(new DescriptorReserve(1 << 20), limit: 1);
        var full = pool.TryRent()!;
        full.Length = 1;
        full.Discard();
        var next = pool.TryRent();
        Assert.NotNull(next);
        Assert.NotSame(full, next);
        next.Discard();
    }

    [Fact]
    public void The_last_descriptors_are_not_for_pipes()
    {
        // Three are in use from the start.
        using var pool = new PipePool(new DescriptorReserve(3), limit: 1);
        Assert.Null(pool.TryRent());
        Assert.Equal(0, pool.Rented);
    }
}
