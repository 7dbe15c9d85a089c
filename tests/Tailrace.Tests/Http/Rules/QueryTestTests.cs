using System.Text;
using Tailrace.Http.Rules;

namespace Tailrace.Tests.Http.Rules;

/// <summary>Parameters of a query as conditions, however they are escaped.</summary>
public sealed class QueryTestTests
{
    [Theory]
    [InlineData("v", "", "v=1", true)]
    [InlineData("v", "", "v", true)]
    [InlineData("v", "", "v=", true)]
    [InlineData("v", "", "a=v&vv=1", false)]
    [InlineData("v", "", "", false)]
    [InlineData("v", "", "a=1&v=2", true)]
    [InlineData("V", "", "v=1", false)]
    [InlineData("v", "=2", "v=1&v=2", true)]
    [InlineData("v", "=2", "v=22", false)]
    [InlineData("v", "=2", "v=%32", true)]
    [InlineData("v", "=2", "%76=2", true)]
    [InlineData("v", "=a b", "v=a+b", true)]
    [InlineData("v", "=a b", "v=a%20b", true)]
    [InlineData("v", "=a+b", "v=a%2Bb", true)]
    [InlineData("v", "=a+b", "v=a%2bb", true)]
    [InlineData("v", "=a&b=c", "v=a%26b%3Dc", true)]
    [InlineData("v", "=%", "v=%", true)]
    [InlineData("v", "=%2", "v=%2", true)]
    [InlineData("v", "=%zz", "v=%zz", true)]
    [InlineData("v", "=1=2", "v=1=2", true)]
    [InlineData("a b", "=1", "a+b=1", true)]
    [InlineData("v", "^be", "v=beta", true)]
    [InlineData("v", "^be", "v=%62%65ta", true)]
    [InlineData("v", "^be", "v=b", false)]
    [InlineData("v", "~^[0-9]+$", "v=%31%32", true)]
    [InlineData("v", "~^[0-9]+$", "v=12a", false)]
    [InlineData("v", "!", "v=1", false)]
    [InlineData("v", "!", "%76", false)]
    [InlineData("v", "!", "&&w=v", true)]
    [InlineData("v", "!", "", true)]
    public void Names_and_values_are_compared_decoded(string name, string test, string query, bool expected) =>
        Assert.Equal(
            expected, new QueryTest(Encoding.UTF8.GetBytes(name), Tests.Parse(test)).Passes(Encoding.ASCII.GetBytes(query)));

    [Fact]
    public void Escaping_changes_nothing_and_long_values_grow_the_buffer()
    {
        var random = new Random(3);
        for (var round = 0; round < 500; round++)
        {
            var value = new byte[random.Next(round)];
            random.NextBytes(value);
            var test = new QueryTest("v"u8.ToArray(), TextTest.Exact(value));
            var escaped = string.Concat(value.Select(b => $"%{b:X2}"));
            Assert.True(test.Passes(Encoding.ASCII.GetBytes($"a=1&v={escaped}&b=2")));
            Assert.False(test.Passes(Encoding.ASCII.GetBytes($"v={escaped}%00")));
        }
    }
}
