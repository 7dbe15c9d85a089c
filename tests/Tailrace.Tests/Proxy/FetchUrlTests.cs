using System.Text;
using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>Which URLs can be fetched, and what of them goes where.</summary>
public sealed class FetchUrlTests
{
    [Theory]
    [InlineData("http://a.example", "a.example", 80, "a.example", "/")]
    [InlineData("http://A.Example:80/x?y=1#part", "a.example", 80, "a.example", "/x?y=1")]
    [InlineData("http://127.0.0.1:9001/echo", "127.0.0.1", 9001, "127.0.0.1:9001", "/echo")]
    [InlineData("http://[::1]:9001/", "::1", 9001, "[::1]:9001", "/")]
    [InlineData("http://a/b c\"<>é", "a", 80, "a", "/b%20c%22%3C%3E%C3%A9")]
    [InlineData("http://a/\r\nX-Evil: 1", "a", 80, "a", "/%0D%0AX-Evil:%201")]
    public void A_url_is_taken_apart(string text, string host, int port, string authority, string target)
    {
        Assert.True(FetchUrl.TryParse(text, out var url));
        Assert.Equal((host, port, authority), (url.Host, url.Port, url.Authority));
        Assert.Equal(target, Encoding.ASCII.GetString(url.Target));
        Assert.Equal(char.IsAsciiDigit(host[0]) || host[0] == ':', url.Ip is not null);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/path")]
    [InlineData("a.example/path")]
    [InlineData("https://a.example/")]
    [InlineData("ftp://a.example/")]
    [InlineData("http://")]
    [InlineData("http://a:0/")]
    [InlineData("http://a:65536/")]
    [InlineData("http://user@a.example/")]
    [InlineData("http://a,b/")]
    [InlineData("http://[fe80::1%253]/")]
    public void Others_are_refused(string text) => Assert.False(FetchUrl.TryParse(text, out _));
}
