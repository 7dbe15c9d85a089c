using Tailrace.Proxy.Balancing;

namespace Tailrace.Tests.Proxy.Balancing;

/// <summary>Shares as they should be, and little that moves.</summary>
public sealed class MaglevTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(100)]
    [InlineData(1000)]
    public void Every_destination_has_its_share(int count)
    {
        var counts = Count(Build(count), count);
        Assert.InRange(counts.Max() - counts.Min(), 0, 1);
        Assert.Equal(MaglevTable.Size, counts.Sum());
    }

    [Fact]
    public void Shares_go_by_weight()
    {
        int[] weights = [1, 5, 10, 3];
        var counts = Count(MaglevTable.Build(["a", "b", "c", "d"], weights), 4);
        for (var i = 0; i < 4; i++)
            Assert.InRange(counts[i], MaglevTable.Size / 19 * weights[i] * 0.99, MaglevTable.Size / 19 * weights[i] * 1.01);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(1000)]
    public void Removing_one_moves_at_most_two_percent_more_than_its_own_places(int count)
    {
        var before = Build(count);
        var worst = 0.0;
        for (var removed = 0; removed < count; removed += Math.Max(1, count / 7))
        {
            int[] left = [.. Enumerable.Range(0, count).Where(index => index != removed)];
            var after = MaglevTable.Build([.. left.Select(Name)], [.. left.Select(_ => 1)]);
            var moved = 0;
            for (var place = 0; place < MaglevTable.Size; place++)
            {
                var owner = before.Places[place];
                if (owner != removed && left[after.Places[place]] != owner) moved++;
            }
            worst = Math.Max(worst, (double)moved / MaglevTable.Size);
        }
        Assert.InRange(worst, 0, 0.02);
    }

    [Fact]
    public void The_order_in_which_they_are_written_matters_little()
    {
        var (one, other) = (MaglevTable.Build(["a", "b", "c"], [1, 1, 1]), MaglevTable.Build(["c", "a", "b"], [1, 1, 1]));
        int[] same = [1, 2, 0];
        var moved = Enumerable.Range(0, MaglevTable.Size).Count(place => same[one.Places[place]] != other.Places[place]);
        Assert.InRange((double)moved / MaglevTable.Size, 0, 0.25);
    }

    [Fact]
    public void It_is_the_same_everywhere()
    {
        // Proxies of another version have to agree: a change of these numbers moves every client of every user.
        var table = MaglevTable.Build(["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"], [1, 1, 2]);
        Assert.Equal("202121111212112121212102", string.Concat(Enumerable.Range(0, 24).Select(i => table.Find(StableHash.Next((ulong)i)))));
    }

    private static string Name(int index) => $"10.0.{index / 256}.{index % 256}:9001";

    private static MaglevTable Build(int count) => MaglevTable.Build(
        [.. Enumerable.Range(0, count).Select(Name)], [.. Enumerable.Repeat(1, count)]);

    private static int[] Count(MaglevTable table, int count)
    {
        var counts = new int[count];
        foreach (var place in table.Places) counts[place]++;
        return counts;
    }
}
