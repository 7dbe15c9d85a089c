using Tailrace.Io;

namespace Tailrace.Tests.Io;

public sealed class TokenBucketTests
{
    private const long Millisecond = 1_000_000;

    [Fact]
    public void It_is_full_at_first_and_fills_at_its_rate()
    {
        var bucket = new TokenBucket(rate: 10, burst: 3);
        var fullAt = 0L;
        var now = 5_000 * Millisecond;
        Assert.Equal(3, Take(100));
        now += 99 * Millisecond;
        Assert.Equal(0, Take(1));
        now += Millisecond;
        Assert.Equal(1, Take(100));
        now += 250 * Millisecond;
        Assert.Equal(2, Take(100));
        // However long it was quiet, it holds no more than that.
        now += 3_600_000 * Millisecond;
        Assert.Equal(3, Take(100));

        int Take(int tries) => Enumerable.Range(0, tries).Count(_ => bucket.TryTake(ref fullAt, now));
    }

    [Fact]
    public void Without_a_burst_it_holds_what_comes_in_a_second()
    {
        var bucket = TokenBucket.Of(1000, 0)!;
        var fullAt = 0L;
        Assert.Equal(1000, Enumerable.Range(0, 5000).Count(_ => bucket.TryTake(ref fullAt, 1)));
        Assert.Null(TokenBucket.Of(0, 5));
    }

    [Fact]
    public void Several_threads_take_no_more_than_there_is()
    {
        var bucket = new TokenBucket(rate: 1, burst: 1000);
        var (fullAt, taken) = (0L, 0);
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                if (bucket.TryTake(ref fullAt, Millisecond)) Interlocked.Increment(ref taken);
            }
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        Assert.Equal(1000, taken);
    }
}
