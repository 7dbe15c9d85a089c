using System.Text;
using Tailrace.Proxy.Tcp;

namespace Tailrace.Tests.Proxy.Tcp;

public sealed class FirstBytesTests
{
    [Theory]
    // HTTP.
    [InlineData("GET / HTTP/1.1\r\n", "Http")]
    [InlineData("M-SEARCH /x HTTP/1.1\r\n", "Http")]
    [InlineData("GET http://a.example/ HTTP/1.1\r\n", "Http")]
    [InlineData("GET HTTPS://a.example/ HTTP/1.1\r\n", "Http")]
    [InlineData("OPTIONS * HTTP/1.1\r\n", "Http")]
    [InlineData("CONNECT a.example:443 HTTP/1.1\r\n", "Http")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "Http")]
    [InlineData("GET /not even HTTP", "Http")]
    // TLS.
    [InlineData("\x16\x03\x01\x02\0\x01", "Tls")]
    [InlineData("\x16\x03\x03", "Tls")]
    // Anything else.
    [InlineData("\x16\x02\x01", "Other")]
    [InlineData("\x80\x2e\x01\x00\x02", "Other")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "Other")]
    [InlineData("EHLO client.example\r\n", "Other")]
    [InlineData("EHLO http.example\r\n", "Other")]
    [InlineData("EHLO htt", "Undecided")]
    [InlineData("PING\r\n", "Other")]
    [InlineData("*1\r\n$4\r\nPING\r\n", "Other")]
    [InlineData("USER anonymous\r\n", "Other")]
    [InlineData("LIST * ", "Other")]
    [InlineData("OPTIONS *x", "Other")]
    [InlineData("OPTIONS  /", "Other")]
    [InlineData("CONNECT \r", "Other")]
    [InlineData("get /x\r\n", "Other")]
    [InlineData("\r\nGET / HTTP/1.1\r\n", "Other")]
    [InlineData(" / ", "Other")]
    [InlineData("GET ftp://a.example/", "Other")]
    [InlineData("GET https:/x", "Other")]
    [InlineData("GET http\xE9//x", "Other")]
    [InlineData("\0\0\0\x08\x04\xd2\x16\x2f", "Other")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWX /", "Http")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXY /", "Other")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXY", "Other")]
    // What may still be either.
    [InlineData("", "Undecided")]
    [InlineData("\x16", "Undecided")]
    [InlineData("SSH", "Undecided")]
    [InlineData("GET ", "Undecided")]
    [InlineData("GET HtTpS:", "Undecided")]
    [InlineData("OPTIONS *", "Undecided")]
    public void What_is_spoken_is_told_by_the_first_bytes_whatever_pieces_they_come_in(string text, string expected)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        Assert.Equal(expected, $"{FirstBytes.Read(bytes)}");
        var verdicts = Enumerable.Range(0, bytes.Length + 1).Select(length => $"{FirstBytes.Read(bytes[..length])}").ToArray();
        // Once there is a verdict it is the last word.
        Assert.All(verdicts, verdict => Assert.True(verdict == expected || verdict == "Undecided"));
        Assert.Equal(verdicts.Length - 1, Array.LastIndexOf(verdicts, "Undecided") + verdicts.Count(v => v != "Undecided"));
    }

    [Fact]
    public void So_many_bytes_always_decide()
    {
        Assert.Equal(33, FirstBytes.LengthMax);
        var longest = new string('A', 24) + " https:/";
        Assert.Equal(32, longest.Length);
        Assert.Equal(StreamKind.Undecided, FirstBytes.Read(Encoding.ASCII.GetBytes(longest)));
        foreach (var last in "/x") Assert.NotEqual(StreamKind.Undecided, FirstBytes.Read(Encoding.ASCII.GetBytes(longest + last)));
    }
}
