using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>Single results, and the state that comes of them.</summary>
public sealed class HealthTallyTests
{
    // The checks, and the state after each: + is good, - is bad.
    [Theory]
    [InlineData("+++", "+++", 2, 3)]
    [InlineData("-", "-", 2, 3)]
    [InlineData("+--+---", "+++++" + "+-", 2, 3)]
    [InlineData("---+-++", "------+", 2, 3)]
    [InlineData("-+", "--", 2, 3)]
    [InlineData("+-+-", "+-+-", 1, 1)]
    public void State(string checks, string states, int rise, int fall)
    {
        var tally = new HealthTally(rise, fall);
        for (var i = 0; i < checks.Length; i++)
        {
            var before = tally.IsHealthy;
            var hasChanged = tally.Add(checks[i] == '+');
            Assert.Equal(states[i] == '+', tally.IsHealthy);
            Assert.Equal(before != tally.IsHealthy, hasChanged);
        }
    }
}
