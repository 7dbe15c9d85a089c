using Tailrace.Config;

namespace Tailrace.Tests.Config;

public sealed class TextTemplateTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain", "plain")]
    [InlineData("${host}", "<host>")]
    [InlineData("a ${client_ip}, b ${path}?${query}", "a <client_ip>, b <path>?<query>")]
    [InlineData("${method}${upstream}", "<method><upstream>")]
    [InlineData("$5 and 5$ and $host", "$5 and 5$ and $host")]
    [InlineData("$${host}", "${host}")]
    [InlineData("$${host} is ${host}", "${host} is <host>")]
    [InlineData("$$ ${host}", "$$ <host>")]
    public void A_text_is_split_at_its_variables(string text, string meaning)
    {
        Assert.True(TextTemplate.TryParse(text, out var parts, out string error), error);
        Assert.Equal(meaning, string.Concat(parts.Select(p => p.Literal + (p.Variable == "" ? "" : $"<{p.Variable}>"))));
        Assert.Equal("", parts[^1].Variable);
    }

    [Theory]
    [InlineData("${hots}", "there is no variable '${hots}'; did you mean '${host}'?")]
    [InlineData("${}", "there is no variable '${}'; expected one of client_ip, host, method, path, query, upstream")]
    [InlineData("a ${host", "'a ${host' opens a variable and never closes it; '$${' stands for '${' itself")]
    public void Mistakes_are_explained(string text, string expected)
    {
        Assert.False(TextTemplate.TryParse(text, out _, out string error));
        Assert.Equal(expected, error);
    }
}
