using System.Text;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Tests.Proxy.Balancing;

/// <summary>The same everywhere and for ever, and spread evenly.</summary>
public sealed class StableHashTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("a", 3764562023654139118)]
    [InlineData("12345678", 11765893754744844797)]
    [InlineData("/a/path/that/is/longer?", 10653436938812130940)]
    public void It_never_changes(string text, ulong expected) =>
        Assert.Equal(expected, StableHash.Of(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Bytes_at_the_end_count()
    {
        var texts = new[] { "", "\0", "\0\0", "a", "a\0", "\0a", "12345678", "12345678\0", "123456789", "123456780" };
        Assert.Equal(texts.Length, texts.Select(text => StableHash.Of(Encoding.ASCII.GetBytes(text))).Distinct().Count());
    }

    [Fact]
    public void Every_bit_is_set_half_of_the_time()
    {
        var counts = new int[64];
        for (var i = 0; i < 10_000; i++)
        {
            var hash = StableHash.Of(Encoding.ASCII.GetBytes($"/item/{i}"));
            for (var bit = 0; bit < 64; bit++) counts[bit] += (int)(hash >> bit & 1);
        }
        Assert.All(counts, count => Assert.InRange(count, 4700, 5300));
    }
}
