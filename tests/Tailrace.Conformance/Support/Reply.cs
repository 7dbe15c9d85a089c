namespace Tailrace.Conformance.Support;

/// <summary>Answers as origins write them.</summary>
internal static class Reply
{
    /// <summary>A whole answer with a length.</summary>
    internal static string Of(string body, int status = 200, string fields = "") =>
        $"HTTP/1.1 {status} Fine\r\n{fields}Content-Length: {body.Length}\r\n\r\n{body}";

    /// <summary>A whole answer in chunks.</summary>
    internal static string Chunked(params string[] chunks) =>
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + string.Concat(chunks.Where(chunk => chunk.Length > 0).Select(chunk => $"{chunk.Length:x}\r\n{chunk}\r\n"))
        + "0\r\n\r\n";

    /// <summary>The least that is a valid request.</summary>
    internal static string Get(string target = "/", string fields = "") =>
        $"GET {target} HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n";

    /// <summary>A request with a body.</summary>
    internal static string Post(string body, string target = "/", string fields = "") =>
        $"POST {target} HTTP/1.1\r\nHost: a.example\r\n{fields}Content-Length: {body.Length}\r\n\r\n{body}";
}
