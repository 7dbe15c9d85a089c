using Tailrace.Http;

namespace Tailrace.Tests.Http;

public sealed class HttpSyntaxTests
{
    private const string Token =
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    [Fact]
    public void Bytes_have_the_classes_of_the_RFC()
    {
        for (int value = 0; value < 256; value++)
        {
            char character = (char)value;
            Assert.Equal(Token.Contains(character), HttpSyntax.IsTokenByte((byte)value));
            Assert.Equal(value == 9 || value is >= 32 and not 127, HttpSyntax.IsFieldByte((byte)value));
            Assert.Equal(value is > 32 and < 127 && character != '#', HttpSyntax.IsTargetByte((byte)value));
            Assert.Equal(character is ' ' or '\t', HttpSyntax.IsBlank((byte)value));
        }
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("a", true)]
    [InlineData("a b", false)]
    [InlineData("Content-Type", true)]
    [InlineData("a\u00e9", false)]
    public void A_token_is_one_or_more_of_its_bytes(string text, bool expected) =>
        Assert.Equal(expected, HttpSyntax.IsToken(Wire.Bytes(text)));

    [Theory]
    [InlineData("", true)]
    [InlineData("a b\tc", true)]
    [InlineData(" a", false)]
    [InlineData("a\t", false)]
    [InlineData("a\u00ffb", true)]
    [InlineData("a\0b", false)]
    [InlineData("a\r\nb", false)]
    public void A_field_value_has_no_blanks_around_it_and_no_controls(string text, bool expected) =>
        Assert.Equal(expected, HttpSyntax.IsFieldValue(Wire.Bytes(text)));

    [Fact]
    public void Trimming_takes_blanks_only() => Assert.Equal("\va b", Wire.Text(HttpSyntax.Trim("\t \va b \t"u8)));
}
