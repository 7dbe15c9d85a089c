using BenchmarkDotNet.Attributes;
using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Bench;

/// <summary>What a head costs: reading it, reading it byte by byte, writing one.</summary>
[MemoryDiagnoser]
public class HeadBenchmarks
{
    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();
    private readonly byte[] _output = new byte[1024];

    /// <summary>A request of 41 bytes.</summary>
    [Benchmark]
    public bool ParseSmallRequest() => ParseRequest(Messages.SmallRequest);

    /// <summary>A browser's request.</summary>
    [Benchmark]
    public bool ParseBrowserRequest() => ParseRequest(Messages.BrowserRequest);

    /// <summary>The same, one more byte each time: has to stay linear.</summary>
    [Benchmark]
    public bool ParseBrowserRequestByteByByte()
    {
        var scanned = 0;
        var status = ParseStatus.NeedMore;
        for (var length = 1; length <= Messages.BrowserRequest.Length && status == ParseStatus.NeedMore; length++)
            status = RequestParser.Parse(Messages.BrowserRequest.AsSpan(0, length), ref scanned, _request, HttpLimits.Default);
        return Whole(status);
    }

    /// <summary>An origin's answer.</summary>
    [Benchmark]
    public bool ParseResponse()
    {
        var scanned = 0;
        return Whole(ResponseParser.Parse(Messages.Response, ref scanned, _response, Method.Get, HttpLimits.Default));
    }

    /// <summary>A head of our own.</summary>
    [Benchmark]
    public int WriteResponse()
    {
        var writer = new HeadWriter(_output);
        writer.WriteStatusLine(200);
        writer.WriteHeader("Content-Type"u8, "text/plain"u8);
        writer.WriteHeader("Content-Length"u8, 11);
        writer.WriteCrlf();
        return writer.Length;
    }

    private bool ParseRequest(byte[] bytes)
    {
        var scanned = 0;
        return Whole(RequestParser.Parse(bytes, ref scanned, _request, HttpLimits.Default));
    }

    // A benchmark of a rejection would be fast and worthless.
    private static bool Whole(ParseStatus status) =>
        status == ParseStatus.Complete ? true : throw new InvalidOperationException($"the head is not whole: {status}");
}
