using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>What may be sent in addition: a share of what clients sent in the last ten seconds, and a little more.</summary>
public sealed class RetryBudgetTests
{
    private const int Start = 5_000_000;

    [Fact]
    public void It_is_a_share_of_the_requests()
    {
        var budget = new RetryBudget(20, 0, Start);
        for (var i = 0; i < 100; i++) budget.Count(Start);
        Assert.Equal(20, TakeAll(budget, Start));
        Assert.False(budget.HasRoom(Start));
        for (var i = 0; i < 5; i++) budget.Count(Start + 9_000);
        Assert.Equal(1, TakeAll(budget, Start + 9_000));
    }

    [Fact]
    public void A_quiet_cluster_has_some_too()
    {
        var budget = new RetryBudget(0, 3, Start);
        Assert.Equal(30, TakeAll(budget, Start));
        Assert.Equal(0, TakeAll(budget, Start + 9_999));
        Assert.Equal(30, TakeAll(budget, Start + 10_000));
    }

    [Fact]
    public void What_is_ten_seconds_old_counts_no_more()
    {
        var budget = new RetryBudget(100, 0, Start);
        for (var i = 0; i < 10; i++) budget.Count(Start + i * 1000);
        Assert.Equal(5, TakeAll(budget, Start + 14_000));
        Assert.Equal(0, TakeAll(budget, Start + 1_000_000));
    }

    [Fact]
    public void It_is_never_exceeded_in_any_ten_seconds()
    {
        var budget = new RetryBudget(25, 1, Start);
        var random = new Random(1);
        var (requests, extras) = (new int[200], new int[200]);
        for (var second = 0; second < 200; second++)
        {
            for (var i = random.Next(second % 20 == 0 ? 200 : 20); i > 0; i--)
            {
                budget.Count(Start + second * 1000);
                requests[second]++;
                if (random.Next(2) == 0 && budget.TryTake(Start + second * 1000 + 999)) extras[second]++;
            }
        }
        Assert.True(extras.Sum() > 100);
        for (var at = 10; at <= 200; at++)
        {
            // What was taken was in proportion when it was taken; requests that are older by then are at its end gone.
            var most = requests[Math.Max(at - 20, 0)..at].Sum() / 4 + 10;
            Assert.True(extras[(at - 10)..at].Sum() <= most, $"{at}");
        }
    }

    private static int TakeAll(RetryBudget budget, long now)
    {
        var taken = 0;
        while (budget.TryTake(now)) taken++;
        return taken;
    }
}
