using System.Text;
using Tailrace.Http;

namespace Tailrace.Tests.Http;

/// <summary>The value of a cookie, whatever stands around it.</summary>
public sealed class CookiesTests
{
    [Theory]
    [InlineData("a=1", "1")]
    [InlineData("b=2; a=1", "1")]
    [InlineData("a=1; a=2", "1")]
    [InlineData("aa=2; a=1; aaa=3", "1")]
    [InlineData("b=2;a=1", "1")]
    [InlineData("a=", "")]
    [InlineData("a=\"x\"", "x")]
    [InlineData("a=b=c", "b=c")]
    [InlineData(" ; ;;a=1;", "1")]
    [InlineData("", null)]
    [InlineData("a", null)]
    [InlineData("A=1", null)]
    [InlineData("b=a=1", null)]
    [InlineData("ba=1", null)]
    public void It_is_found(string field, string? expected)
    {
        var isFound = Cookies.TryFind(Encoding.Latin1.GetBytes(field), "a"u8, out var value);
        Assert.Equal(expected, isFound ? Encoding.Latin1.GetString(value) : null);
    }
}
