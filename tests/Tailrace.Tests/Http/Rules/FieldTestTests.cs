using System.Text;
using Tailrace.Http.Rules;
using Tailrace.Tests.Sessions;

namespace Tailrace.Tests.Http.Rules;

/// <summary>Header fields as conditions, well-known ones and others alike.</summary>
public sealed class FieldTestTests
{
    [Theory]
    [InlineData("X-Env", "", "X-Env: a", true)]
    [InlineData("X-Env", "", "x-ENV:", true)]
    [InlineData("X-Env", "", "X-En: a", false)]
    [InlineData("X-Env", "", "X-Envy: a", false)]
    [InlineData("Cookie", "", "cookie: a=b", true)]
    [InlineData("Cookie", "", "Accept: a", false)]
    [InlineData("X-Env", "=a", "X-Env: a", true)]
    [InlineData("X-Env", "=a", "X-Env: A", false)]
    [InlineData("X-Env", "=a", "X-Env: ab", false)]
    [InlineData("X-Env", "=a", "X-Env: b\r\nX-Env: a", true)]
    [InlineData("X-Env", "=a", "X-Env: a, b", false)]
    [InlineData("Accept", "=a", "Accept: b\r\nAccept: a", true)]
    [InlineData("X-Env", "^a", "X-Env: ab", true)]
    [InlineData("X-Env", "^ab", "X-Env: a", false)]
    [InlineData("User-Agent", "^curl/", "User-Agent: curl/8", true)]
    [InlineData("X-Env", "~^a+$", "X-Env: aaa", true)]
    [InlineData("X-Env", "~^a+$", "X-Env: aab", false)]
    [InlineData("X-Env", "~b", "X-Env: aabaa", true)]
    [InlineData("X-Env", "~\u00e9$", "X-Env: caf\u00e9", true)]
    [InlineData("X-Env", "!", "X-Env: a", false)]
    [InlineData("X-Env", "!", "Accept: a", true)]
    [InlineData("Cookie", "!", "Cookie: a", false)]
    [InlineData("Cookie", "!", "X-Env: a", true)]
    public void One_line_that_is_so_suffices(string name, string test, string fields, bool expected)
    {
        var head = Heads.Request($"GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n", out var bytes);
        Assert.Equal(expected, new FieldTest(Encoding.ASCII.GetBytes(name), Tests.Parse(test)).Passes(head, bytes));
    }
}

/// <summary>Tests of values in a notation for tables.</summary>
internal static class Tests
{
    /// <summary>Nothing for any value, <c>!</c> for absent, <c>=</c>, <c>^</c> and <c>~</c> before a text.</summary>
    internal static TextTest? Parse(string test) => test switch
    {
        "" => TextTest.Any,
        "!" => null,
        ['=', .. var text] => TextTest.Exact(Encoding.Latin1.GetBytes(text)),
        ['^', .. var text] => TextTest.Prefix(Encoding.Latin1.GetBytes(text)),
        _ => TextTest.Matching(test[1..]),
    };
}
