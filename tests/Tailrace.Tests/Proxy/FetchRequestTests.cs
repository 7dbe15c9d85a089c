using System.Text;
using Tailrace.Http;
using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>What a request for a fetch takes, and what it refuses to be made into.</summary>
public sealed class FetchRequestTests
{
    [Fact]
    public void Fields_are_written_as_lines()
    {
        var request = new FetchRequest(Method.Get, "http://a/").Header("Accept", "text/*").Header("X-Name", "é");
        Assert.Equal("Accept: text/*\r\nX-Name: é\r\n", Encoding.UTF8.GetString(request.Fields));
    }

    [Theory]
    [InlineData("X Y", "1")]
    [InlineData("X:", "1")]
    [InlineData("", "1")]
    [InlineData("X", "1\r\nY: 2")]
    [InlineData("X", " 1")]
    [InlineData("Host", "b")]
    [InlineData("content-length", "3")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Connection", "close")]
    [InlineData("Upgrade", "h2c")]
    [InlineData("Expect", "100-continue")]
    public void A_field_that_is_invalid_or_the_clients_own_is_refused(string name, string value) =>
        Assert.Throws<ArgumentException>(() => new FetchRequest(Method.Get, "http://a/").Header(name, value));

    [Theory]
    [InlineData(Method.Connect)]
    [InlineData(Method.Other)]
    public void A_method_that_cannot_be_fetched_with_is_refused(Method method) =>
        Assert.Throws<ArgumentException>(() => new FetchRequest(method, "http://a/"));

    [Theory]
    [InlineData(Method.Get, 0, -1)]
    [InlineData(Method.Delete, 0, -1)]
    [InlineData(Method.Get, 3, 3)]
    [InlineData(Method.Post, 0, 0)]
    [InlineData(Method.Put, 0, 0)]
    [InlineData(Method.Patch, 7, 7)]
    public void The_length_is_told_where_content_is_expected(Method method, int bytes, long expected) =>
        Assert.Equal(expected, new FetchRequest(method, "http://a/", new byte[bytes]).ContentLength);
}
