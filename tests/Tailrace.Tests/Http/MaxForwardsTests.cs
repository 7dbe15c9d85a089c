using Tailrace.Http;
using Tailrace.Tests.Sessions;

namespace Tailrace.Tests.Http;

/// <summary>How many hops a request may still take.</summary>
public sealed class MaxForwardsTests
{
    [Theory]
    [InlineData("", MaxForwards.None)]
    [InlineData("Max-Forwards: 0\r\n", 0)]
    [InlineData("max-forwards: 010\r\n", 10)]
    [InlineData("Max-Forwards: 9223372036854775807\r\n", MaxForwards.Most)]
    [InlineData("Max-Forwards: 9223372036854775808\r\n", MaxForwards.Invalid)]
    [InlineData("Max-Forwards:\r\n", MaxForwards.Invalid)]
    [InlineData("Max-Forwards: -1\r\n", MaxForwards.Invalid)]
    [InlineData("Max-Forwards: 1, 1\r\n", MaxForwards.Invalid)]
    [InlineData("Max-Forwards: 1\r\nMax-Forwards: 1\r\n", MaxForwards.Invalid)]
    public void It_is_one_number(string fields, int expected)
    {
        var head = Heads.Request($"OPTIONS * HTTP/1.1\r\nHost: a\r\n{fields}\r\n", out var bytes);
        Assert.Equal(expected, MaxForwards.Read(head, bytes));
    }

    [Theory]
    [InlineData("OPTIONS", true)]
    [InlineData("TRACE", true)]
    [InlineData("GET", false)]
    [InlineData("PATCH", false)]
    public void It_means_something_for_two_methods(string method, bool expected)
    {
        var head = Heads.Request($"{method} / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n", out _);
        Assert.Equal(expected, MaxForwards.Applies(head));
    }
}
