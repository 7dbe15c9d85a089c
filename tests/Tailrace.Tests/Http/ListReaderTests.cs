using Tailrace.Http;

namespace Tailrace.Tests.Http;

public sealed class ListReaderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a", "a")]
    [InlineData("a,b", "a|b")]
    [InlineData(" a ,\tb\t", "a|b")]
    [InlineData(",, ,a,,", "a")]
    [InlineData("a b,c", "a b|c")]
    [InlineData(" , ", "")]
    public void Elements_are_what_stands_between_commas(string list, string expected)
    {
        var reader = new ListReader(Wire.Bytes(list));
        var elements = new List<string>();
        while (reader.TryRead(out ReadOnlySpan<byte> element))
            elements.Add(Wire.Text(element));
        Assert.Equal(expected, string.Join('|', elements));
    }
}
