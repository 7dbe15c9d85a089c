using Tailrace.Config;

namespace Tailrace.Tests.Config;

public sealed class SuggestionTests
{
    [Theory]
    [InlineData("tiemouts", "timeouts")]
    [InlineData("timeout", "timeouts")]
    [InlineData("keepAlive", "keep_alive")]
    [InlineData("KEEP-ALIVE", "keep_alive")]
    [InlineData("adress", "address")]
    [InlineData("colour", null)]
    [InlineData("x", null)]
    [InlineData("", null)]
    public void Finds_a_slip_of_the_finger_and_nothing_else(string text, string? meant) =>
        Assert.Equal(meant, Suggestion.For(text, ["timeouts", "limits", "keep_alive", "address"]));

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "abc", 0)]
    [InlineData("abc", "acb", 1)]
    [InlineData("abc", "abd", 1)]
    [InlineData("abc", "ab", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Counts_edits(string a, string b, int distance)
    {
        Assert.Equal(distance, Suggestion.Distance(a, b));
        Assert.Equal(distance, Suggestion.Distance(b, a));
    }
}
