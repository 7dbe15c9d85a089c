using System.Text;

namespace Tailrace.Bench;

/// <summary>The heads that are measured: what a load generator sends, what a browser sends, what an origin answers.</summary>
internal static class Messages
{
    /// <summary>What wrk sends.</summary>
    public static byte[] SmallRequest { get; } = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"u8.ToArray();

    /// <summary>12 field lines, some 600 bytes.</summary>
    public static byte[] BrowserRequest { get; } = Encoding.ASCII.GetBytes(
        """
        GET /api/v1/orders/1842?page=2 HTTP/1.1
        Host: shop7.bench.example
        User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0
        Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
        Accept-Language: en-US,en;q=0.7,de;q=0.3
        Accept-Encoding: gzip, deflate, br
        Referer: https://www.bench.example/start
        Cache-Control: no-cache
        Sec-Fetch-Dest: document
        Sec-Fetch-Mode: navigate
        Sec-Fetch-Site: same-origin
        X-Request-Id: 7f1c0b2a-5d1e-4c57-9c1e-0f5f0a3b9d11
        Cookie: session=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef


        """.ReplaceLineEndings("\r\n"));

    /// <summary>A short answer with its framing.</summary>
    public static byte[] Response { get; } = Encoding.ASCII.GetBytes(
        """
        HTTP/1.1 200 OK
        Date: Tue, 15 Nov 1994 08:12:31 GMT
        Content-Type: text/plain
        Content-Length: 11


        """.ReplaceLineEndings("\r\n"));

    /// <summary>A chunked body of so many chunks of so many bytes.</summary>
    public static byte[] Chunked(int chunks, int size) => Encoding.ASCII.GetBytes(
        string.Concat(Enumerable.Repeat($"{size:x}\r\n{new string('x', size)}\r\n", chunks)) + "0\r\n\r\n");
}
