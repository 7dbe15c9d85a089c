namespace Tailrace.Tests.Tidy;

public sealed class CodeMaskTests
{
    [Theory]
    [InlineData("a // b", "a     ")]
    [InlineData("a /* b\n c */ d", "a     \n      d")]
    [InlineData("x = \"lock(\" + y", "x = \"     \" + y")]
    [InlineData("x = \"a\\\"b\" + y", "x = \"    \" + y")]
    [InlineData("x = @\"a\"\"\\\" + y", "x = @\"    \" + y")]
    [InlineData("x = \"\" + y", "x = \"\" + y")]
    [InlineData("x = '\"' + '\\'' + y", "x = ' ' + '  ' + y")]
    [InlineData("x = $\"a {b} c\" + y", "x = $\"   b   \" + y")]
    [InlineData("x = $\"{{a}} {b[\"c\"]}\" + y", "x = $\"       b[\" \"] \" + y")]
    [InlineData("x = \"\"\"a \" b\"\"\" + y", "x = \"\"\"     \"\"\" + y")]
    [InlineData("x = $$\"\"\"{a} {{b}}\"\"\" + y", "x = $$\"\"\"      b  \"\"\" + y")]
    [InlineData("var @class = 1; // c", "var @class = 1;     ")]
    [InlineData("x = \"abc\"u8; y", "x = \"   \"u8; y")]
    public void Comments_and_strings_go_and_code_stays(string text, string code) =>
        Assert.Equal(code, CodeMask.Apply(text));

    [Fact]
    public void Every_offset_keeps_its_line() =>
        Assert.All(Repository.Sources("src", "tests"), file => Assert.Equal(file.Lines.Length, file.CodeLines.Length));
}
